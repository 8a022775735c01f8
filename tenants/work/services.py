"""Enqueue, claim, extend, finish and fail units of work.

A claim is fenced by its attempt number: whoever lost the lease cannot commit any more, because every answer
is an UPDATE that asks for `attempt = mine AND status = 'running'`. All times are the database's.
"""

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from tenants.context import current_request_id, tenant_scope
from tenants.work.models import Work

OnDead = Callable[[UUID, str], None]

logger = logging.getLogger(__name__)
_owners: dict[str, OnDead] = {}


class LeaseLost(Exception):
    """Somebody else holds this work now: nothing of it may be committed here."""


@dataclass(frozen=True)
class Claim:
    """Work taken by this process: `attempt` counts from 1 and is the fence."""

    work_id: UUID
    tenant_id: UUID
    kind: str
    reference: UUID
    attempt: int


def owner_register(kind: str, on_dead: OnDead) -> None:
    """Name who is told when work of this kind dies: `on_dead(reference, reason)`, inside its tenant's scope and
    in the transaction that buries it."""
    _owners[kind] = on_dead


def kinds() -> frozenset[str]:
    """Every kind of work there is, once the tasks of all apps are loaded."""
    return frozenset(_owners)


def work_enqueue(*, tenant_id: UUID, kind: str, reference: UUID, due_at: datetime | None = None) -> Work:
    """Queue `reference` for the task named `kind`, in the transaction of the change that asks for it.

    The bell rings on commit. A bell that cannot be rung is logged and forgotten: the relay rings again.
    Raises IntegrityError when this reference was enqueued for this kind before.
    """
    work = Work.objects.create(tenant_id=tenant_id, kind=kind, reference=reference, due_at=due_at or Now())
    request_id = current_request_id()
    transaction.on_commit(lambda: ring(kind, work.id, request_id), robust=True)
    return work


def work_waits(*, tenant_id: UUID, kind: str) -> bool:
    """Whether work of this kind is queued for the tenant; it is not claimed before the caller's transaction ends,
    and so will see what that commits."""
    queued = Work.objects.select_for_update().filter(tenant_id=tenant_id, kind=kind, status=Work.Status.QUEUED)
    return queued.first() is not None


def ring(kind: str, work_id: UUID, request_id: str) -> None:
    """Send the doorbell message of one unit of work."""
    current_app.send_task(kind, [str(work_id), request_id])


def due() -> Q:
    """Queued work whose time has come, and running work whose worker gave no sign of life."""
    queued = Q(status=Work.Status.QUEUED, due_at__lte=Now())
    return queued | Q(status=Work.Status.RUNNING, lease_until__lt=Now())


@transaction.atomic
def work_claim(work_id: UUID) -> Claim | None:
    """Take the work, or None when it is not due, taken, or over. After the last attempt it dies instead.

    `SKIP LOCKED` passes by rows that another claim, or a deciding transaction, holds at this moment; on SQLite
    the IMMEDIATE transaction lets one claim in at a time.
    """
    work = Work.objects.select_for_update(skip_locked=True).filter(due(), id=work_id).first()
    if work is None:
        return None
    claim = Claim(work.id, work.tenant_id, work.kind, work.reference, work.attempt + 1)
    if work.attempt >= settings.WORK_MAX_ATTEMPTS:
        _bury(claim, f"The worker ended without an answer, {work.attempt} times in all")
        return None
    Work.objects.filter(id=work_id).update(
        status=Work.Status.RUNNING, attempt=claim.attempt, lease_until=_lease_end(), worker=_worker_name()
    )
    return claim


def work_extend(claim: Claim) -> None:
    """Give the lease its full length again; outside the deciding transaction, or nobody sees it.

    Raises LeaseLost.
    """
    _answer(claim, lease_until=_lease_end())


def work_finish(claim: Claim) -> None:
    """Mark the work done. Call it first in the deciding transaction: its row lock keeps other claims out.

    Raises LeaseLost.
    """
    _answer(claim, status=Work.Status.DONE, lease_until=None, finished_at=Now())


@transaction.atomic
def work_fail(claim: Claim, *, reason: str, retry_in: timedelta) -> None:
    """Queue the work again after `retry_in`; after the last attempt it dies and its owner is told.

    Raises LeaseLost.
    """
    if claim.attempt >= settings.WORK_MAX_ATTEMPTS:
        _answer(claim, lease_until=None)
        _bury(claim, reason)
        return
    _answer(claim, status=Work.Status.QUEUED, lease_until=None, due_at=Now() + retry_in, reason=reason)


def work_ring_due(limit: int = 1000) -> int:
    """Ring for everything that is due, oldest first; returns how many bells were rung."""
    rows = list(Work.objects.filter(due()).order_by("due_at").values_list("kind", "id")[:limit])
    for kind, work_id in rows:
        ring(kind, work_id, "")
    return len(rows)


def _answer(claim: Claim, **values: object) -> None:
    mine = Work.objects.filter(id=claim.work_id, attempt=claim.attempt, status=Work.Status.RUNNING)
    if not mine.update(**values):
        raise LeaseLost(f"{claim.kind} {claim.reference}, attempt {claim.attempt}")


def _bury(claim: Claim, reason: str) -> None:
    Work.objects.filter(id=claim.work_id).update(
        status=Work.Status.DEAD, reason=reason, lease_until=None, finished_at=Now()
    )
    logger.error("%s %s is dead: %s", claim.kind, claim.reference, reason)
    if on_dead := _owners.get(claim.kind):
        with tenant_scope(claim.tenant_id):
            on_dead(claim.reference, reason)


def _lease_end() -> object:
    return Now() + timedelta(seconds=settings.WORK_LEASE_SECONDS)


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[:120]
