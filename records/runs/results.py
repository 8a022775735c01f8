"""What the engine left in its output folder, read back row by row."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from records.datasets.identity import row_id
from records.runs.bulk import REJECTED, identifier
from records.runs.models import Run

# Sums of amounts must not round.
EXACT = Context(prec=2000, traps=[Inexact])
SLICE = 10_000
LONGEST_UNIT = 200

FINDING_COLUMNS = {
    "id": "uuid", "run_id": "uuid", "ordinal": "bigint", "rule": "text", "type": "text", "stage": "text",
    "severity": "text", "label": "text", "input": "text", "row": "bigint", "record_id": "uuid", "unit": "text",
    "key": "jsonb", "left": "text", "right": "text", "difference": "text", "tolerance": "text",
    "magnitude": "float8", "fields": "jsonb", "rows": "jsonb", "message": "text", "fingerprint": "text",
}  # fmt: skip
UNIT_COLUMNS = {
    "id": "uuid", "run_id": "uuid", "unit": "text", "status": "text",
    "fatal": "int", "error": "int", "warning": "int", "info": "int",
}  # fmt: skip


@dataclass
class Tally:
    """Per rule code: how many findings, and the exact sum of their absolute differences."""

    findings: Counter[str] = field(default_factory=Counter)
    difference: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, rule: str, difference: str | None) -> None:
        self.findings[rule] += 1
        if difference is not None:
            self.difference[rule] = EXACT.add(self.difference[rule], abs(Decimal(difference)))


def parquet_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Rows of a Parquet file, a slice in memory at a time."""
    with pq.ParquetFile(file) as parquet:
        for slice_ in parquet.iter_batches(SLICE):
            yield from slice_.to_pylist()


def finding_rows(out: Path, run: Run, first_input: str, tally: Tally) -> Iterator[tuple[Any, ...]]:
    """Findings in the order of `FINDING_COLUMNS`, tallied as they pass."""
    run_id = identifier(run.id)
    for row in parquet_rows(out / "findings.parquet"):
        tally.add(row["rule"], row["difference"])
        record = None
        if run.batch_id and row["row"] is not None and row["input"] == first_input:
            record = identifier(row_id(run.batch_id, row["row"]))
        yield (
            identifier(row_id(run.id, row["ordinal"])),
            run_id,
            row["ordinal"],
            row["rule"],
            row["type"],
            row["stage"],
            row["severity"],
            row["label"] or "",
            row["input"] or "",
            row["row"],
            record,
            unit_name(row["unit"] or ""),
            row["key"],
            row["left"],
            row["right"],
            row["difference"],
            row["tolerance"],
            None if row["difference"] is None else abs(float(row["difference"])),
            row["fields"],
            json.dumps(row["rows"] or []),
            row["message"],
            row["fingerprint"],
        )


def unit_rows(out: Path, run: Run) -> Iterator[tuple[Any, ...]]:
    """Unit statuses in the order of `UNIT_COLUMNS`."""
    for number, row in enumerate(parquet_rows(out / "units.parquet"), start=1):
        counts = (row["fatal"], row["error"], row["warning"], row["info"])
        yield (identifier(row_id(run.id, number)), identifier(run.id), unit_name(row["unit"]), row["status"], *counts)


def unit_name(unit: str) -> str:
    """A unit as it is stored. Of one longer than the column the beginning and a hash are kept, so it stays itself."""
    if len(unit) <= LONGEST_UNIT:
        return unit
    digest = hashlib.sha256(unit.encode()).hexdigest()[:16]
    return f"{unit[: LONGEST_UNIT - len(digest) - 1]}\N{HORIZONTAL ELLIPSIS}{digest}"


def row_states(out: Path, rejected: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Rows of the records' input that did not plainly pass: failed, errored, or rejected by the reader."""
    for row in parquet_rows(out / "record_states.parquet"):
        yield row["row_number"], row["state"]
    for number in rejected:
        yield number, REJECTED


def rejected_rows(lines: Iterable[str | bytes], name: str) -> Iterator[int]:
    """Numbers of the rejected rows of one input, from the lines of a rejects file."""
    for line in lines:
        row = json.loads(line)
        if row["input"] == name:
            yield row["row_number"]
