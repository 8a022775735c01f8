"""Files made from what an evaluation found."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rulepacks.engine.compile_sql import quoted, text_literal
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.state import Made
from rulepacks.engine.evaluation.units import UNITS
from rulepacks.engine.spec import OutputSpec

BATCH = 50_000


def write_parquet(session: Session, sql: str, path: Path) -> None:
    """Write a result as it comes."""
    reader = session.batches(sql, BATCH)
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_table(pa.Table.from_batches([batch]))


def _select(name: str, made: Made, columns: Sequence[str], where: str = "") -> str:
    """The rows of a table in their order."""
    return f"SELECT {', '.join(columns)} FROM {quoted(f'table:{name}')}{where} ORDER BY {made.order}"


def write_tables(session: Session, tables: Mapping[str, Made], out: Path) -> None:
    """Write every table as Parquet."""
    folder = out / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in sorted(tables.items()):
        write_parquet(session, _select(name, made, list(map(quoted, made.columns))), folder / f"{name}.parquet")


def write_output(session: Session, output: OutputSpec, made: Made, out: Path) -> None:
    """Write one output; amounts are written with all their digits."""
    folder = out / "outputs"
    folder.mkdir(parents=True, exist_ok=True)
    where = ""
    if output.units:
        statuses = ", ".join(map(text_literal, output.units))
        where = f" WHERE {made.unit} IN (SELECT unit FROM {UNITS} WHERE status IN ({statuses}))"
    cells = ", ".join(_csv_cell(f"CAST({quoted(name)} AS VARCHAR)") for _, name in output.columns)
    line = f"concat_ws(',', {cells}) || chr(10) AS text"
    with (folder / f"{output.name}.{output.format}").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerow([header for header, _ in output.columns])
        for batch in session.batches(_select(output.source, made, [line], where), BATCH):
            handle.writelines(batch.column("text").to_pylist())


def _csv_cell(value: str) -> str:
    """SQL of a cell of a CSV file; blank when NULL."""
    special = f"regexp_matches({value}, '[\",\\n\\r]')"
    return f"coalesce(CASE WHEN {special} THEN concat('\"', replace({value}, '\"', '\"\"'), '\"') ELSE {value} END, '')"
