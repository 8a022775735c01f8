"""The overview in words and shapes: the answer, the cells, the figures, the chart."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from records.dashboards.formats import amount, count, sentence, spoken
from records.dashboards.selectors import Overview, difference_sum, in_force
from records.dashboards.tags import WORST_FIRST, Column
from records.dashboards.words import Words
from records.datasets.models import Batch
from records.runs.models import UnitStatus

KINDS = ("pass", "info", "warning", "error", "fatal")
READY = {"pass": "Ready", "info": "Ready with notes", "warning": "Ready with warnings", "error": "Ready with errors"}
CHART_COLUMNS = 16


@dataclass(frozen=True)
class Cell:
    """One unit: `kind` is its gravest severity, or pass."""

    kind: str
    title: str
    url: str


@dataclass(frozen=True)
class Entry:
    """A line of a legend."""

    kind: str
    title: str
    number: int = 0
    url: str = ""


@dataclass(frozen=True)
class Metric:
    """A figure with its label above and a sentence below. `full` is what a shortened value stands for."""

    label: str
    value: str
    note: str
    kind: str = ""
    full: str = ""


@dataclass(frozen=True)
class Chart:
    """Stacked columns by severity; `label` tells what a screen reader would miss."""

    title: str
    axis: str
    label: str
    columns: list[Column]
    legend: list[Entry]


@dataclass(frozen=True)
class Answer:
    """The number, and the rest of the sentence."""

    number: str
    rest: str


def subject_label(batch: Batch) -> str:
    """The parameters in words: `Fiscal year 2025, period 9`; the dataset when it has none."""
    parts = [f"{spoken(name)} {value}" for name, value in batch.parameters.items()]
    return sentence(", ".join(parts)) if parts else str(batch.dataset)


def answer(overview: Overview) -> Answer:
    """What the page is for: can we certify?"""
    counts, words = overview.counts, overview.words
    if counts.total:
        verb = "is" if counts.ready == 1 and counts.total == 1 else "are"
        number = f"{count(counts.ready)} of {count(counts.total)}"
        return Answer(number, f"{words.noun('unit', counts.total)} {verb} ready to certify")
    run = overview.run
    total = run.records_processed + run.records_failed + run.records_errored
    return Answer(f"{count(run.records_processed)} of {count(total)}", f"{words.noun('record', total)} passed")


def kind_of(unit: UnitStatus) -> str:
    """Gravest severity of the unit's findings, or pass."""
    return next((severity for severity in WORST_FIRST if getattr(unit, severity)), "pass")


def cells(overview: Overview, findings_url: str) -> list[Cell]:
    """One cell a unit, in order of their codes."""
    found = []
    for unit in overview.units:
        kind = kind_of(unit)
        numbers = [
            f"{count(getattr(unit, severity))} {overview.words.severity(severity).lower()}"
            for severity in WORST_FIRST
            if getattr(unit, severity)
        ]
        title = f"{unit.unit}: {state(kind, overview.words)}" + (f", {', '.join(numbers)}" if numbers else "")
        found.append(Cell(kind, title, f"{findings_url}?{urlencode({'unit': unit.unit})}"))
    return found


def state(kind: str, words: Words) -> str:
    """What a unit with that gravest severity is called."""
    if kind == "fatal":
        return "Blocked"
    if kind == "warning":
        return f"Ready with {words.severity(kind).lower()}s"
    return READY[kind]


def parts(overview: Overview) -> list[tuple[str, int]]:
    """Units by gravest severity, the good ones first."""
    counts = overview.counts
    numbers = {"pass": counts.clean, **{name: getattr(counts, name) for name in WORST_FIRST}}
    return [(kind, numbers[kind]) for kind in KINDS if numbers[kind] or kind in {"pass", "fatal"}]


def legend(overview: Overview) -> list[Entry]:
    """The same with their words."""
    return [Entry(kind, state(kind, overview.words), number) for kind, number in parts(overview)]


def metrics(overview: Overview) -> list[Metric]:
    """Four figures, each with what to hold it against."""
    run, words = overview.run, overview.words
    before = overview.previous
    fatal = words.severity("fatal").lower()
    total = run.records_processed + run.records_failed + run.records_errored
    records = words.noun("record", total)
    note = f"{count(in_force(before).fatal)} in {before.label}" if before else "no earlier batch to compare"
    today = overview.today
    return [
        Metric(f"Open {fatal} findings", count(run.fatal), note),
        difference_metric(overview),
        Metric(
            f"{sentence(words.noun('record', 2))} failed",
            count(run.records_failed),
            f"of {count(total)} {records}, {count(run.rows_rejected)} rejected",
        ),
        Metric("Records today", count(today.total), f"{count(today.failed)} failed"),
    ]


def difference_metric(overview: Overview) -> Metric:
    """The differences behind the blocking findings, added up without sign."""
    unit = overview.words.amount_unit
    total = difference_sum(overview.blockers)
    rules = len([one for one in overview.blockers if one.difference is not None])
    note = f"without sign, in {rules} rule" + ("" if rules == 1 else "s")
    if total is None:
        return Metric("Blocking differences", "None", "no rule with amounts is open")
    return Metric("Blocking differences", shortened(amount(total, unit)), note, full=amount(total, unit))


def shortened(text: str) -> str:
    """`1,293,240.02` is `1.29M`: cut, not rounded up; the whole value stands in the title."""
    whole = text.partition(".")[0]
    groups = whole.split(",")
    names = ("", "", "M", "B", "T")
    if len(groups) < 3 or len(groups) > len(names):
        return text
    return f"{groups[0]}.{groups[1][:2]}{names[len(groups) - 1]}"


def chart(overview: Overview, slug: str) -> Chart:
    """Findings of the last batches for the same subject; with one batch only, findings by rule."""
    words = overview.words
    if len(overview.history) > 1:
        columns = [
            Column(
                batch.label,
                reverse("batch", args=[slug, batch.number]),
                {severity: getattr(batch.current_run, severity) for severity in WORST_FIRST},
            )
            for batch in overview.history
        ]
        title, axis = "Open findings by batch", "Batch"
    else:
        columns = by_rule(overview, reverse("findings", args=[slug]))
        title, axis = "Open findings by rule", "Rule"
    used = [name for name in WORST_FIRST if any(column.values.get(name) for column in columns)]
    entries = [Entry(name, words.severity(name)) for name in used]
    return Chart(title, axis, spoken_chart(title, columns), columns, entries)


def by_rule(overview: Overview, findings_url: str) -> list[Column]:
    """The rules with most findings, gravest first."""
    most = sorted(overview.outcomes, key=lambda one: -one.findings)[:CHART_COLUMNS]
    return [
        Column(one.rule, f"{findings_url}?{urlencode({'rule': one.rule})}", {one.severity: one.findings})
        for one in overview.outcomes
        if one in most
    ]


def spoken_chart(title: str, columns: list[Column]) -> str:
    """First, last and highest value."""
    if not columns:
        return title
    first, last, top = columns[0], columns[-1], max(columns, key=lambda column: column.total)
    told = [f"{column.name} {count(column.total)}" for column in (first, last)]
    return f"{title}: from {told[0]} to {told[1]}, highest {top.name} with {count(top.total)}"


def subjects(batches: list[Batch], chosen: Batch, url: str) -> list[dict[str, Any]]:
    """Entries of the picker: every dataset and set of parameters with a judged batch."""
    several = len({batch.dataset_id for batch in batches}) > 1
    return [
        {
            "title": f"{batch.dataset}, {subject_label(batch)}" if several else subject_label(batch),
            "url": f"{url}?{urlencode({'batch': batch.label})}",
            "chosen": batch.id == chosen.id,
        }
        for batch in batches
    ]


def currency(words: Words) -> str:
    """What amounts are in, for headings: cents are shown as whole units with two decimals, so they need no word."""
    return "" if words.amount_unit in {"", "cents"} else f", {words.amount_unit}"
