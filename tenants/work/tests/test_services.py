"""One unit of work, one worker at a time, whatever dies in between."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from subprocess import CompletedProcess
from unittest.mock import Mock
from uuid import UUID

import pytest
from celery import current_app
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from pytest_django import DjangoCaptureOnCommitCallbacks

from tenants.context import current_request_id, current_tenant_id, request_scope
from tenants.models import Tenant, Work
from tenants.scoping import new_id
from tenants.tests.factories import TenantFactory
from tenants.work import services
from tenants.work.services import (
    Claim,
    LeaseLost,
    owner_register,
    work_claim,
    work_enqueue,
    work_extend,
    work_fail,
    work_finish,
    work_ring_due,
)
from tenants.work.task import attempt, work_task

KIND = "tests.work"


@pytest.fixture
def tenant(db: None) -> Tenant:
    return TenantFactory.create()


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Stands in for the broker."""
    bell = Mock()
    monkeypatch.setattr(current_app, "send_task", bell)
    return bell


@pytest.fixture
def funerals() -> Iterator[list[tuple[UUID, UUID, str]]]:
    """Tenant, reference and reason of each work of this kind that died."""
    told: list[tuple[UUID, UUID, str]] = []
    owner_register(KIND, lambda reference, reason: told.append((current_tenant_id(), reference, reason)))
    yield told
    services._owners.pop(KIND)


def enqueue(tenant: Tenant) -> Work:
    return work_enqueue(tenant_id=tenant.id, kind=KIND, reference=new_id())


def claimed(work: Work) -> Claim:
    claim = work_claim(work.id)
    assert claim is not None
    return claim


def let_lease_expire(work: Work) -> None:
    Work.objects.filter(id=work.id).update(lease_until=Now() - timedelta(seconds=1))


def status(work: Work) -> str:
    work.refresh_from_db()
    return work.status


def test_the_bell_rings_on_commit(
    tenant: Tenant, bell: Mock, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with request_scope("trace-1"), django_capture_on_commit_callbacks(execute=True):
        work = enqueue(tenant)
        bell.assert_not_called()
    bell.assert_called_once_with(KIND, [str(work.id), "trace-1"])


def test_a_broker_that_is_down_does_not_fail_the_change(
    tenant: Tenant, bell: Mock, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bell.side_effect = OSError("connection refused")
    with django_capture_on_commit_callbacks(execute=True):
        work = enqueue(tenant)
    assert status(work) == "queued"


def test_the_same_reference_is_not_enqueued_twice(tenant: Tenant) -> None:
    work = enqueue(tenant)
    with pytest.raises(IntegrityError), transaction.atomic():
        work_enqueue(tenant_id=tenant.id, kind=KIND, reference=work.reference)


def test_a_claim_takes_the_work_and_counts_the_attempt(tenant: Tenant) -> None:
    work = enqueue(tenant)
    assert claimed(work) == Claim(work.id, tenant.id, KIND, work.reference, 1)
    assert status(work) == "running"
    assert work.lease_until is not None
    assert work.worker


def test_taken_work_is_not_claimed_again(tenant: Tenant) -> None:
    work = enqueue(tenant)
    claimed(work)
    assert work_claim(work.id) is None


def test_work_of_later_is_not_claimed_now(tenant: Tenant) -> None:
    work = enqueue(tenant)
    Work.objects.filter(id=work.id).update(due_at=Now() + timedelta(hours=1))
    assert work_claim(work.id) is None


def test_an_unknown_id_is_not_claimed(tenant: Tenant) -> None:
    assert work_claim(new_id()) is None


def test_an_expired_lease_passes_to_the_next_who_asks(tenant: Tenant) -> None:
    work = enqueue(tenant)
    claimed(work)
    let_lease_expire(work)
    assert claimed(work).attempt == 2


def test_who_lost_the_lease_can_no_longer_answer(tenant: Tenant) -> None:
    work = enqueue(tenant)
    frozen = claimed(work)
    let_lease_expire(work)
    heir = claimed(work)
    for answer in (work_extend, work_finish):
        with pytest.raises(LeaseLost):
            answer(frozen)
    with pytest.raises(LeaseLost):
        work_fail(frozen, reason="late", retry_in=timedelta())
    work_finish(heir)
    assert status(work) == "done"


def test_an_extended_lease_is_not_expired(tenant: Tenant) -> None:
    work = enqueue(tenant)
    claim = claimed(work)
    let_lease_expire(work)
    work_extend(claim)
    assert work_claim(work.id) is None


def test_finished_work_is_over(tenant: Tenant) -> None:
    work = enqueue(tenant)
    work_finish(claimed(work))
    assert status(work) == "done"
    assert work.finished_at is not None
    assert work_claim(work.id) is None


def test_failed_work_waits_for_its_next_attempt(tenant: Tenant) -> None:
    work = enqueue(tenant)
    work_fail(claimed(work), reason="no disk", retry_in=timedelta(hours=1))
    assert (status(work), work.reason) == ("queued", "no disk")
    assert work_claim(work.id) is None
    Work.objects.filter(id=work.id).update(due_at=Now())
    assert claimed(work).attempt == 2


def test_work_dies_after_its_last_attempt_and_its_owner_is_told(
    tenant: Tenant, funerals: list[tuple[UUID, UUID, str]]
) -> None:
    work = enqueue(tenant)
    for _ in range(settings.WORK_MAX_ATTEMPTS):
        work_fail(claimed(work), reason="no disk", retry_in=timedelta())
    assert (status(work), work.reason) == ("dead", "no disk")
    assert funerals == [(tenant.id, work.reference, "no disk")]


def test_work_that_kills_its_worker_dies_at_the_next_claim(
    tenant: Tenant, funerals: list[tuple[UUID, UUID, str]]
) -> None:
    work = enqueue(tenant)
    for _ in range(settings.WORK_MAX_ATTEMPTS):
        claimed(work)
        let_lease_expire(work)
    assert work_claim(work.id) is None
    assert status(work) == "dead"
    assert len(funerals) == 1
    assert work_claim(work.id) is None


def test_the_relay_rings_for_what_is_due(tenant: Tenant, bell: Mock) -> None:
    lost, later, held, expired, done = (enqueue(tenant) for _ in range(5))
    Work.objects.filter(id=later.id).update(due_at=Now() + timedelta(hours=1))
    claimed(held)
    claimed(expired)
    let_lease_expire(expired)
    work_finish(claimed(done))
    assert work_ring_due() == 2
    assert {call.args[1][0] for call in bell.call_args_list} == {str(lost.id), str(expired.id)}


def test_an_attempt_runs_the_pipeline_once(tenant: Tenant) -> None:
    work = enqueue(tenant)
    pipeline = Mock(side_effect=work_finish)
    attempt(pipeline, work.id)
    attempt(pipeline, work.id)
    assert pipeline.call_count == 1


def test_a_pipeline_that_fails_costs_an_attempt(tenant: Tenant) -> None:
    work = enqueue(tenant)
    attempt(Mock(side_effect=ValueError("no disk")), work.id)
    assert (status(work), work.attempt, work.reason) == ("queued", 1, "ValueError: no disk")


@pytest.mark.parametrize("then", [LeaseLost("gone"), ValueError("no disk")])
def test_a_pipeline_that_lost_its_lease_changes_nothing(tenant: Tenant, then: Exception) -> None:
    work = enqueue(tenant)

    def overtaken(claim: Claim) -> None:
        let_lease_expire(work)
        claimed(work)
        raise then

    attempt(overtaken, work.id)
    assert (status(work), work.attempt, work.reason) == ("running", 2, "")


def test_a_task_carries_the_request_id(tenant: Tenant) -> None:
    seen: list[str] = []
    task = work_task("tests.traced", on_dead=Mock())(lambda claim: seen.append(current_request_id()))
    for request_id in ("trace-1", ""):
        work = work_enqueue(tenant_id=tenant.id, kind="tests.traced", reference=new_id())
        task(str(work.id), request_id)
    assert seen == ["trace-1", str(work.id)]


def claim_and_disconnect(work_id: UUID) -> Claim | None:
    try:
        return work_claim(work_id)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_one_succeeds(bell: Mock) -> None:
    tenant = TenantFactory.create()
    rows = [enqueue(tenant) for _ in range(25)]
    for work in rows:
        with ThreadPoolExecutor(4) as pool:
            claims = list(pool.map(claim_and_disconnect, [work.id] * 4))
        assert sum(claim is not None for claim in claims) == 1


@pytest.mark.django_db(transaction=True)
def test_work_whose_answer_is_being_committed_is_passed_by(bell: Mock) -> None:
    work = enqueue(TenantFactory.create())
    claim = claimed(work)
    let_lease_expire(work)
    with transaction.atomic():
        work_finish(claim)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(claim_and_disconnect, work.id).result(timeout=5) is None
    assert status(work) == "done"


EMBEDDED = """
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from tenants.models import Tenant, Work
from tenants.scoping import new_id
from tenants.work.services import work_claim, work_enqueue
tenant = Tenant.objects.create(slug="a", name="A")
works = [work_enqueue(tenant_id=tenant.id, kind="tests.work", reference=new_id()) for _ in range(10)]
def claim(work_id):
    found = work_claim(work_id)
    connection.close()
    return found
with ThreadPoolExecutor(4) as pool:
    found = list(pool.map(claim, [work.id for work in works for _ in range(4)]))
print("claims", sum(c is not None for c in found), "running", Work.objects.filter(status="running").count())
"""


def test_of_many_claims_at_once_one_succeeds_on_sqlite(embedded: Callable[..., CompletedProcess[str]]) -> None:
    embedded("migrate", "--verbosity=0")
    assert "claims 10 running 10" in embedded("shell", script=EMBEDDED).stdout
