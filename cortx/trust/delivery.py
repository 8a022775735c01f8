"""A small delivery over the API, judged by whichever worker is up, with its bell rung more often than needed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from cortx.trust.asked import ask
from records import commands
from records.datasets.models import Record
from records.runs.models import Finding, Run
from records.runs.selectors import RUN_WORK, run_by_id
from tenants.accounts.models import Tenant
from tenants.audit.models import AuditEvent
from tenants.context import tenant_scope
from tenants.problems import StateConflict
from tenants.work.models import Work
from tenants.work.services import ring

SOUND, FAULTY, REJECTED = 14, 5, 1
"""Rows that pass, rows that fail the rule, rows that cannot be read."""
EXTRA_BELLS = 5
TAKEN_SECONDS, ENDED_SECONDS = 20.0, 45.0
POLL_SECONDS = 0.1
BELLS_HEARD_SECONDS = 1.0
"""Until the other bells have been answered too."""


@dataclass(frozen=True)
class Delivery:
    """What became of it: `answer` is the status it was taken in with, `stored` what the database holds afterwards."""

    answer: int
    ended: bool = False
    taken: bool = False
    seconds: float = 0.0
    attempts: int = 0
    rows: int = 0
    rejected: int = 0
    records: int = 0
    findings: int = 0
    decisions: int = 0


def file() -> bytes:
    """The delivery as CSV."""
    amounts = ["1.25"] * SOUND + ["-1.25"] * FAULTY
    lines = [f"{number},{amount}" for number, amount in enumerate(amounts, start=1)] + ["ragged"] * REJECTED
    return "\n".join(["line,amount", *lines, ""]).encode()


def deliver(tenant: Tenant, dataset: str, headers: Mapping[str, str]) -> Delivery:
    """Deliver, ring again and again, and wait until the run has ended or nobody takes it."""
    began = time.monotonic()
    path = f"/api/v1/batches?dataset={dataset}&again=1&filename=lines.csv&source=trust-check"
    answer = ask("POST", path, body=file(), headers=headers, kind="text/csv")
    if answer.status != 202:
        return Delivery(answer.status)
    run_id = UUID(answer.json["run"])
    work = Work.objects.get(kind=RUN_WORK, reference=run_id)
    for _ in range(EXTRA_BELLS):
        ring(RUN_WORK, work.id, "")
    run, taken = waited_for(tenant, run_id, began)
    seconds = time.monotonic() - began
    if run.ended:
        time.sleep(BELLS_HEARD_SECONDS)
    else:
        cancel(tenant, run)
    return counted(tenant, run, taken, seconds)


def waited_for(tenant: Tenant, run_id: UUID, began: float) -> tuple[Run, bool]:
    """The run as it is at last, and whether a worker took it."""
    while True:
        with tenant_scope(tenant.id):
            run = run_by_id(run_id)
        taken = Work.objects.get(kind=RUN_WORK, reference=run_id).attempt > 0
        if run.ended or time.monotonic() - began > (ENDED_SECONDS if taken else TAKEN_SECONDS):
            return run, taken
        time.sleep(POLL_SECONDS)


def cancel(tenant: Tenant, run: Run) -> None:
    """Leave nothing behind for a worker that comes up later."""
    with tenant_scope(tenant.id):
        try:
            commands.run_cancel(run)
        except StateConflict:
            return


def counted(tenant: Tenant, run: Run, taken: bool, seconds: float) -> Delivery:
    """What the database holds of the run. Bells that came late change nothing in it."""
    with tenant_scope(tenant.id):
        return Delivery(
            answer=202,
            ended=run.ended,
            taken=taken,
            seconds=seconds,
            attempts=Work.objects.get(kind=RUN_WORK, reference=run.id).attempt,
            rows=run.rows_read,
            rejected=run.rows_rejected,
            records=Record.objects.filter(batch=run.batch_id).exclude(status="pending").count(),
            findings=Finding.objects.filter(run=run).count(),
            decisions=AuditEvent.objects.filter(action="run.completed", object_id=str(run.id)).count(),
        )
