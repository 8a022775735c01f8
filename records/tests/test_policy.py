"""What a tenant's policy does to runs, to single records and to delivered files."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from records import commands
from records.datasets.identity import first_id_at
from records.datasets.models import Batch, BatchInput, Dataset
from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
from records.settings.policy_checks import Unconfirmed
from records.tasks import apply_retention
from records.tests.deliveries import BALANCED, csv, deliver, judge
from rulepacks.engine.loader import load_pack
from rulepacks.engine.severities import with_severities
from tenants.context import tenant_scope
from tenants.idempotency.models import KeptAnswer
from tenants.idempotency.services import answers_forget
from tenants.models import AuditEvent, Membership, PolicyDocument, Tenant, User
from tenants.problems import ValidationProblem
from tenants.tests.cast import Cast, member
from tenants.tests.factories import TenantFactory

ROWS = (*BALANCED, "5,A,D,1.00,2025", "6,A,C,1.00,2025")
URL = "/api/v1/policy"
LEDGER = Path(__file__).parent / "packs" / "ledger"
RAISED = {"severities": {"tests.ledger": {"L02": "fatal"}}}
Write = Callable[..., PolicyDocument]


@pytest.fixture
def owner(bound: Tenant) -> User:
    return member(bound, Membership.Role.OWNER)


@pytest.fixture
def write(owner: User) -> Write:
    """Writes the policy down."""
    return lambda document, confirm="": commands.policy_set(document=document, person=owner, confirm=confirm)


def test_a_severity_is_raised_in_findings_records_units_gates_and_counts(dataset: Dataset, write: Write) -> None:
    before = judge(deliver(dataset, csv(ROWS)))
    write(RAISED)
    after = judge(deliver(dataset, csv((*ROWS, "7,C,D,2.00,2026"))))
    assert (before.policy_version, before.severities) == (0, {})
    assert (after.policy_version, after.severities) == (1, {"L02": "fatal"})
    for run, severity, failed, status in ((before, "warning", 0, "NOTED"), (after, "fatal", 2, "BROKEN")):
        found = Finding.objects.filter(run=run, rule="L02").values_list("severity", "label")
        assert list(found) == [(severity, severity.capitalize())] * 2
        assert RuleOutcome.objects.get(run=run, rule="L02").severity == severity
        assert (run.records_failed, UnitStatus.objects.get(run=run, unit="A").status) == (failed, status)
    assert (before.warning, after.fatal) == (2, 3)
    events = AuditEvent.objects.filter(action="run.requested").order_by("id")
    assert [event.facts.get("severities") for event in events] == [None, {"L02": "fatal"}]


def test_a_run_replays_to_the_same_digest_whatever_the_policy_says_by_now(dataset: Dataset, write: Write) -> None:
    write(RAISED)
    run = judge(deliver(dataset, csv(ROWS)))
    write({})
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("replay", str(run.id), stdout=out)
    assert (end.value.code, out.getvalue().count(run.findings_digest)) == (0, 3)
    assert run.batch is not None
    again = commands.run_again(run.batch)
    assert (again.policy_version, again.severities) == (2, {})
    assert judge(run.batch).findings_digest != run.findings_digest


def test_a_single_record_is_judged_by_the_policy_too(dataset: Dataset, write: Write) -> None:
    def decided() -> tuple[str, str]:
        line = {"line": "1", "account": "A", "side": "D", "amount": "1.00", "year": 2025}
        record = commands.record_process(commands.record_create(source="feed", category="ledger", payload=line).id)
        run = Run.objects.get(record_id=record.id)
        outcome = RuleOutcome.objects.get(run=run, rule="L02")
        assert Finding.objects.get(run=run).severity == outcome.severity
        return record.status, outcome.severity

    assert decided() == ("processed", "warning")
    write(RAISED)
    assert decided() == ("failed", "fatal")


def test_a_severity_is_never_lowered() -> None:
    pack = load_pack(LEDGER)
    wanted = {"L02": "error", "T01": "error", "no": "fatal"}
    raised = {rule.code: rule.severity.otherwise for rule in with_severities(pack, wanted).rules}
    assert (raised["L01"], raised["L02"], raised["T01"]) == ("error", "error", "fatal")
    assert with_severities(pack, {}) is pack


@pytest.mark.parametrize(
    ("document", "pointer", "expected"),
    [
        ({"tests.none": {"L01": "fatal"}}, "/severities/tests.none", "an installed pack: tests.ledger"),
        ({"tests.ledger": {"X9": "fatal"}}, "/severities/tests.ledger/X9", "the code of a rule of that pack"),
        ({"tests.ledger": {"L01": "error"}}, "/severities/tests.ledger/L01", "stricter than error, which"),
        ({"tests.ledger": {"T01": "warning"}}, "/severities/tests.ledger/T01", "stricter than fatal"),
    ],
)
def test_a_severity_that_would_do_nothing_is_refused(
    dataset: Dataset, owner: User, document: Any, pointer: str, expected: str
) -> None:
    with pytest.raises(ValidationProblem) as refused:
        commands.policy_set(document={"severities": document}, person=owner)
    assert expected in refused.value.fields[pointer]


def aged(batch: Batch, days: int) -> Batch:
    """The batch as if it had been delivered so long ago."""
    old = first_id_at(timezone.now() - timedelta(days=days))
    row = Batch.objects.get(id=batch.id)
    Batch.objects.filter(id=batch.id).update(last_run=None, current_run=None)
    Batch.objects.create(
        id=old, number=10_000 + days, dataset=row.dataset, source="old", created_by="x", parameters=row.parameters
    )
    BatchInput.objects.filter(batch=batch).update(batch_id=old)
    moved: Batch = Batch.objects.get(id=old)
    return moved


def test_a_shorter_retention_tells_first_what_it_forgets_and_then_forgets_it(
    dataset: Dataset, write: Write, bound: Tenant, settings: Any
) -> None:
    batch = deliver(dataset, csv(ROWS))
    judge(batch)
    old, unread = aged(batch, 40), deliver(dataset, csv(BALANCED))
    file = BatchInput.objects.get(batch=old)
    wanted = {"retention": {"delivered_files_days": 30}}
    with pytest.raises(Unconfirmed) as told:
        write(wanted)
    assert told.value.detail.startswith("This forgets 1 delivered file (")
    assert "1 batch up to B-10040, for good" in told.value.detail
    assert PolicyDocument.objects.count() == 0
    with pytest.raises(Unconfirmed):
        write({"retention": {"delivered_files_days": 31}}, told.value.fields["confirm"].split()[1])
    write(wanted, told.value.fields["confirm"].split()[1])
    snapshot, stored = file.snapshot, file.stored_as
    apply_retention()
    file.refresh_from_db()
    assert (file.stored_as, default_storage.exists(stored), default_storage.exists(snapshot)) == ("", False, True)
    kept = BatchInput.objects.get(batch=unread)
    assert default_storage.exists(kept.stored_as)
    event = AuditEvent.objects.get(action="retention.applied")
    assert (event.facts["count"], event.facts["batches"], event.facts["policy"]) == (1, ["B-10040"], "1")
    apply_retention()
    assert AuditEvent.objects.filter(action="retention.applied").count() == 1


def test_nothing_is_forgotten_by_default_nor_by_another_tenant_s_policy(dataset: Dataset, bound: Tenant) -> None:
    batch = deliver(dataset, csv(ROWS))
    judge(batch)
    file = BatchInput.objects.get(batch=aged(batch, 4_000))
    other = TenantFactory.create(slug="elsewhere", name="Elsewhere")
    with tenant_scope(other.id):
        stranger = member(other, Membership.Role.OWNER)
        commands.policy_set(document={"retention": {"delivered_files_days": 1}}, person=stranger)
    apply_retention()
    file.refresh_from_db()
    assert default_storage.exists(file.stored_as)


def test_a_batch_whose_file_was_forgotten_is_judged_again_from_its_snapshot(dataset: Dataset, write: Write) -> None:
    batch = deliver(dataset, csv(ROWS))
    first = judge(batch)
    BatchInput.objects.filter(batch=batch).update(stored_as="")
    commands.run_again(Batch.objects.get(id=batch.id))
    assert judge(batch).findings_digest == first.findings_digest


def test_answers_are_kept_as_long_as_the_policy_says(bound: Tenant, write: Write) -> None:
    answer = KeptAnswer.objects.create(key="k", request_hash="0" * 64, status=201, headers={}, body=b"")
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(days=3))
    write({"retention": {"kept_answers_days": 5}})
    assert answers_forget() == 0
    with pytest.raises(Unconfirmed, match="1 answer to an Idempotency-Key"):
        write({"retention": {"kept_answers_days": 1}})
    KeptAnswer.objects.filter(id=answer.id).update(created_at=timezone.now() - timedelta(days=6))
    assert answers_forget() == 1
    assert AuditEvent.objects.get(action="retention.applied").facts["policy"] == "1"


def test_the_page_asks_before_it_forgets_and_the_api_answers_409(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        KeptAnswer.objects.create(key="k", request_hash="0" * 64, status=201, headers={}, body=b"")
        KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=30))
    browser = cast.browser(cast.owner)
    body = json.dumps({"document": {"retention": {"kept_answers_days": 1}}})
    refused = browser.put(URL, body, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "confirm")
    page = "/t/agency/settings/policy/"
    asked = browser.post(page, {"retention.kept_answers_days": "1"})
    assert (asked.status_code, b"Save and forget them" in asked.content) == (409, True)
    confirm = refused.json()["errors"][0]["message"].split()[1]
    assert f'name="confirm" value="{confirm}"' in asked.content.decode()
    sent = {"retention.kept_answers_days": "1", "confirm": confirm}
    assert browser.post(page, sent).status_code == 302


def test_the_run_s_page_and_api_tell_the_policy(cast: Cast, judged: Any) -> None:
    with tenant_scope(cast.tenant.id):
        Run.objects.filter(id=judged.run.id).update(policy_version=4, severities={"L02": "fatal"})
    browser = cast.browser(cast.analyst)
    assert browser.get(f"/api/v1/runs/{judged.run.id}").json()["severities"] == {"L02": "fatal"}
    page = browser.get(f"/t/agency/batches/{judged.batch.label}/").content.decode()
    assert 'Version 4: <span class="mono">L02</span> at least fatal' in page
