"""An effect outside the database happens once, wherever the worker dies."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models.functions import Now

from tenants.context import tenant_scope
from tenants.models import Effect, Tenant, Work
from tenants.scoping import new_id
from tenants.tests.factories import TenantFactory
from tenants.work.effects import effect_key, effect_once, effect_plan
from tenants.work.services import Claim, LeaseLost, work_claim, work_enqueue, work_finish
from tenants.work.task import attempt

STEP = "notify the registry"


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class Registry:
    """The other side. It honours the key, as the draft IETF httpapi-idempotency-key-header asks."""

    def __init__(self) -> None:
        self.calls: list[UUID] = []
        self.entries: dict[UUID, dict[str, int]] = {}

    def enter(self, key: UUID) -> dict[str, int]:
        self.calls.append(key)
        return self.entries.setdefault(key, {"entry": len(self.entries) + 1})


@pytest.fixture
def tenant(db: None) -> Tenant:
    return TenantFactory.create()


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def work(tenant: Tenant) -> Work:
    return work_enqueue(tenant_id=tenant.id, kind="tests.effects", reference=new_id())


def claimed(work: Work) -> Claim:
    claim = work_claim(work.id)
    assert claim is not None
    return claim


def let_lease_expire(work: Work) -> None:
    Work.objects.filter(id=work.id).update(lease_until=Now() - timedelta(seconds=1))


def recorded(work: Work) -> Effect:
    with tenant_scope(work.tenant_id):
        effect: Effect = Effect.objects.get(reference=work.reference)
        return effect


def then(registry: Registry, happens: Callable[[], None]) -> Callable[[UUID], dict[str, int]]:
    """The call reaches the other side, and then something happens before the answer is recorded."""

    def send(key: UUID) -> dict[str, int]:
        answer = registry.enter(key)
        happens()
        return answer

    return send


def kill() -> None:
    raise Killed


def test_an_effect_is_recorded_before_and_after_it_is_sent(work: Work, registry: Registry) -> None:
    claim, before = claimed(work), []

    def send(key: UUID) -> dict[str, int]:
        before.append((recorded(work).status, recorded(work).key == key))
        return registry.enter(key)

    assert effect_once(claim, STEP, send) == {"entry": 1}
    after = recorded(work)
    assert before == [("sent", True)]
    assert (after.status, after.sends, after.answer, after.step) == ("confirmed", 1, {"entry": 1}, STEP)
    assert after.confirmed_at is not None


def test_what_is_confirmed_is_never_sent_again(work: Work, registry: Registry) -> None:
    effect_once(claimed(work), STEP, registry.enter)
    let_lease_expire(work)
    assert effect_once(claimed(work), STEP, registry.enter) == {"entry": 1}
    assert len(registry.calls) == 1


def test_a_crash_between_call_and_record_repeats_with_the_same_key(work: Work, registry: Registry) -> None:
    with pytest.raises(Killed):
        effect_once(claimed(work), STEP, then(registry, kill))
    assert (recorded(work).status, recorded(work).sends) == ("sent", 1)
    let_lease_expire(work)
    assert effect_once(claimed(work), STEP, registry.enter) == {"entry": 1}
    assert (recorded(work).status, recorded(work).sends) == ("confirmed", 2)
    assert len(set(registry.calls)) == len(registry.entries) == 1


def test_who_lost_the_work_sends_nothing(work: Work, registry: Registry) -> None:
    frozen = claimed(work)
    let_lease_expire(work)
    claimed(work)
    with pytest.raises(LeaseLost):
        effect_once(frozen, STEP, registry.enter)
    assert registry.calls == []


def test_who_lost_the_work_during_the_call_records_nothing(work: Work, registry: Registry) -> None:
    def pass_on() -> None:
        let_lease_expire(work)
        claimed(work)

    with pytest.raises(LeaseLost):
        effect_once(claimed(work), STEP, then(registry, pass_on))
    assert recorded(work).status == "sent"


def test_a_call_that_fails_costs_an_attempt_and_is_tried_again(work: Work, registry: Registry) -> None:
    def refused(key: UUID) -> None:
        raise ConnectionRefusedError(str(key))

    attempt(lambda claim: effect_once(claim, STEP, refused), work.id)
    work.refresh_from_db()
    assert (work.status, work.attempt, recorded(work).status) == ("queued", 1, "sent")
    Work.objects.filter(id=work.id).update(due_at=Now())
    effect_once(claimed(work), STEP, registry.enter)
    assert (recorded(work).status, recorded(work).sends) == ("confirmed", 2)


def test_steps_and_works_have_keys_of_their_own(work: Work, tenant: Tenant, registry: Registry) -> None:
    other = claimed(work_enqueue(tenant_id=tenant.id, kind="tests.effects", reference=new_id()))
    claim = claimed(work)
    for one, step in ((claim, "first"), (claim, "second"), (other, "first")):
        effect_once(one, step, registry.enter)
    assert len(set(registry.calls)) == 3


def test_an_effect_is_planned_with_the_decision_and_not_without_it(work: Work, registry: Registry) -> None:
    claim = claimed(work)

    def decide() -> None:
        with tenant_scope(work.tenant_id), transaction.atomic():
            effect_plan(claim, STEP)
            kill()

    with pytest.raises(Killed):
        decide()
    with tenant_scope(work.tenant_id):
        assert not Effect.objects.exists()
        assert effect_plan(claim, STEP) == effect_plan(claim, STEP)
    assert (recorded(work).status, recorded(work).sends) == ("planned", 0)
    effect_once(claim, STEP, registry.enter)
    assert registry.calls == [effect_key(claim, STEP)]


@pytest.mark.django_db(transaction=True)
def test_an_effect_inside_a_transaction_is_refused(work: Work, registry: Registry) -> None:
    claim = claimed(work)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        effect_once(claim, STEP, registry.enter)
    assert registry.calls == []
    work_finish(claim)
