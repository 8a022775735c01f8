"""The snapshot of an input: what was delivered, as text, in one immutable Parquet file.

The same delivered bytes give the same snapshot bytes. A later pack version can be run over it, since typing, trimming
and blank-to-null happen at evaluation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from rulepacks.engine.compile_sql import text_literal
from rulepacks.engine.formats.blocks import ROW_NUMBER

ROW_GROUP = 50_000
_HASH_CHUNK = 1024 * 1024


class SnapshotWriter:
    """Writes tables to `path` in row groups of `ROW_GROUP` rows. Columns that come later are null in earlier rows."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path = path
        self.rows = 0
        self._columns = columns
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._parts: list[Path] = []
        self._writer = self._open_part()

    def write(self, table: pa.Table) -> None:
        """Append a block; its columns are those seen so far or more."""
        delivered = tuple(name for name in table.column_names if name != ROW_NUMBER)
        if set(delivered) - set(self._columns):
            self._widen(delivered)
        self.rows += table.num_rows
        self._waiting.append(_aligned(table, self._columns))
        self._waiting_rows += table.num_rows
        if self._waiting_rows >= ROW_GROUP:
            self._flush(whole_groups=True)

    def finish(self) -> tuple[str, int]:
        """Close the file; returns its SHA-256 and its size in bytes."""
        self._flush(whole_groups=False)
        self._writer.close()
        if len(self._parts) > 1:
            self._join_parts()
        else:
            self._parts[0].rename(self.path)
        return file_sha256(self.path), self.path.stat().st_size

    def _widen(self, delivered: tuple[str, ...]) -> None:
        self._flush(whole_groups=False)
        self._writer.close()
        self._columns = (*self._columns, *(name for name in delivered if name not in self._columns))
        self._writer = self._open_part()

    def _open_part(self) -> pa.parquet.ParquetWriter:
        part = self.path.with_name(f"{self.path.name}.part{len(self._parts)}")
        self._parts.append(part)
        return _writer(part, self._columns)

    def _flush(self, *, whole_groups: bool) -> None:
        table = pa.concat_tables(self._waiting) if self._waiting else None
        self._waiting, self._waiting_rows = [], 0
        if table is None:
            return
        end = table.num_rows - table.num_rows % ROW_GROUP if whole_groups else table.num_rows
        if end:
            self._writer.write_table(table.slice(0, end), row_group_size=ROW_GROUP)
        if end < table.num_rows:
            self._waiting, self._waiting_rows = [table.slice(end)], table.num_rows - end

    def _join_parts(self) -> None:
        parts, self._parts = self._parts, []
        whole = _writer(self.path, self._columns)
        for part in parts:
            with pa.parquet.ParquetFile(part) as reader:
                for batch in reader.iter_batches(ROW_GROUP):
                    whole.write_table(_aligned(pa.Table.from_batches([batch]), self._columns), ROW_GROUP)
            part.unlink()
        whole.close()


def _writer(path: Path, columns: tuple[str, ...]) -> pa.parquet.ParquetWriter:
    schema = pa.schema([(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in columns)])
    return pa.parquet.ParquetWriter(path, schema, compression="zstd", write_statistics=[ROW_NUMBER], store_schema=False)


def _aligned(table: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """The table with exactly these columns, in this order."""
    held = set(table.column_names)
    arrays = [table.column(name) if name in held else pa.nulls(table.num_rows, pa.string()) for name in columns]
    return pa.table([table.column(ROW_NUMBER), *arrays], names=[ROW_NUMBER, *columns])


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def snapshot_relations(snapshots: Mapping[str, Path]) -> dict[str, str]:
    """Snapshots by input as relations a statement reads, the way `evaluate` takes them."""
    return {name: f"read_parquet({text_literal(str(path))})" for name, path in snapshots.items()}


def snapshot_columns(path: Path) -> tuple[str, ...]:
    """The delivered columns of a snapshot."""
    names = pa.parquet.read_schema(path).names
    return tuple(name for name in names if name != ROW_NUMBER)
