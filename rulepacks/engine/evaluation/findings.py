"""Findings: rendered in DuckDB rule by rule, written to Parquet as they come, in a fixed order."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from rulepacks.engine.compile_sql import quoted, text_literal
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.spec import Rule, Severity, SeveritySpec

BATCH = 50_000
FEW = 2_000
MAX_SOURCE_ROWS = 100
BLANK = "(blank)"
NOTHING = "CAST(NULL AS VARCHAR)"

SCHEMA = pa.schema([
    ("ordinal", pa.int32()), ("rule", pa.string()), ("type", pa.string()), ("stage", pa.string()),
    ("severity", pa.string()), ("label", pa.string()), ("input", pa.string()), ("row", pa.int64()),
    ("key", pa.string()), ("unit", pa.string()), ("left", pa.string()), ("right", pa.string()),
    ("difference", pa.string()), ("tolerance", pa.string()), ("fields", pa.string()), ("rows", pa.list_(pa.int64())),
    ("message", pa.string()), ("fingerprint", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """SQL of the columns of a rule's findings, over `source`; `order` is the SQL they are ordered by.

    `cell` is the name of the field they are about, when they are about cells.
    """

    source: str
    key: Mapping[str, str]
    fields: Mapping[str, str]
    order: Sequence[str]
    severity: str
    message: str
    input: str
    row: str = "CAST(NULL AS BIGINT)"
    unit: str = NOTHING
    left: str = NOTHING
    right: str = NOTHING
    difference: str = NOTHING
    rows: str = "CAST([] AS BIGINT[])"
    cell: str = ""


class Writer(Protocol):
    """What takes the findings of a rule."""

    def write(self, rule: Rule, shown: Shown) -> None:
        """Take all findings of one rule."""


@dataclass(frozen=True)
class Rehearsal:
    """Renders findings and keeps none."""

    session: Session

    def write(self, rule: Rule, shown: Shown) -> None:
        """Render all findings of one rule."""
        for _ in self.session.batches(statement(self.session, rule, shown), BATCH):
            pass


@dataclass
class FindingsWriter:
    """Writes findings.parquet and keeps the running ordinal and digest."""

    session: Session
    path: Path
    ordinal: int = 0
    severities: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._writer = pq.ParquetWriter(self.path, SCHEMA, compression="zstd")
        self._digest = hashlib.sha256()

    def write(self, rule: Rule, shown: Shown) -> None:
        """Render and write all findings of one rule."""
        few = self.session.tallies[rule.code].failed <= FEW
        for batch in self.session.batches(statement(self.session, rule, shown), BATCH, few=few):
            self._digest.update(_text_of(batch.column("canonical")))
            start = self.ordinal + 1
            self.ordinal += batch.num_rows
            ordinals = pa.array(range(start, self.ordinal + 1), pa.int32())
            columns = [ordinals, *(batch.column(name) for name in SCHEMA.names[1:])]
            self._writer.write_table(pa.Table.from_arrays([_cast(column, kind) for column, kind in zip(
                columns, SCHEMA.types, strict=True)], schema=SCHEMA))  # fmt: skip

    def close(self) -> str:
        """Finish the file; returns the digest (hex) over all findings."""
        self._writer.close()
        return self._digest.hexdigest()


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else column.cast(kind)


def _text_of(column: pa.Array) -> bytes:
    """The texts of a column one after another; each ends in a newline, so how rows are batched makes no difference."""
    return "".join(column.to_pylist()).encode()


def statement(session: Session, rule: Rule, shown: Shown) -> str:
    """The SELECT of a rule's findings in their order, with the text the digest goes over."""
    order = [quoted(f"order:{at}") for at in range(len(shown.order))]
    named = {
        "severity": shown.severity, "row": shown.row, "key": json_object(shown.key), "unit": shown.unit,
        "left": shown.left, "right": shown.right, "difference": shown.difference,
        "fields": json_object(shown.fields), "rows": shown.rows, "message": shown.message,
        **{name[1:-1]: part for name, part in zip(order, shown.order, strict=True)},
    }  # fmt: skip
    inner = f"SELECT {', '.join(f'{sql} AS {quoted(name)}' for name, sql in named.items())} FROM {shown.source}"
    ordered = ", ".join([*(f"{name} NULLS FIRST" for name in order), "row"])
    occurrence = f"row_number() OVER (PARTITION BY key, unit ORDER BY {ordered}) AS occurrence"
    constant = {
        "rule": text_literal(rule.code), "type": text_literal(rule.type), "stage": text_literal(rule.stage),
        "label": severity_labels(session, rule), "input": text_literal(shown.input),
        "fingerprint": fingerprint(rule, shown), "tolerance": _tolerance(rule),
    }  # fmt: skip
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in constant.items())
    texts = ", ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), '')" for name in SCHEMA.names[1:])
    return (
        f"SELECT *, concat_ws(chr(31), {texts}) || chr(10) AS canonical FROM "
        f"(SELECT *, {listed} FROM (SELECT *, {occurrence} FROM ({inner}))) ORDER BY {ordered}"
    )


def fingerprint(rule: Rule, shown: Shown) -> str:
    """SQL of the fingerprint: the same finding in another run has the same. Cells are told apart by input and field."""
    what = ", ".join(map(text_literal, [rule.code, *([shown.input, shown.cell] if shown.cell else [])]))
    return f"sha256(concat_ws(chr(31), {what}, key, coalesce(unit, ''), occurrence))[1:16]"


def json_object(parts: Mapping[str, str]) -> str:
    """SQL of a JSON object as text; values are texts or null."""
    if not parts:
        return "'{}'"
    listed = ", ".join(f"{text_literal(name)}, CAST({value} AS VARCHAR)" for name, value in parts.items())
    return f"CAST(json_object({listed}) AS VARCHAR)"


def _tolerance(rule: Rule) -> str:
    text = tolerance_text(rule)
    return NOTHING if text is None else text_literal(text)


def tolerance_text(rule: Rule) -> str | None:
    """The tolerance as shown: an amount, a percentage, or both."""
    if rule.tolerance is None:
        return None
    absolute, relative = rule.tolerance.absolute, rule.tolerance.relative
    parts = [format(absolute, "f")] if absolute or not relative else []
    return " or ".join([*parts, *([f"{format(relative * 100, 'f').rstrip('0').rstrip('.')} %"] if relative else [])])


def severity_sql(spec: SeveritySpec, conditions: Sequence[str]) -> str:
    """SQL of the severity, given the SQL of each branch's condition."""
    if not spec.branches:
        return text_literal(spec.otherwise)
    cases = " ".join(
        f"WHEN {condition} THEN {text_literal(word)}"
        for (word, _), condition in zip(spec.branches, conditions, strict=True)
    )
    return f"CASE {cases} ELSE {text_literal(spec.otherwise)} END"


def severity_labels(session: Session, rule: Rule) -> str:
    """SQL of the pack's own word for the severity in column `severity`."""
    if rule.label:
        return text_literal(rule.label)
    words: list[Severity] = [rule.severity.otherwise, *(word for word, _ in rule.severity.branches)]
    cases = " ".join(
        f"WHEN {text_literal(word)} THEN {text_literal(session.pack.severity_labels.get(word, word.capitalize()))}"
        for word in dict.fromkeys(words)
    )
    return f"CASE severity {cases} END"


def message_sql(rule: Rule, values: Mapping[int, str], slots: Mapping[str, str], fallback: str) -> str:
    """SQL of the message: the template filled in, or the fallback. Blank values are shown as (blank)."""
    if not rule.message:
        return fallback
    parts, known = [], {**slots, "tolerance": _tolerance(rule)}
    for index, part in enumerate(rule.message):
        if part.slot or part.node is not None:
            value = known.get(part.slot, "NULL") if part.slot else values[index]
            parts.append(f"coalesce(CAST({value} AS VARCHAR), '{BLANK}')")
        else:
            parts.append(text_literal(part.text))
    return f"concat({', '.join(parts)})"
