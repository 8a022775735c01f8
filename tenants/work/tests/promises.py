"""What must hold: looked at after every step of a simulated schedule, and when all is over."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from tenants.models import AuditEvent, Tenant, Work
from tenants.work.services import Claim

LOOK = """
SELECT id, status, attempt, lease_until,
       (SELECT coalesce(sum(sends), 0) + count(confirmed_at) FROM tenants_effect e WHERE e.reference = w.reference),
       (SELECT count(*) FROM tenants_auditevent)
FROM tenants_work w WHERE tenant_id = %s
"""
QUEUED, RUNNING, DONE, DEAD = Work.Status.QUEUED, Work.Status.RUNNING, Work.Status.DONE, Work.Status.DEAD


@dataclass(frozen=True)
class State:
    """A unit of work as committed; `marks` counts what was recorded of its effect, `events` what was decided at all."""

    status: str
    attempt: int
    lease_until: datetime | None
    marks: int
    events: int


@contextmanager
def overlooking(tenant: Tenant) -> Iterator[None]:
    """This session sees the tenant's rows outside of transactions too, as no part of the product does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, false)", [str(tenant.id)])
        yield
        cursor.execute("SELECT set_config('app.tenant_id', '', false)")


class Witness:
    """Compares what is committed now with what was committed before, and remembers what must not have happened."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.broken: list[str] = []
        self.seen: dict[UUID, State] = {}
        self.carried_out: Counter[tuple[UUID, int]] = Counter()

    def committed(self) -> dict[UUID, State]:
        with connection.cursor() as cursor:
            cursor.execute(LOOK, [self.tenant.id])
            return {row[0]: State(*row[1:]) for row in cursor.fetchall()}

    def look(self, claim: Claim | None, time: datetime) -> None:
        """After a step of the worker that holds `claim`; None when it holds nothing, or others stepped too."""
        before, after = self.seen, self.committed()
        self.seen = after
        if claim is not None and before[claim.work_id].attempt != claim.attempt and before != after:
            self.broken.append("a worker changed something after its work had passed on")
        for work_id, now in after.items():
            if work_id in before and (fault := unlawful(before[work_id], now, time)):
                self.broken.append(fault)

    def begins(self, claim: Claim) -> None:
        """A worker begins an attempt."""
        self.carried_out[claim.work_id, claim.attempt] += 1
        if self.carried_out[claim.work_id, claim.attempt] > 1:
            self.broken.append("two workers carry out the same attempt")

    def sends(self, claim: Claim, *, confirmed: bool) -> None:
        """A worker calls the other side."""
        if confirmed and self.seen[claim.work_id].attempt == claim.attempt:
            self.broken.append("an effect is sent again after it was confirmed")


def unlawful(before: State, after: State, time: datetime) -> str:
    """Why no unit of work may go from one to the other at that time, or an empty text."""
    if before.status in {DONE, DEAD}:
        same = (after.status, after.attempt) == (before.status, before.attempt)
        return "" if same else "work that was over came back"
    if after.attempt not in {before.attempt, before.attempt + 1} or after.attempt > settings.WORK_MAX_ATTEMPTS:
        return f"attempt {before.attempt} was followed by {after.attempt}"
    taken_over = before.status == RUNNING and after.attempt > before.attempt
    if taken_over and before.lease_until and before.lease_until >= time:
        return "work was taken from a worker whose lease had not run out"
    return ""


def ends(names: Mapping[UUID, int], keys: Mapping[UUID, set[UUID]]) -> list[str]:
    """Each promise that was not kept in the end, in words. `keys` are those that were sent out for each work."""
    facts = list(AuditEvent.objects.values_list("facts", flat=True))
    decided = Counter(one["decided"] for one in facts if "decided" in one)
    attempts = {one["decided"]: one["attempt"] for one in facts if "decided" in one}
    buried = Counter(one["buried"] for one in facts if "buried" in one)
    found = []
    for work in Work.objects.filter(id__in=names):
        done = work.status == DONE
        kept = {
            "over": work.status in {DONE, DEAD},
            "decided exactly once": decided[str(work.id)] == done,
            "decided by who held it": not done or attempts.get(str(work.id)) == work.attempt,
            "mourned exactly once": buried[str(work.reference)] == (not done),
            "given all its attempts": done or work.attempt == settings.WORK_MAX_ATTEMPTS,
            "dead with a reason": done or bool(work.reason),
            "sent under one key": len(keys[work.id]) <= 1,
        }
        found += [f"work {names[work.id]} is not {what}" for what, holds in kept.items() if not holds]
    return found
