"""Reads of runs and findings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from records.datasets.identity import id_range
from records.datasets.models import Batch, BatchInput, Record
from records.datasets.selectors import batch_inputs
from records.runs.models import Finding, RuleOutcome, Run, RunEvent, UnitStatus
from records.states import Severity
from tenants.problems import UnknownReference
from tenants.work.models import Work

RUN_WORK = "records.run"
NO_RUN = UUID(int=0)
SEVERITY_ORDER = {severity.value: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class RunDetail:
    """A run with everything its page shows. `statuses` counts the units by status."""

    run: Run
    inputs: list[BatchInput]
    outcomes: list[RuleOutcome]
    events: list[RunEvent]
    statuses: Mapping[str, int]
    attempt: int
    worker: str


@dataclass(frozen=True)
class FindingFilter:
    """Which findings: of one run, of a batch's run in force, or, with neither, of every batch's run in force.

    A record's findings are those of its batch's run in force, or of its own newest run.
    Values of one field are alternatives, fields narrow each other; `text` is looked for in message, unit and rule.
    """

    run: UUID | None = None
    batch: UUID | None = None
    record: UUID | None = None
    severity: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    input: tuple[str, ...] = ()
    text: str = ""


NARROWING = ("severity", "stage", "type", "rule", "unit", "input")


@dataclass(frozen=True)
class FindingPage:
    """One page in order of id; `next` is the id to ask for findings after, None at the end."""

    findings: list[Finding]
    next: UUID | None


def runs() -> QuerySet[Run]:
    """All runs, newest first."""
    return Run.objects.select_related("batch", "dataset", "pack_version__pack").order_by("-id")


def run_by_id(run_id: UUID) -> Run:
    """The run. Raises `UnknownReference`."""
    found = runs().filter(id=run_id).first()
    if found is None:
        raise UnknownReference("No such run")
    return found


def run_detail(run_id: UUID, *, events: int = 1000) -> RunDetail:
    """The run with its outcomes in the pack's order and its newest `events`, oldest first."""
    run = run_by_id(run_id)
    work = Work.objects.filter(kind=RUN_WORK, reference=run.id).first()
    return RunDetail(
        run=run,
        inputs=batch_inputs(run.batch) if run.batch else [],
        outcomes=list(run.outcomes.order_by("position")),
        events=list(reversed(run.events.order_by("-id")[:events])),
        statuses=status_counts(run),
        attempt=work.attempt if work else 0,
        worker=work.worker if work else "",
    )


def status_counts(run: Run) -> dict[str, int]:
    """Units of the run by status."""
    counted = UnitStatus.objects.filter(run=run).values_list("status").annotate(Count("id")).order_by("status")
    return dict(counted)


def findings(chosen: FindingFilter) -> QuerySet[Finding]:
    """Findings in order of run and ordinal."""
    if chosen.record and not chosen.run:
        chosen = replace(chosen, run=run_of_record(chosen.record) or NO_RUN)
    conditions = in_scope(chosen)
    if chosen.run:
        # Says the same as the run, in terms of the primary key.
        conditions &= Q(id__range=id_range(chosen.run))
    if chosen.record:
        conditions &= Q(record_id=chosen.record)
    for name in NARROWING:
        wanted = getattr(chosen, name)
        if wanted:
            conditions &= Q(**{f"{name}__in": wanted})
    if chosen.text:
        text = chosen.text
        conditions &= Q(message__icontains=text) | Q(unit__icontains=text) | Q(rule__iexact=text)
    return Finding.objects.select_related("run__batch").filter(conditions).order_by("id")


def in_scope(chosen: FindingFilter) -> Q:
    if chosen.run:
        return Q(run=chosen.run)
    in_force = Batch.objects.filter(current_run__isnull=False)
    if chosen.batch:
        in_force = in_force.filter(id=chosen.batch)
    return Q(run__in=in_force.values("current_run"))


def run_of_record(record_id: UUID) -> UUID | None:
    """The run whose verdict about the record is in force."""
    record: Record | None = Record.objects.select_related("batch").filter(id=record_id).first()
    if record is None:
        return None
    if record.batch:
        return record.batch.current_run_id
    newest: Run | None = Run.objects.filter(record_id=record_id).order_by("-id").first()
    return newest.id if newest else None


def finding_by_id(finding_id: UUID) -> Finding:
    """The finding with its run and batch. Raises `UnknownReference`."""
    related = ("run__batch__dataset", "run__pack_version__pack")
    found: Finding | None = Finding.objects.select_related(*related).filter(id=finding_id).first()
    if found is None:
        raise UnknownReference("No such finding")
    return found


def finding_page(chosen: FindingFilter, *, after: UUID | None = None, limit: int = 50) -> FindingPage:
    """The next `limit` findings after the one named."""
    wanted = findings(chosen)
    if after:
        wanted = wanted.filter(id__gt=after)
    page = list(wanted[: limit + 1])
    more = len(page) > limit
    return FindingPage(page[:limit], page[limit - 1].id if more else None)


def absolute_sum(differences: list[str | None]) -> Decimal | None:
    """Sum of absolute values, exact to the last digit."""
    with localcontext(prec=1000):
        amounts = [abs(Decimal(text)) for text in differences if text is not None]
        return sum(amounts, Decimal(0)) if amounts else None
