"""Single rows of a snapshot: the one row group that holds them is read, through storage."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.core.files.storage import default_storage

from records.datasets.models import BatchInput, Record
from records.datasets.selectors import first_input_name
from records.runs.models import Finding


@dataclass(frozen=True)
class SourceRow:
    """A row as it was delivered: its number (1-based, of the data rows) and the text of each cell, in file order."""

    input: str
    number: int
    values: dict[str, str | None]


def record_row(record: Record) -> SourceRow | None:
    """The delivered row behind a record of a batch; None for a single record, whose payload is all there is."""
    if record.batch is None or record.row_number is None:
        return None
    name = first_input_name(record.batch)
    rows = input_rows(BatchInput.objects.filter(batch=record.batch, name=name).first(), [record.row_number])
    return rows[0] if rows else None


def record_rows(records: Iterable[Record]) -> dict[Any, SourceRow]:
    """Delivered rows of many records by record id, each batch's snapshot opened once."""
    by_batch: dict[Any, list[Record]] = {}
    for record in records:
        if record.batch is not None and record.row_number is not None:
            by_batch.setdefault(record.batch, []).append(record)
    found = {}
    for batch, members in by_batch.items():
        delivered = BatchInput.objects.filter(batch=batch, name=first_input_name(batch)).first()
        rows = {row.number: row for row in input_rows(delivered, [int(one.row_number or 0) for one in members])}
        found.update({one.id: rows[one.row_number] for one in members if one.row_number in rows})
    return found


def source_rows(finding: Finding) -> list[SourceRow]:
    """The delivered rows behind a finding, in order; for a large group the first hundred the finding names."""
    batch = finding.run.batch
    if batch is None:
        return []
    numbers = [finding.row] if finding.row is not None else list(finding.rows)
    name = finding.input or first_input_name(batch)
    return input_rows(BatchInput.objects.filter(batch=batch, name=name).first(), numbers)


def input_rows(delivered: BatchInput | None, numbers: Sequence[int]) -> list[SourceRow]:
    """The rows with these numbers in the snapshot of one input."""
    if delivered is None or not delivered.snapshot or not numbers:
        return []
    with default_storage.open(delivered.snapshot) as file:
        parquet = pq.ParquetFile(file)
        return [
            SourceRow(delivered.name, number, values)
            for group in groups_with(parquet, set(numbers))
            for number, values in rows_of(parquet, group, sorted(numbers))
        ]


def groups_with(parquet: pq.ParquetFile, numbers: set[int]) -> list[int]:
    """Row groups that can hold one of the numbers, by their statistics."""
    metadata = parquet.metadata
    found = []
    for group in range(metadata.num_row_groups):
        known = metadata.row_group(group).column(0).statistics
        if any(known.min <= number <= known.max for number in numbers):
            found.append(group)
    return found


def rows_of(parquet: pq.ParquetFile, group: int, numbers: Sequence[int]) -> list[tuple[int, dict[str, Any]]]:
    """Number and cells of each wanted row; the number is taken by place, a file may have a column of that name."""
    table = parquet.read_row_group(group)
    wanted = pc.is_in(table.column(0), value_set=pa.array(numbers, table.schema.field(0).type))
    kept = table.filter(wanted)
    return list(zip(kept.column(0).to_pylist(), kept.remove_column(0).to_pylist(), strict=True))
