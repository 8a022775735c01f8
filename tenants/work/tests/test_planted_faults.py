"""The simulation finds what is planted in the real functions; one that finds nothing would prove nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from tenants.context import tenant_scope
from tenants.models import Effect, Work
from tenants.tests.factories import TenantFactory
from tenants.work import effects, services
from tenants.work.services import Claim, work_finish
from tenants.work.tests import simulation
from tenants.work.tests.simulation import Simulation, simulated

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unheard")]
SEEDS_TO_FIND = 60
Planted = Callable[[], AbstractContextManager[Any]]


def no_fence() -> AbstractContextManager[Any]:
    def answer(claim: Claim, **values: object) -> None:
        Work.objects.filter(id=claim.work_id).update(**values)

    return patch.object(services, "_answer", answer)


def fence_without_status() -> AbstractContextManager[Any]:
    def answer(claim: Claim, **values: object) -> None:
        if not Work.objects.filter(id=claim.work_id, attempt=claim.attempt).update(**values):
            raise services.LeaseLost

    return patch.object(services, "_answer", answer)


def leases_ignored() -> AbstractContextManager[Any]:
    return patch.object(services, "due", lambda: Q(status__in=("queued", "running")))


def leases_for_ever() -> AbstractContextManager[Any]:
    return patch.object(services, "due", lambda: Q(status="queued"))


def claims_without_lock() -> AbstractContextManager[Any]:
    return patch.object(QuerySet, "select_for_update", lambda rows, **_: rows)


def attempts_uncounted() -> AbstractContextManager[Any]:
    def first(work_id: UUID, tenant_id: UUID, kind: str, reference: UUID, attempt: int) -> Claim:
        return Claim(work_id, tenant_id, kind, reference, 1)

    return patch.object(services, "Claim", first)


def attempts_unlimited() -> AbstractContextManager[Any]:
    return patch.object(settings, "WORK_MAX_ATTEMPTS", 1000)


def silent_death() -> AbstractContextManager[Any]:
    return patch.object(simulation, "owner_register", lambda kind, on_dead: None)


def failure_beside_the_fence() -> AbstractContextManager[Any]:
    given = services.work_fail

    def fail(claim: Claim, **values: Any) -> None:
        with patch.object(services, "_answer", lambda claim, **_: None):
            given(claim, **values)

    return patch("tenants.work.task.work_fail", fail)


def no_relay() -> AbstractContextManager[Any]:
    return patch.object(simulation, "work_ring_due", lambda: 0)


def decision_apart() -> AbstractContextManager[Any]:
    given = Simulation.decide

    def decide(self: Simulation, claim: Claim) -> None:
        with tenant_scope(claim.tenant_id), transaction.atomic():
            work_finish(claim)
        with patch.object(simulation, "work_finish", lambda claim: None):
            given(self, claim)

    return patch.object(Simulation, "decide", decide)


def effects_beside_the_fence() -> AbstractContextManager[Any]:
    return patch.object(effects, "work_extend", lambda claim: None)


def keys_drawn_anew() -> AbstractContextManager[Any]:
    return patch.object(effects, "effect_key", lambda claim, step: uuid4())


def answers_unread() -> AbstractContextManager[Any]:
    given = effects._mark_sent

    def mark(claim: Claim, step: str) -> Effect:
        effect = given(claim, step)
        effect.status = Effect.Status.SENT
        return effect

    return patch.object(effects, "_mark_sent", mark)


PLANTED = (
    no_fence, fence_without_status, leases_ignored, leases_for_ever, claims_without_lock, attempts_uncounted,
    attempts_unlimited, silent_death, failure_beside_the_fence, no_relay, decision_apart, effects_beside_the_fence,
    keys_drawn_anew, answers_unread,
)  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.__name__)
def test_a_planted_fault_is_found(planted: Planted) -> None:
    def found(seed: int) -> str:
        try:
            simulated(seed, TenantFactory.create())
        except AssertionError as broken:
            return str(broken)
        return ""

    with planted():
        words = next(filter(None, map(found, range(SEEDS_TO_FIND))), "")
    assert words, f"not found by {SEEDS_TO_FIND} schedules"
