"""Findings as an analyst narrows them: which runs, how many of what, which groups, which rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from records.dashboards.selectors import newest_in_force
from records.datasets.identity import id_range
from records.datasets.models import Batch
from records.datasets.references import batch_number, uuid_or_none
from records.runs.asked import EVERY_BATCH, FILTERS, Asked
from records.runs.models import Finding, RuleOutcome, Run
from records.runs.selectors import SEVERITY_ORDER, absolute_sum

ROWS = 50
OPEN_GROUP = 20
OPEN_ROWS = 40
UNITS = 40
COMBINED = ("severity", "stage", "type", "rule")


@dataclass(frozen=True)
class Scope:
    """The runs looked at, newest first, with their batches."""

    batches: list[Batch]

    @property
    def runs(self) -> list[UUID]:
        return [batch.current_run_id for batch in self.batches if batch.current_run_id]

    @property
    def newest(self) -> Batch | None:
        return self.batches[0] if self.batches else None


@dataclass(frozen=True)
class Combination:
    """How many findings share severity, stage, rule type and rule under the unit and text filters."""

    severity: str
    stage: str
    type: str
    rule: str
    label: str
    count: int

    def fits(self, asked: Asked, leaving_out: str = "") -> bool:
        """Whether the other filters let it through."""
        return all(
            name == leaving_out or not getattr(asked, name) or getattr(self, name) in getattr(asked, name)
            for name in COMBINED
        )


@dataclass
class Group:
    """Findings of one rule or one unit. `rows` are filled while it is open; `code` names it in the URL."""

    code: str
    title: str
    severity: str
    label: str
    count: int
    difference: Decimal | None = None
    open: bool = False
    rows: list[Finding] = field(default_factory=list)

    @property
    def rest(self) -> int:
        return self.count - len(self.rows) if self.open else 0


def scope_of(asked: Asked) -> Scope:
    """The newest batch of each subject, every batch in force, or the one that is named."""
    in_force = Batch.objects.select_related("dataset", "current_run__pack_version__pack")
    in_force = in_force.filter(current_run__isnull=False).order_by("-id")
    if asked.batch == EVERY_BATCH:
        return Scope(list(in_force))
    if asked.batch:
        return Scope(list(in_force.filter(number=batch_number(asked.batch) or 0)))
    return Scope(list(newest_in_force()))


def in_runs(runs: list[UUID]) -> QuerySet[Finding]:
    """Findings of these runs. One run's lie side by side, so that a page of them is a walk along the primary key."""
    if len(runs) == 1:
        return Finding.objects.filter(id__range=id_range(runs[0]))
    return Finding.objects.filter(run__in=runs)


def matching(asked: Asked, runs: list[UUID], names: Iterable[str] = FILTERS) -> QuerySet[Finding]:
    """Findings under the text and the named filters."""
    conditions = Q()
    for name in names:
        wanted = getattr(asked, name)
        if wanted:
            conditions &= Q(**{f"{name}__in": wanted})
    if asked.text:
        text = asked.text
        conditions &= Q(message__icontains=text) | Q(unit__icontains=text) | Q(rule__iexact=text)
    return in_runs(runs).filter(conditions)


def combinations(asked: Asked, runs: list[UUID]) -> list[Combination]:
    """One pass that answers four facets, the groups and the total; without unit and text the counters know it."""
    names = ("severity", "stage", "type", "rule", "label")
    counted = matching(asked, runs, ("unit",)).values_list(*names).annotate(Count("id")).order_by()
    return [Combination(*values) for values in counted]


def total(asked: Asked, found: list[Combination]) -> int:
    """How many findings all filters leave."""
    return sum(one.count for one in found if one.fits(asked))


def facet_counts(asked: Asked, found: list[Combination], name: str) -> dict[str, int]:
    """Values of one of `COMBINED` with their counts under the other filters, commonest first."""
    counted: dict[str, int] = dict.fromkeys(getattr(asked, name), 0)
    for one in found:
        if one.fits(asked, leaving_out=name):
            value = getattr(one, name)
            counted[value] = counted.get(value, 0) + one.count
    if name == "severity":
        return {value: counted.get(value, 0) for value in SEVERITY_ORDER}
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def unit_counts(asked: Asked, runs: list[UUID]) -> dict[str, int]:
    """Units with most findings under the other filters."""
    found = matching(asked, runs, COMBINED).exclude(unit="").values_list("unit").annotate(Count("id"))
    counted = dict(found.order_by("-id__count", "unit")[:UNITS])
    return {**counted, **{unit: 0 for unit in asked.unit if unit not in counted}}


def outcomes(runs: list[UUID]) -> list[RuleOutcome]:
    """How the rules with findings fared in these runs."""
    return list(RuleOutcome.objects.filter(run__in=runs, findings__gt=0).order_by("position"))


def groups_by_rule(asked: Asked, runs: list[UUID], found: list[Combination]) -> list[Group]:
    """Gravest first, then the largest difference, then the commonest."""
    counted: dict[tuple[str, str, str], int] = {}
    for one in found:
        if one.fits(asked):
            key = (one.rule, one.severity, one.label)
            counted[key] = counted.get(key, 0) + one.count
    known = outcomes(runs)
    titles = {outcome.rule: outcome.title for outcome in known}
    differences = differences_of(asked, runs, known, counted)
    groups = [
        Group(rule, titles.get(rule, ""), severity, label, number, differences.get((rule, severity)))
        for (rule, severity, label), number in counted.items()
    ]
    return sorted(groups, key=lambda one: (SEVERITY_ORDER[one.severity], -(one.difference or 0), -one.count, one.code))


def differences_of(
    asked: Asked, runs: list[UUID], known: list[RuleOutcome], counted: Mapping[tuple[str, str, str], int]
) -> dict[tuple[str, str], Decimal | None]:
    """Absolute differences by rule and severity: from the counters where a group is whole, else added up exactly."""
    whole: dict[str, list[RuleOutcome]] = {}
    for outcome in known:
        whole.setdefault(outcome.rule, []).append(outcome)
    sums: dict[tuple[str, str], Decimal | None] = {}
    partial = []
    for (rule, severity, _), number in counted.items():
        parts = whole.get(rule, [])
        if sum(part.findings for part in parts) == number:
            sums[rule, severity] = absolute_sum([part.difference or None for part in parts])
        else:
            partial.append(rule)
    if partial:
        texts: dict[tuple[str, str], list[str | None]] = {}
        rows = matching(asked, runs).filter(rule__in=partial, difference__isnull=False)
        for rule, severity, difference in rows.values_list("rule", "severity", "difference").iterator():
            texts.setdefault((rule, severity), []).append(difference)
        sums |= {key: absolute_sum(values) for key, values in texts.items()}
    return sums


def groups_by_unit(asked: Asked, runs: list[UUID]) -> list[Group]:
    """Units with fatal findings first, then those with most; as many as a page can show."""
    grave = {severity: Count("id", filter=Q(severity=severity)) for severity in SEVERITY_ORDER}
    rows = matching(asked, runs).values("unit").annotate(count=Count("id"), **grave)
    found = rows.order_by("-fatal", "-error", "-count", "unit")[:UNITS]
    return [
        Group(row["unit"], "", next(name for name in SEVERITY_ORDER if row[name]), "", row["count"]) for row in found
    ]


def open_groups(asked: Asked, runs: list[UUID], groups: list[Group]) -> None:
    """Open the gravest groups as far as a screen reaches, turn those that were clicked, and fetch their rows."""
    shown = 0
    by_itself = groups[0].severity if groups else ""
    for group in groups:
        group.open = group.severity == by_itself and group.count <= OPEN_GROUP and shown < OPEN_ROWS
        shown += group.count if group.open else 0
        if group.code in asked.turned:
            group.open = not group.open
    small = [group for group in groups if group.open and group.count <= OPEN_GROUP]
    column = asked.group
    if small:
        codes = {group.code: group for group in small}
        for finding in matching(asked, runs).filter(**{f"{column}__in": list(codes)}).order_by("id"):
            group = codes[getattr(finding, column)]
            if column != "rule" or finding.severity == group.severity:
                group.rows.append(finding)
    for group in groups:
        if group.open and group.count > OPEN_GROUP:
            rows = matching(asked, runs).filter(**{column: group.code}).order_by("id")
            group.rows = list(rows[:OPEN_GROUP])


def flat_rows(asked: Asked, runs: list[UUID]) -> tuple[list[Finding], str]:
    """The next 50 in order of run and ordinal, and the cursor after them."""
    rows = matching(asked, runs).order_by("id")
    after = uuid_or_none(asked.after)
    if after:
        rows = rows.filter(id__gt=after)
    found = list(rows[: ROWS + 1])
    return found[:ROWS], str(found[ROWS - 1].id) if len(found) > ROWS else ""


def with_runs(findings: Iterable[Finding], scope: Scope) -> None:
    """Hang the run and batch already read onto each finding, which spares a query a row."""
    runs: dict[UUID, Run] = {}
    for batch in scope.batches:
        if batch.current_run is not None:
            batch.current_run.batch = batch
            runs[batch.current_run.id] = batch.current_run
    for finding in findings:
        known: Any = runs.get(finding.run_id)
        if known is not None:
            finding.run = known
