"""A tenant with much work queued does not keep another's waiting."""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import Mock

import pytest
from celery import Task, current_app
from django.db.models.functions import Now
from django.utils import timezone

from tenants.context import current_request_id
from tenants.models import Tenant, Work
from tenants.scoping import new_id
from tenants.tests.factories import TenantFactory
from tenants.work import rotation, services
from tenants.work.rotation import served, work_sooner
from tenants.work.services import Claim, work_enqueue, work_finish
from tenants.work.task import work_task

KIND, OTHER = "tests.rotation", "tests.rotation_too"


@pytest.fixture
def done() -> Iterator[list[tuple[Claim, str]]]:
    """Claims, and the ids of the requests they were worked off under, in their order."""
    rotation._served.clear()
    told: list[tuple[Claim, str]] = []

    def pipeline(claim: Claim) -> None:
        told.append((claim, current_request_id()))
        work_finish(claim)

    for kind in (KIND, OTHER):
        work_task(kind, on_dead=lambda reference, reason: None)(pipeline)
    yield told
    for kind in (KIND, OTHER):
        services._owners.pop(kind)
        current_app.tasks.pop(kind)
    rotation._served.clear()


@pytest.fixture
def busy(db: None) -> Tenant:
    return TenantFactory.create()


@pytest.fixture
def quiet(db: None) -> Tenant:
    return TenantFactory.create()


def enqueue(tenant: Tenant, kind: str = KIND, seconds_ago: int = 0) -> Work:
    due_at = timezone.now() - timedelta(seconds=seconds_ago + 1)
    return work_enqueue(tenant_id=tenant.id, kind=kind, reference=new_id(), due_at=due_at)


def hear(work: Work) -> None:
    """What a worker does with the bell of this work."""
    task: Task = current_app.tasks[work.kind]
    task.apply((str(work.id), "trace"), throw=True)


def test_bells_rung_in_a_row_by_one_tenant_are_heard_in_rotation(
    busy: Tenant, quiet: Tenant, done: list[tuple[Claim, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bells: list[Work] = [enqueue(busy, seconds_ago=60) for _ in range(3)]
    bells += [enqueue(quiet, OTHER), enqueue(quiet)]

    def ring_again(kind: str, arguments: list[str]) -> None:
        bells.append(Work.objects.get(id=arguments[0]))

    monkeypatch.setattr(current_app, "send_task", ring_again)
    while bells:
        hear(bells.pop(0))
    assert [claim.tenant_id for claim, _ in done] == [busy.id, quiet.id, busy.id, quiet.id, busy.id]
    assert {claim.kind for claim, _ in done if claim.tenant_id == quiet.id} == {KIND, OTHER}
    assert not Work.objects.exclude(status=Work.Status.DONE).exists()


def test_the_bell_put_off_is_rung_again_as_it_was(
    busy: Tenant, quiet: Tenant, done: list[tuple[Claim, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bell = Mock()
    monkeypatch.setattr(current_app, "send_task", bell)
    served(busy.id)
    put_off, sooner = enqueue(busy), enqueue(quiet)
    hear(put_off)
    assert [(claim.work_id, request) for claim, request in done] == [(sooner.id, str(sooner.id))]
    bell.assert_called_once_with(KIND, [str(put_off.id), "trace"])


def test_a_broker_that_is_away_does_not_keep_the_other_s_work_waiting(
    busy: Tenant, quiet: Tenant, done: list[tuple[Claim, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_app, "send_task", Mock(side_effect=OSError("connection refused")))
    served(busy.id)
    put_off, sooner = enqueue(busy), enqueue(quiet)
    hear(put_off)
    assert [claim.work_id for claim, _ in done] == [sooner.id]


def test_nothing_is_put_off_for_work_that_is_not_due_or_under_way(busy: Tenant, quiet: Tenant) -> None:
    served(busy.id)
    work = enqueue(busy)
    enqueue(quiet, seconds_ago=-600)
    running = enqueue(quiet)
    Work.objects.filter(id=running.id).update(status=Work.Status.RUNNING, lease_until=Now() + timedelta(seconds=9))
    assert work_sooner(work.id) is None


def test_a_bell_with_nothing_to_do_puts_nothing_off(busy: Tenant, quiet: Tenant) -> None:
    served(busy.id)
    work = enqueue(busy)
    Work.objects.filter(id=work.id).update(status=Work.Status.DONE)
    enqueue(quiet)
    assert work_sooner(work.id) is None


def test_no_more_tenants_are_remembered_than_matter(busy: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "TENANTS", 2)
    for _ in range(5):
        served(new_id())
    assert len(rotation._served) <= 2
