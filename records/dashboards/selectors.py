"""What the overview and the frame of every page show. Counts come from counters and finished runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from records.dashboards.words import Words, words_of
from records.datasets.models import Batch, RecordCount
from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
from records.runs.selectors import SEVERITY_ORDER
from records.states import RecordStatus, RunStatus, Severity
from tenants.approvals.selectors import waiting
from tenants.models import Tenant
from tenants.policies.selectors import policy_of

GRID_LIMIT = 200
HISTORY = 24
TELL_APART = 50_000


@dataclass(frozen=True)
class UnitCounts:
    """Units by the gravest finding they have."""

    fatal: int
    error: int
    warning: int
    info: int
    clean: int

    @property
    def total(self) -> int:
        return self.fatal + self.error + self.warning + self.info + self.clean

    @property
    def ready(self) -> int:
        """An open fatal finding blocks certification, nothing else does."""
        return self.total - self.fatal


@dataclass(frozen=True)
class Blocker:
    """A rule with fatal findings: in how many units, and their differences added up without sign.

    `units` is None where there are too many findings to tell units apart while somebody waits.
    """

    outcome: RuleOutcome
    units: int | None
    difference: Decimal | None


@dataclass(frozen=True)
class Today:
    """Records that arrived on this UTC day."""

    total: int
    failed: int


@dataclass(frozen=True)
class Overview:
    """Where the newest delivery for one dataset and one set of parameters stands."""

    batch: Batch
    run: Run
    previous: Batch | None
    words: Words
    units: list[UnitStatus]
    counts: UnitCounts
    statuses: Mapping[str, int]
    blockers: list[Blocker]
    outcomes: list[RuleOutcome]
    history: list[Batch]
    today: Today


@dataclass(frozen=True)
class NavCounts:
    """Work to do, for the sidebar."""

    running: int
    open_findings: int
    waiting: int


def newest_in_force() -> QuerySet[Batch]:
    """For each dataset and set of parameters the newest batch with a run in force, newest first."""
    newer = Batch.objects.filter(
        dataset=OuterRef("dataset"), parameters=OuterRef("parameters"), current_run__isnull=False, id__gt=OuterRef("id")
    )
    related = ("dataset", "current_run__pack_version__pack")
    return Batch.objects.select_related(*related).filter(~Exists(newer), current_run__isnull=False).order_by("-id")


def nav_counts(tenant: Tenant) -> NavCounts:
    """Runs in progress, open findings of the newest batches, and what waits for a second pair of eyes."""
    runs = Run.objects.filter(kind=Run.Kind.LIVE, status__in=(RunStatus.PENDING, RunStatus.RUNNING)).count()
    totals = newest_in_force().aggregate(**{name: Sum(f"current_run__{name}") for name in Severity.values})
    return NavCounts(runs, sum(value or 0 for value in totals.values()), waiting(policy_of(tenant).approvals).count())


def recent_batches(limit: int = 5) -> QuerySet[Batch]:
    """The batches delivered last, with their newest run."""
    related = ("dataset", "last_run__pack_version__pack", "current_run")
    return Batch.objects.select_related(*related).order_by("-id")[:limit]


def overview(batch: Batch) -> Overview:
    """Everything the overview shows about a batch of `newest_in_force`."""
    run = in_force(batch)
    counts = unit_counts(run)
    outcomes = list(RuleOutcome.objects.filter(run=run, findings__gt=0))
    history = same_subject(batch)
    return Overview(
        batch=batch,
        run=run,
        previous=next((one for one in reversed(history) if one.id < batch.id), None),
        words=words_of(run.pack_version),
        units=list(UnitStatus.objects.filter(run=run).order_by("unit")) if counts.total <= GRID_LIMIT else [],
        counts=counts,
        statuses=status_counts(run),
        blockers=blockers(run, outcomes),
        outcomes=sorted(outcomes, key=lambda one: (SEVERITY_ORDER[one.severity], -one.findings)),
        history=history,
        today=records_today(),
    )


def in_force(batch: Batch) -> Run:
    """The run whose verdicts stand, of a batch that was chosen for having one."""
    assert batch.current_run is not None
    return batch.current_run


def same_subject(batch: Batch) -> list[Batch]:
    """The newest batches in force with the same dataset and parameters, oldest first, this one included."""
    same = Batch.objects.filter(dataset=batch.dataset, parameters=batch.parameters, current_run__isnull=False)
    return list(reversed(same.select_related("current_run").order_by("-id")[:HISTORY]))


def unit_counts(run: Run) -> UnitCounts:
    """Units of the run by the gravest finding they have."""
    graver = Q()
    grave: dict[str, Count] = {}
    for severity in Severity.values:
        has = Q(**{f"{severity}__gt": 0})
        grave[f"count_{severity}"] = Count("id", filter=has & graver)
        graver &= Q(**{severity: 0})
    found = UnitStatus.objects.filter(run=run).aggregate(**grave, count_clean=Count("id", filter=graver))
    return UnitCounts(**{name.removeprefix("count_"): number for name, number in found.items()})


def status_counts(run: Run) -> dict[str, int]:
    """Units of the run by the pack's own status."""
    counted = UnitStatus.objects.filter(run=run).values_list("status").annotate(Count("id"))
    return dict(counted.order_by("status"))


def blockers(run: Run, outcomes: list[RuleOutcome]) -> list[Blocker]:
    """Rules with fatal findings, the largest difference first."""
    units = fatal_units(run) if run.fatal <= TELL_APART else {}
    found = [
        Blocker(outcome, units.get(outcome.rule), Decimal(outcome.difference) if outcome.difference else None)
        for outcome in outcomes
        if outcome.rule in units or outcome.severity == Severity.FATAL
    ]
    return sorted(found, key=lambda one: (-(one.difference or Decimal(0)), -one.outcome.findings, one.outcome.rule))


def fatal_units(run: Run) -> dict[str, int]:
    """In how many units each rule has fatal findings."""
    fatal = Finding.objects.filter(run=run, severity=Severity.FATAL).values_list("rule")
    return dict(fatal.annotate(Count("unit", distinct=True)).order_by())


def difference_sum(found: list[Blocker]) -> Decimal | None:
    """All differences added up, exact; None when no rule has one."""
    amounts = [one.difference for one in found if one.difference is not None]
    with localcontext(prec=1000):
        return sum(amounts, Decimal(0)) if amounts else None


def records_today() -> Today:
    """Records by arrival, from the counters."""
    counted = RecordCount.objects.filter(day=datetime.now(UTC).date()).values_list("status").annotate(Sum("count"))
    by_status = dict(counted.order_by())
    return Today(sum(by_status.values()), by_status.get(RecordStatus.FAILED, 0))


def batch_by_number(number: int) -> Batch | None:
    """The batch people call `B-<number>`."""
    related = ("dataset__active_version__pack", "last_run__pack_version__pack", "current_run__pack_version__pack")
    found: Batch | None = Batch.objects.select_related(*related).filter(number=number).first()
    return found


def batch_runs(batch: Batch) -> list[Run]:
    """Live runs of the batch, newest first."""
    return list(Run.objects.filter(batch=batch, kind=Run.Kind.LIVE).order_by("-id"))


def finding_by_ordinal(batch: Batch, ordinal: int) -> UUID | None:
    """Id of the finding people call `B-2418/17`, in the run in force."""
    found: UUID | None = (
        Finding.objects.filter(run=batch.current_run, ordinal=ordinal).values_list("id", flat=True).first()
    )
    return found
