"""Waiting for a run from a process that is no worker, and doing the work itself when no worker takes it."""

import time
from collections.abc import Callable
from threading import Thread
from uuid import UUID

from django.db import connection
from django.utils import timezone

from records import tasks
from records.runs.models import Run
from records.runs.selectors import RUN_WORK, run_by_id
from tenants.context import tenant_scope
from tenants.work.models import Work

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 2.0


def run_watch(tenant_id: UUID, run_id: UUID, show: Callable[[Run], None], *, patience: float = PATIENCE_SECONDS) -> Run:
    """Return the run once it has ended. Work that no worker takes within `patience` seconds is done in this process."""
    hand: Thread | None = None
    while True:
        with tenant_scope(tenant_id):
            run = run_by_id(run_id)
            work = Work.objects.get(kind=RUN_WORK, reference=run_id)
        show(run)
        if run.ended and not (hand and hand.is_alive()):
            return run
        if not (hand and hand.is_alive()) and overdue(work, patience):
            hand = Thread(target=attempt_here, args=(work.id,), daemon=True)
            hand.start()
        time.sleep(POLL_SECONDS)


def overdue(work: Work, patience: float) -> bool:
    """Whether it could have been taken, and nobody did."""
    waiting_since = work.due_at if work.status == Work.Status.QUEUED else work.lease_until
    return waiting_since is not None and (timezone.now() - waiting_since).total_seconds() > patience


def attempt_here(work_id: UUID) -> None:
    """Answer the bell in this thread, with a database connection of its own."""
    try:
        tasks.run(str(work_id))
    finally:
        connection.close()
