"""P2 and P3: whatever was acknowledged ends decided, and exactly once."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, UniqueConstraint
from django.db.models.functions import Now

from cortx.trust.declared import declared, missing
from cortx.trust.delivery import FAULTY, REJECTED, SOUND, Delivery
from cortx.trust.ground import Ground
from cortx.trust.promise import Measured, Promise
from records.runs.models import Run
from records.states import RunStatus
from tenants.accounts.models import Tenant
from tenants.audit.models import AuditEvent
from tenants.context import tenant_scope
from tenants.work.models import Work

RECOVERY_SECONDS = 10
NEWEST = 10_000
"""Runs, and events, of a tenant that are looked at."""
ROWS = SOUND + FAULTY + REJECTED


def nothing_lost(ground: Ground) -> Measured:
    """The queue of record, runs that nobody works on, rows that no record accounts for, and a delivery."""
    delivery, left, short, runs = ground.delivery, 0, 0, 0
    for tenant in Tenant.objects.order_by("id"):
        with tenant_scope(tenant.id):
            left += runs_forgotten()
            looked_at, unaccounted = runs_accounted()
            runs, short = runs + looked_at, short + unaccounted
    overdue, silent = work_overdue(), Work.objects.filter(status=Work.Status.DEAD, reason="").count()
    reason = "; ".join(
        words
        for words in (
            delivery_fault(delivery),
            f"{overdue} units of work are past their lease" if overdue else "",
            f"{silent} units of work are dead without a reason" if silent else "",
            f"{left} runs are unfinished and nobody works on them" if left else "",
            f"{short} runs have rows that are neither rejected nor decided" if short else "",
        )
        if words
    )
    lost = overdue + silent + left + short + (ROWS - accounted(delivery))
    figure = f"{lost} lost; {runs:,} runs, {accounted(delivery)} of {ROWS} rows delivered in {delivery.seconds:.1f} s"
    return Measured(figure, not reason, reason)


def accounted(delivery: Delivery) -> int:
    """Rows of the delivery that are decided or rejected."""
    return delivery.records + delivery.rejected


def delivery_fault(delivery: Delivery) -> str:
    """What is wrong with how the delivery ended."""
    if delivery.answer != 202:
        return f"a delivery was answered with {delivery.answer} instead of 202"
    if not delivery.taken:
        return f"no worker took a delivery within {delivery.seconds:.0f} s; is one running?"
    if not delivery.ended:
        return f"a delivery was not decided within {delivery.seconds:.0f} s"
    if accounted(delivery) != ROWS:
        return f"{accounted(delivery)} of {ROWS} rows of a delivery are accounted for"
    return ""


def work_overdue() -> int:
    """Units of work whose worker gave no sign of life for longer than their lease, and that nobody took over."""
    patience = timedelta(seconds=settings.WORK_LEASE_SECONDS + RECOVERY_SECONDS)
    return Work.objects.filter(status=Work.Status.RUNNING, lease_until__lt=Now() - patience).count()


def runs_forgotten() -> int:
    """Runs of the bound tenant that have not ended and have no unit of work that would end them."""
    alive = Work.objects.filter(reference=OuterRef("id"), status__in=(Work.Status.QUEUED, Work.Status.RUNNING))
    open_runs = Run.objects.filter(status__in=(RunStatus.PENDING, RunStatus.RUNNING))
    return int(open_runs.exclude(batch=None).filter(~Exists(alive)).count())


def runs_accounted() -> tuple[int, int]:
    """How many completed runs of the bound tenant were looked at, and in how many rows are missing."""
    newest = Run.objects.filter(status=RunStatus.COMPLETED).exclude(batch=None).order_by("-id").values("id")[:NEWEST]
    decided = F("rows_rejected") + F("records_processed") + F("records_failed") + F("records_errored")
    counts = Run.objects.filter(id__in=newest).aggregate(
        runs=Count("id"), short=Count("id", filter=~Q(rows_read=decided))
    )
    return counts["runs"], counts["short"]


def nothing_twice(ground: Ground) -> Measured:
    """Decisions in the logs, the constraints that forbid a second one, and the delivery with its extra bells."""
    delivery, decisions, twice = ground.delivery, 0, 0
    for tenant in Tenant.objects.order_by("id"):
        with tenant_scope(tenant.id):
            found, repeated = decisions_made()
            decisions, twice = decisions + found, twice + repeated
    lost = missing(UniqueConstraint)
    once = (delivery.attempts, delivery.decisions, delivery.records, delivery.findings) == (
        1,
        1,
        ROWS - REJECTED,
        FAULTY,
    )
    reason = "; ".join(
        words
        for words in (
            f"{twice} runs were decided more than once" if twice else "",
            f"the database lacks {', '.join(lost)}" if lost else "",
            "" if once else "the delivery whose bell was rung six times was not decided exactly once",
        )
        if words
    )
    figure = (
        f"{twice} of {decisions:,} decisions made twice; {len(declared(UniqueConstraint)) - len(lost)} of "
        f"{len(declared(UniqueConstraint))} unique constraints; {delivery.decisions} decision after 6 bells"
    )
    return Measured(figure, not reason, reason)


def decisions_made() -> tuple[int, int]:
    """Decisions among the newest events of the bound tenant, and how many of them were made again."""
    newest = AuditEvent.objects.order_by("-id").values("id")[:NEWEST]
    decided = AuditEvent.objects.filter(id__in=newest, action="run.completed")
    repeated = decided.values("object_id").annotate(times=Count("id")).filter(times__gt=1)
    return decided.count(), repeated.count()


NOTHING_LOST = Promise(
    key="P2",
    name="Whatever was acknowledged ends decided, or rejected with a reason",
    tried="All work past its lease, runs nobody works on, rows of completed runs, a delivery through a worker",
    target="0 lost; every row delivered is decided or rejected",
    measure=nothing_lost,
)
NOTHING_TWICE = Promise(
    key="P3",
    name="Each decision is made exactly once",
    tried="Decisions in every log, the unique constraints, a delivery whose bell is rung six times",
    target="0 decided twice; every unique constraint is there",
    measure=nothing_twice,
)
