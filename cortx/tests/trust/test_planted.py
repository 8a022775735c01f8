"""What is planted turns the promise it breaks to not met."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as live
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from cortx.testing.database import owner_url
from cortx.trust import decided, four_eyes, history, hostile, identified, isolation, kept_secret, recomputed, refused
from cortx.trust import repeated as repeats
from cortx.trust.asked import application
from cortx.trust.delivery import file
from cortx.trust.ground import DATASET, Ground
from records.datasets.api import RecordList
from records.datasets.models import Dataset
from records.runs.models import Run
from records.runs.replaying import replay_request
from records.tests.deliveries import deliver, judge
from records.tests.judged import Judged, judged_make
from rulepacks.engine.limits import Limits
from rulepacks.engine.request import RunRequest
from tenants.audit.sealing import audit_seal
from tenants.audit.tests.attacks import event_at, owner
from tenants.context import tenant_scope
from tenants.scoping import new_id
from tenants.tests.cast import cast_made
from tenants.work.models import Work


def as_owner(*statements: str) -> None:
    """Say it as the owner of the database."""
    with psycopg.connect(owner_url()) as session:
        for statement in statements:
            session.execute(statement.encode())


def test_a_table_without_its_policy_is_found(ground: Ground) -> None:
    assert isolation.measure(ground).reason == ""
    as_owner(
        "DROP POLICY records_dataset_tenant ON records_dataset",
        "ALTER TABLE records_dataset DISABLE ROW LEVEL SECURITY",
    )
    measured = isolation.measure(ground)
    assert not measured.met
    assert "no forced tenant policy on records_dataset" in measured.reason
    assert "reached a row: read records_dataset as another tenant" in measured.reason


def test_a_policy_that_lets_rows_in_is_found(ground: Ground) -> None:
    as_owner("ALTER POLICY records_dataset_tenant ON records_dataset WITH CHECK (true)")
    measured = isolation.measure(ground)
    assert "no forced tenant policy on records_dataset" in measured.reason
    assert "add records_dataset as another tenant" in measured.reason


def test_a_changed_event_is_found(ground: Ground) -> None:
    audit_seal(ground.tenant.id)
    assert history.logs_verified().broken == 0
    with owner(ground.tenant) as run:
        run("UPDATE tenants_auditevent SET actor_label = 'somebody' WHERE id = %s", event_at(run, 1))
    assert history.logs_verified().broken == 1


def test_a_trigger_that_is_switched_off_is_found(ground: Ground) -> None:
    assert [*history.rows_changed(ground), *history.triggers_missing()] == []
    as_owner("ALTER TABLE tenants_auditseal DISABLE TRIGGER USER")
    assert list(history.triggers_missing()) == ["changes of tenants_auditseal by its owner"]


def test_a_database_that_lets_people_approve_their_own_work_is_found(ground: Ground) -> None:
    assert four_eyes.measure(ground).reason == ""
    as_owner("ALTER TABLE tenants_approval DROP CONSTRAINT approver_is_another")
    measured = four_eyes.measure(ground)
    assert "by its author in SQL, by its last editor in SQL" in measured.reason
    assert "the database lacks approver_is_another" in measured.reason


def test_work_that_nobody_does_is_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cortx.trust.delivery.TAKEN_SECONDS", 0.2)
    hour_ago = timezone.now() - timedelta(hours=1)
    running = {"status": Work.Status.RUNNING, "lease_until": hour_ago, "due_at": hour_ago, "kind": "records.explain"}
    Work.objects.create(tenant_id=ground.tenant.id, reference=new_id(), **running)
    measured = decided.nothing_lost(ground)
    assert "no worker took a delivery within" in measured.reason
    assert "1 units of work are past their lease" in measured.reason


@pytest.fixture
def judged(transactional_db: None, tmp_path: Path) -> Judged:
    return judged_make(cast_made(), tmp_path)


@pytest.mark.battery
def test_runs_that_lost_their_rows_or_their_work_are_found(judged: Judged) -> None:
    with tenant_scope(judged.run.tenant.id):
        assert (decided.runs_accounted()[1], decided.runs_forgotten()) == (0, 0)
        Run.objects.filter(id=judged.run.id).update(rows_read=judged.run.rows_read + 1)
        assert decided.runs_accounted()[1] == 1
        Run.objects.filter(id=judged.run.id).update(status="running")
        Work.objects.filter(reference=judged.run.id).delete()
        assert decided.runs_forgotten() == 1


@pytest.mark.battery
def test_a_constraint_that_is_gone_is_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cortx.trust.delivery.TAKEN_SECONDS", 0.2)
    as_owner("ALTER TABLE tenants_work DROP CONSTRAINT one_work_per_reference")
    assert "the database lacks one_work_per_reference" in decided.nothing_twice(ground).reason


@pytest.fixture
def renewed() -> Iterator[None]:
    """The application is put together anew, and once more afterwards."""
    application.cache_clear()
    yield
    application.cache_clear()


@pytest.mark.battery
def test_requests_that_are_carried_out_again_are_found(ground: Ground, settings: Settings, renewed: None) -> None:
    assert repeats.measure(ground).reason == ""
    application.cache_clear()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Idempotency" not in name]
    measured = repeats.measure(ground)
    assert "9 effects of one request" in measured.reason
    assert "another request under the same key was answered with 201" in measured.reason


@pytest.mark.battery
def test_a_run_that_comes_to_something_else_is_found(ground: Ground) -> None:
    with tenant_scope(ground.tenant.id):
        run = judge(deliver(Dataset.objects.get(name=DATASET), file()))
    assert recomputed.measure(ground).reason == ""
    with tenant_scope(ground.tenant.id):
        Run.objects.filter(id=run.id).update(findings_digest="0" * 64)
    assert recomputed.measure(ground).reason == "2 recomputations came to another digest"


def test_two_checks_at_the_same_time_do_not_disturb_each_other(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant_scope(ground.tenant.id):
        run = judge(deliver(Dataset.objects.get(name=DATASET), file()))
    asked = replay_request

    def while_another_checks(run: Run, scratch: Path) -> RunRequest:
        monkeypatch.setattr(recomputed, "replay_request", asked)
        assert recomputed.recomputed(run) == (0, False)
        assert scratch.exists()
        return asked(run, scratch)

    monkeypatch.setattr(recomputed, "replay_request", while_another_checks)
    assert recomputed.recomputed(run) == (0, False)


@pytest.mark.battery
def test_limits_that_limit_nothing_are_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hostile.measure(ground).reason == ""
    monkeypatch.setattr(hostile, "run_limits", lambda: Limits(unpacked_ratio=10**9))
    assert hostile.measure(ground).reason == "not stopped: an archive that unpacks to very much more"


@pytest.mark.battery
def test_tokens_that_need_not_say_everything_are_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    assert identified.measure(ground).reason == ""
    monkeypatch.setattr("tenants.access.jwts.REQUIRED", ["sub"])
    assert "without exp" in identified.measure(ground).reason


@pytest.mark.battery
def test_secrets_that_were_written_down_are_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_secret.measure(ground).reason == ""
    log = Path(live.VAR_DIR) / "log" / "web.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"started with {live.SECRET_KEY}")
    cache.set("somebody's", f"key {ground.key.text}")
    assert "2 secrets found in Redis, logs" in kept_secret.measure(ground).reason
    log.unlink()
    cache.delete("somebody's")
    handler = next(one for one in logging.getLogger().handlers if one.name == "stderr")
    monkeypatch.setattr(handler, "formatter", logging.Formatter())
    assert "a password by the log handler stderr" in kept_secret.measure(ground).reason


@pytest.mark.battery
def test_an_answer_that_breaks_is_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused.measure(ground).reason == ""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(RecordList, "get", broken)
    measured = refused.measure(ground)
    assert "a cursor: 500 instead of 400" in measured.reason
    assert measured.figure.startswith("2 of ")
