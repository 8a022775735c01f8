"""Results kept as Parquet."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.state import Made

BATCH = 50_000


def write_parquet(session: Session, sql: str, path: Path) -> None:
    """Write a result as it comes."""
    reader = session.batches(sql, BATCH)
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_table(pa.Table.from_batches([batch]))


def write_tables(session: Session, tables: Mapping[str, Made], out: Path) -> None:
    """Write every table as Parquet."""
    folder = out / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in sorted(tables.items()):
        columns = ", ".join(map(quoted, made.columns))
        rows = f"SELECT {columns} FROM {quoted(f'table:{name}')} ORDER BY {made.order}"
        write_parquet(session, rows, folder / f"{name}.parquet")
