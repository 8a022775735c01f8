"""One finding, explained: both sides, the difference, the values and rows behind it, the rule and its version."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.urls import reverse

from records.dashboards.formats import Piece, amount, compared, count, sentence, spoken
from records.dashboards.words import Words, words_of
from records.datasets.identity import row_id
from records.datasets.models import Batch
from records.runs.explaining import Explained, explained
from records.runs.models import Finding
from records.snapshots import SourceRow, source_rows

NUMBER = re.compile(r"(?<![\w.,/-])(-?\d+(?:\.\d+)?)(?![\w/-]|[.,]\d)( \w+)?")
SHOWN_ROWS = 12
SHOWN_COLUMNS = 4
SAID_ELSEWHERE = {
    "code",
    "codes",
    "title",
    "type",
    "stage",
    "severity",
    "label",
    "authority",
    "description",
    "aliases",
    "message",
}


@dataclass(frozen=True)
class Side:
    """One side of the comparison: where it comes from, how it is computed, its digits; none mean no value."""

    title: str
    expression: str
    pieces: list[Piece]


@dataclass(frozen=True)
class Value:
    """A value the rule read; `amount` is what a number in the pack's unit comes to."""

    name: str
    text: str | None
    amount: str
    wrong: bool


@dataclass(frozen=True)
class ColumnHead:
    """A column of the source rows."""

    name: str
    title: str
    amount: bool


@dataclass(frozen=True)
class Cell:
    """A delivered cell."""

    text: str
    amount: bool


@dataclass(frozen=True)
class Line:
    """A delivered row behind the finding; linked when it is a record."""

    number: int
    url: str
    cells: list[Cell]


@dataclass(frozen=True)
class Explanation:
    """Everything the panel and the page of a finding show."""

    finding: Finding
    words: Words
    batch: Batch | None
    name: str
    title: str
    severity: str
    label: str
    rule: str
    unit: str
    key_words: str
    row: int | None
    record_url: str
    page_url: str
    sides: list[Side]
    difference: str
    tolerance: str
    values: list[Value]
    lines: list[Line]
    lines_title: str
    lines_left: int
    columns: list[ColumnHead]
    version: str
    rule_title: str
    rule_lines: list[tuple[str, str]]
    description: str
    authority: str
    explained: Explained
    earlier: list[dict[str, str]] = field(default_factory=list)
    previous_url: str = ""
    next_url: str = ""


def told(finding: Finding, words: Words) -> str:
    """The message, with the finding's own amounts written in the pack's unit: 2003840 cents as 20,038.40."""
    if not words.amount_unit:
        return finding.message
    own = {text.lstrip("-") for text in (finding.left, finding.right, finding.difference, finding.tolerance) if text}

    def written(match: re.Match[str]) -> str:
        text, unit = match[1], match[2] or ""
        if text.lstrip("-") not in own:
            return match[0]
        # Written as 20,038.40 it is no longer a number of cents.
        return amount(text, words.amount_unit) + ("" if unit.strip() == words.amount_unit else unit)

    return NUMBER.sub(written, finding.message)


def about(finding: Finding, unit_columns: Sequence[str]) -> str:
    """The rest of the key, which the unit column beside it does not say already."""
    return ", ".join(
        str(value) for name, value in finding.key.items() if name not in unit_columns and value is not None
    )


def explanation(finding: Finding, slug: str) -> Explanation:
    """The finding with its batch and version already read (`finding_by_id`)."""
    run = finding.run
    words = words_of(run.pack_version)
    rule = words.rule(finding.rule)
    rows = source_rows(finding)
    shown = rows[:SHOWN_ROWS]
    columns = columns_for(finding, words, shown, str(rule.get("text", "")))
    batch = run.batch
    unit_columns = words.inputs[0].get("unit", []) if words.inputs else []
    return Explanation(
        finding=finding,
        words=words,
        batch=batch,
        name=f"{batch.label}/{finding.ordinal}" if batch else f"Finding {finding.ordinal}",
        title=told(finding, words),
        severity=finding.severity,
        label=finding.label,
        rule=finding.rule,
        unit=finding.unit,
        key_words=", ".join(
            f"{spoken(name)} {value}"
            for name, value in finding.key.items()
            if name not in unit_columns and value is not None
        ),
        row=finding.row,
        record_url=reverse("record", args=[slug, finding.record_id]) if finding.record_id else "",
        page_url=reverse("finding", args=[slug, finding.id]),
        sides=sides(finding, words, rule),
        difference=amount(finding.difference, words.amount_unit),
        tolerance=amount(finding.tolerance, words.amount_unit) if finding.tolerance not in {None, "", "0"} else "",
        values=values(finding, words, rule),
        lines=[line(row, columns, finding, words, slug) for row in shown],
        lines_title=lines_title(finding, words, len(rows)),
        lines_left=len(rows) - len(shown),
        columns=columns,
        version=str(run.pack_version or ""),
        rule_title=str(rule.get("title") or spoken(finding.rule)),
        rule_lines=rule_lines(str(rule.get("text", ""))),
        description=str(rule.get("description") or ""),
        authority=str(rule.get("authority") or ""),
        explained=explained(finding),
    )


def sides(finding: Finding, words: Words, rule: Mapping[str, Any]) -> list[Side]:
    """Both sides with the digits that differ marked; nothing for a rule that compares no amounts."""
    if finding.left is None and finding.right is None:
        return []
    left, right = (amount(text, words.amount_unit) for text in (finding.left, finding.right))
    read = parsed(str(rule.get("text", "")))
    own = words.input_title(finding.input) if finding.input else "Left"
    return [
        side(read.get("left"), own, words, pieces(left, right)),
        side(read.get("right"), "Expected", words, pieces(right, left)),
    ]


def pieces(text: str, other: str) -> list[Piece]:
    """The amount, with the digits marked that differ from the other one; nothing for no amount."""
    if not text:
        return []
    return compared(text, other) if other else [Piece(text, False)]


def side(written: Any, otherwise: str, words: Words, shown_pieces: list[Piece]) -> Side:
    """Where the side comes from: an input named in the rule, or one that has the field read through a join."""
    if isinstance(written, dict):
        return Side(words.input_title(str(written.get("input", ""))), str(written.get("value", "")), shown_pieces)
    expression = "" if written is None or written_number(str(written)) else str(written)
    joined = re.fullmatch(r"(\w+)\.(\w+)", expression)
    if joined:
        title = words.input_with(joined[2]) or sentence(spoken(joined[1]))
        return Side(title, expression, shown_pieces)
    return Side(otherwise, expression, shown_pieces)


def values(finding: Finding, words: Words, rule: Mapping[str, Any]) -> list[Value]:
    """Values read by a rule about rows; the columns the rule names itself are the suspects."""
    if finding.row is None:
        return []
    named = set(parsed(str(rule.get("text", ""))).get("fields") or [])
    found = []
    for name, value in finding.fields.items():
        text = None if value is None else str(value)
        unit = words.field_unit(finding.input, name)
        found.append(
            Value(name, text, amount(text, unit) if unit and text and written_number(text) else "", name in named)
        )
    return found


def written_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", text.strip()))


def columns_for(finding: Finding, words: Words, rows: list[SourceRow], text: str) -> list[ColumnHead]:
    """The few columns that tell these rows apart: named by the rule, amounts, or not the same in all of them.

    What is the same in several rows stands in the finding's key already.
    """
    if not rows:
        return []
    declared = words.input(rows[0].input).get("fields", [])
    headers = header_fields(declared, list(rows[0].values))
    named = set(re.findall(r"\w+", text)) | set(finding.key) | set(finding.fields)
    ranked = []
    for place, (header, spec) in enumerate(headers.items()):
        name = spec.get("name", header)
        is_amount = bool(spec.get("unit")) and str(spec.get("type", "")).startswith("decimal")
        varies = len({row.values.get(header) for row in rows}) > 1
        filled = any(row.values.get(header) for row in rows)
        repeated = len(rows) > 1 and not varies and name in finding.key
        score = 0 if repeated else 4 * is_amount + 3 * (name in named) + 2 * varies
        if score and (filled or name in named):
            ranked.append((-score, place, ColumnHead(header, spoken(name), is_amount)))
    best = sorted(ranked, key=lambda one: one[:2])[:SHOWN_COLUMNS]
    return [head for _, _, head in sorted(best, key=lambda one: (one[2].amount, one[1]))]


def header_fields(declared: Sequence[Mapping[str, Any]], headers: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The declared field behind each delivered header, by name or alias, without regard to case."""
    names = {alias.lower(): one for one in declared for alias in (one["name"], *one.get("aliases", []))}
    return {header: names.get(header.strip().lower(), {}) for header in headers}


def line(row: SourceRow, columns: list[ColumnHead], finding: Finding, words: Words, slug: str) -> Line:
    """One delivered row."""
    cells = []
    for head in columns:
        text = row.values.get(head.name) or ""
        readable = head.amount and written_number(text)
        cells.append(Cell(amount(text.strip(), words.amount_unit) if readable else text, readable))
    batch = finding.run.batch
    is_record = batch is not None and bool(words.inputs) and row.input == words.inputs[0]["name"]
    url = reverse("record", args=[slug, row_id(batch.id, row.number)]) if batch is not None and is_record else ""
    return Line(row.number, url, cells)


def lines_title(finding: Finding, words: Words, number: int) -> str:
    """`The row`, or how many are behind the amount."""
    if finding.row is not None:
        return f"The {words.noun('record')} as delivered"
    return f"{count(number)} {words.noun('record', number)} behind the amount"


def rule_lines(text: str) -> list[tuple[str, str]]:
    """The rule's own text, one line a key, without what the panel says elsewhere."""
    read = parsed(text)
    if not read:
        return [("", text)] if text else []
    return [(name, shown(value)) for name, value in read.items() if name not in SAID_ELSEWHERE]


def parsed(text: str) -> dict[str, Any]:
    """The rule as a mapping of texts; YAML's guesses at booleans and dates are left out, like the engine does."""
    indents = [len(line) - len(line.lstrip()) for line in text.splitlines()[1:] if line.strip()]
    # The text begins at the rule itself, not at the start of its line.
    text = " " * max(min(indents, default=2) - 2, 0) + text
    try:
        read = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  BaseLoader builds nothing but text, lists and maps
    except yaml.YAMLError:
        return {}
    if isinstance(read, list) and len(read) == 1:
        read = read[0]
    return read if isinstance(read, dict) else {}


def shown(value: Any) -> str:
    """A value of the rule on one line or a few."""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {shown(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(shown(inner) for inner in value)
    return str(value)
