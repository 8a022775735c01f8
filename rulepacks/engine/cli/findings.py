"""Findings of a run as text: a table for people, JSON lines or CSV for machines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import pyarrow.parquet

from rulepacks.engine.cli.columns import write_columns
from rulepacks.engine.formats.media import shielded
from rulepacks.engine.summary import OutcomeSummary, Summary

COLUMNS = (
    "rule", "severity", "label", "input", "row", "key", "unit", "left", "right", "difference", "fields", "message",
)  # fmt: skip
JSON_COLUMNS = frozenset({"key", "fields"})
SHOWN = 100
MESSAGE_WIDTH = 100
_BATCH = 10_000


def write_findings(form: str, path: Path, summary: Summary, to: TextIO) -> None:
    """Write the findings of findings.parquet in one of `FORMATS`."""
    FORMATS[form](_rows(path), summary, to)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=list(COLUMNS)):
            yield from batch.to_pylist()


def _as_json(rows: Iterator[dict[str, Any]], _: Summary, to: TextIO) -> None:
    for row in rows:
        document = {name: json.loads(row[name]) if name in JSON_COLUMNS else row[name] for name in COLUMNS}
        to.write(json.dumps(document, ensure_ascii=False) + "\n")


def _as_csv(rows: Iterator[dict[str, Any]], _: Summary, to: TextIO) -> None:
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([shielded(row[name] or "") if name != "row" else row[name] for name in COLUMNS] for row in rows)


def _as_table(rows: Iterator[dict[str, Any]], summary: Summary, to: TextIO) -> None:
    shown = [_line(row) for _, row in zip(range(SHOWN), rows, strict=False)]
    total = sum(summary.findings.values())
    if shown:
        write_columns([("Rule", "Severity", "Where", "Difference", "Message"), *shown], to)
        to.write("\n")
    if total > len(shown):
        to.write(f"The first {len(shown)} of {total:,} findings; --format json or csv writes all.\n\n")
    counts = [_counts(one) for one in summary.outcomes if one.failed or one.errored or one.not_evaluated]
    if counts:
        header = ("Rule", "Failed", "Broke", "Passed", "Not applicable", "Not evaluated", "Title")
        write_columns([header, *counts], to)
        to.write("\n")
    to.writelines(f"{line}\n" for line in [*_left_out(summary), *_totals(summary)])


def _counts(one: OutcomeSummary) -> tuple[str, ...]:
    counts = (one.failed, one.errored, one.passed, one.not_applicable, one.not_evaluated)
    return one.rule, *(f"{count:,}" for count in counts), one.title


def _left_out(summary: Summary) -> list[str]:
    """The rules that were not judged at all, with the reason: they are neither passed nor failed."""
    return [
        f"{outcome.rule} was not judged: {outcome.reason}"
        for outcome in summary.outcomes
        if outcome.reason and not (outcome.passed or outcome.failed or outcome.errored)
    ]


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    key = ", ".join(value for value in json.loads(row["key"]).values() if value)
    where = f"{row['input']} row {row['row']}" if row["row"] is not None else key or row["input"]
    message = row["message"] if len(row["message"]) <= MESSAGE_WIDTH else row["message"][: MESSAGE_WIDTH - 1] + "…"
    return row["rule"], row["label"] or row["severity"], where, row["difference"] or "", message


def _totals(summary: Summary) -> Iterator[str]:
    for name, one in summary.inputs.items():
        rejected = f", {one.rejected:,} rejected" if one.rejected else ""
        yield f"{name}: {one.rows_read:,} rows read{rejected}"
    yield f"{_named(summary, 'record')}: " + _listed(summary.records)
    if summary.statuses:
        yield f"{_named(summary, 'unit')}: " + _listed(summary.statuses)
    found = _listed({severity: count for severity, count in summary.findings.items() if count})
    unitless = f"; {summary.unitless:,} in no {summary.labels.get('unit', 'unit')}" if summary.unitless else ""
    yield f"Findings: {found or 'none'}{unitless}"
    seconds, memory = summary.seconds["total"], summary.peak_memory_bytes / 1e6
    yield f"{summary.pack} {summary.version}, {seconds:.1f} s, {memory:.0f} MB at most"


def _named(summary: Summary, what: str) -> str:
    """Records or Units, with the pack's own word for one."""
    word = summary.labels.get(what)
    return f"{what.capitalize()}s ({word})" if word else f"{what.capitalize()}s"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}".rstrip() for name, count in counts.items())


FORMATS: dict[str, Callable[[Iterator[dict[str, Any]], Summary, TextIO], None]] = {
    "table": _as_table,
    "json": _as_json,
    "csv": _as_csv,
}
