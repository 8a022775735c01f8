"""Findings as an analyst narrows them: which runs, how many of what, which groups, which rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from records.dashboards.selectors import TELL_APART, newest_in_force
from records.datasets.identity import id_range
from records.datasets.models import Batch
from records.datasets.references import batch_number, uuid_or_none
from records.runs.asked import EVERY_BATCH, FILTERS, Asked
from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
from records.runs.selectors import SEVERITY_ORDER, absolute_sum

ROWS = 50
OPEN_GROUP = 20
OPEN_ROWS = 40
UNITS = 40
GROUPS = 60
ADDED_UP = 5_000


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
    """How many findings share severity, stage, rule type, rule and unit; the unit is None where it does not matter."""

    severity: str
    stage: str
    type: str
    rule: str
    label: str
    unit: str | None
    count: int

    def fits(self, asked: Asked, leaving_out: str = "") -> bool:
        """Whether the other filters let it through."""
        return all(
            name == leaving_out or not getattr(asked, name) or getattr(self, name) in getattr(asked, name)
            for name in FILTERS
            if name != "unit" or self.unit is not None
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
    found = Finding.objects.filter(run__in=runs)
    return found.filter(id__range=id_range(runs[0])) if len(runs) == 1 else found


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


def combinations(asked: Asked, scope: Scope) -> list[Combination]:
    """One look that answers the facets, the groups and the total; without unit and text the counters know it.

    The unit is told only under a text, which leaves few: a unit alone is looked up, and its rivals are counted apart.
    """
    if asked.text:
        return counted(matching(asked, scope.runs, ()), "unit")
    if asked.unit:
        return counted(matching(asked, scope.runs, ("unit",)))
    return counters(scope) or counted(in_runs(scope.runs))


def counted(findings: QuerySet[Finding], *more: str) -> list[Combination]:
    """By one pass over the findings."""
    rows = findings.values("severity", "stage", "type", "rule", "label", *more).annotate(number=Count("id")).order_by()
    return [
        Combination(
            row["severity"], row["stage"], row["type"], row["rule"], row["label"], row.get("unit"), row["number"]
        )
        for row in rows
    ]


def counters(scope: Scope) -> list[Combination]:
    """The same from the outcomes of the rules; nothing when a rule's findings differ in severity."""
    found = [
        Combination(one.severity, one.stage, one.type, one.rule, one.label, None, one.findings)
        for one in outcomes(scope.runs)
    ]
    totals = dict.fromkeys(SEVERITY_ORDER, 0)
    for one in found:
        totals[one.severity] += one.count
    runs = [batch.current_run for batch in scope.batches if batch.current_run is not None]
    exact = all(totals[name] == sum(getattr(run, name) for run in runs) for name in SEVERITY_ORDER)
    return found if exact else []


def total(asked: Asked, found: list[Combination]) -> int:
    """How many findings all filters leave."""
    return sum(one.count for one in found if one.fits(asked))


def facet_counts(asked: Asked, found: list[Combination], name: str) -> dict[str, int]:
    """Values of one filter with their counts under the others, commonest first."""
    counted: dict[str, int] = dict.fromkeys(getattr(asked, name), 0)
    for one in found:
        if one.fits(asked, leaving_out=name):
            value = getattr(one, name)
            counted[value] = counted.get(value, 0) + one.count
    if name == "severity":
        return {value: counted.get(value, 0) for value in SEVERITY_ORDER}
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def unit_counts(asked: Asked, scope: Scope, found: list[Combination]) -> dict[str, int]:
    """Units with most findings under the other filters; the units' own counters know it as far as severities go.

    Among very many findings of some rules units are not told apart: only those asked for come back, without a count.
    """
    if asked.text:
        known = facet_counts(asked, [one for one in found if one.unit], "unit")
        return {unit: known[unit] for unit in [*known][:UNITS] + [unit for unit in asked.unit if unit in known]}
    if not (asked.rule or asked.stage or asked.type):
        wanted = asked.severity or tuple(SEVERITY_ORDER)
        number = sum((Sum(name) for name in wanted[1:]), Sum(wanted[0]))
        rows = UnitStatus.objects.filter(run__in=scope.runs).values("unit").annotate(number=number)
        return most(rows)
    others = replace(asked, unit=())
    known_rules = counters(scope) or found
    if total(others, known_rules) > TELL_APART:
        return dict.fromkeys(asked.unit, 0)
    # Named by their rules, the findings are found through the index.
    rules = {one.rule for one in known_rules if one.fits(others)}
    rows = matching(others, scope.runs).filter(rule__in=rules).exclude(unit="").values("unit")
    return most(rows.annotate(number=Count("id")))


def most(rows: Any) -> dict[str, int]:
    """Units by their number of findings, the largest numbers only."""
    found = rows.filter(number__gt=0).order_by("-number", "unit")[:UNITS]
    return {row["unit"]: row["number"] for row in found}


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
    """Absolute differences by rule and severity: from the counters where a group is whole, else added up exactly.

    Of a large group in part the sum is left out: it would cost more than it tells.
    """
    whole: dict[str, list[RuleOutcome]] = {}
    for outcome in known:
        whole.setdefault(outcome.rule, []).append(outcome)
    sums: dict[tuple[str, str], Decimal | None] = {}
    partial = []
    for (rule, severity, _), number in counted.items():
        parts = whole.get(rule, [])
        if sum(part.findings for part in parts) == number:
            sums[rule, severity] = absolute_sum([part.difference or None for part in parts])
        elif number <= ADDED_UP:
            partial.append(rule)
    if partial:
        texts: dict[tuple[str, str], list[str | None]] = {}
        rows = matching(asked, runs).filter(rule__in=partial, difference__isnull=False)
        for rule, severity, difference in rows.values_list("rule", "severity", "difference").iterator():
            texts.setdefault((rule, severity), []).append(difference)
        sums |= {key: absolute_sum(values) for key, values in texts.items()}
    return sums


def groups_by_unit(asked: Asked, runs: list[UUID]) -> list[Group]:
    """Units with fatal findings first, then those with most."""
    counted = severities_by_unit(asked, runs)
    ranked = sorted(counted, key=lambda unit: ([-counted[unit].get(name, 0) for name in SEVERITY_ORDER], unit))
    return [unit_group(unit, counted[unit]) for unit in ranked]


def unit_group(unit: str, counted: Mapping[str, int]) -> Group:
    """A unit under its gravest severity."""
    gravest = next(name for name in SEVERITY_ORDER if counted.get(name))
    return Group(unit, "", gravest, "", sum(counted.values()))


def severities_by_unit(asked: Asked, runs: list[UUID]) -> dict[str, dict[str, int]]:
    """For each unit its findings by severity; from the counters unless a filter goes beyond severity and unit."""
    counted: dict[str, dict[str, int]] = {}
    if asked.text or asked.rule or asked.stage or asked.type:
        found = matching(asked, runs).values_list("unit", "severity").annotate(number=Count("id")).order_by()
        for unit, severity, number in found:
            counted.setdefault(unit, {})[severity] = number
        return counted
    units = UnitStatus.objects.filter(run__in=runs, **({"unit__in": asked.unit} if asked.unit else {}))
    for unit, *numbers in units.values_list("unit", *SEVERITY_ORDER):
        each = counted.setdefault(unit, dict.fromkeys(asked.severity or SEVERITY_ORDER, 0))
        for name, number in zip(SEVERITY_ORDER, numbers, strict=True):
            if name in each:
                each[name] += number
    return {unit: each for unit, each in counted.items() if any(each.values())}


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
