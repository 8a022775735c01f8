"""Parquet, compressed, in row groups of a fixed size so that batches leave no trace."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rulepacks.engine.arrow_types import arrow_type
from rulepacks.engine.formats.writers.base import OutputColumn

ROW_GROUP = 50_000


class ParquetWriter:
    """Writes Parquet, values as their types."""

    def __init__(self, path: Path, columns: Sequence[OutputColumn]) -> None:
        self._schema = pa.schema([(column.name, arrow_type(column.type)) for column in columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", store_schema=False)
        self._waiting: list[pa.Table] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        columns = [part.cast(kind) for part, kind in zip(batch.columns, self._schema.types, strict=True)]
        self._waiting.append(pa.Table.from_arrays(columns, schema=self._schema))
        if sum(table.num_rows for table in self._waiting) >= ROW_GROUP:
            self._flush(ROW_GROUP)

    def _flush(self, least: int) -> None:
        table = pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table()
        while table.num_rows >= least and table.num_rows:
            self._writer.write_table(table.slice(0, ROW_GROUP), row_group_size=ROW_GROUP)
            table = table.slice(ROW_GROUP)
        self._waiting = [table] if table.num_rows else []

    def close(self) -> None:
        """Finish the file."""
        self._flush(1)
        self._writer.close()
