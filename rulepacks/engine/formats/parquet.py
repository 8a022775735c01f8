"""Parquet: its values as the texts other formats would deliver them as.

Decimals and whole numbers keep every digit; floating-point numbers are written with as many digits as tell them apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rulepacks.engine.formats.blocks import ROW_NUMBER, Block, Rejected
from rulepacks.engine.formats.columns import check_header
from rulepacks.engine.formats.delivery import Delivery
from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput, InputProblem

BATCH = 10_000
MARK = b"PAR1"
_SHOWN = 200


@dataclass(frozen=True)
class ParquetColumns:
    """The columns of a file."""

    columns: tuple[str, ...]


def read_parquet(delivery: Delivery, limits: Limits) -> tuple[ParquetColumns, Iterator[Block]]:
    """The columns of a Parquet file and its rows in blocks; raises `BadInput` when it cannot be read."""
    for _ in delivery.chunks():
        # The bytes are hashed as they pass; the rows are read from the file itself.
        pass
    try:
        file = pq.ParquetFile(delivery.path, pre_buffer=False, memory_map=False)
        names = list(file.schema_arrow.names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _broken(delivery, error, limits) from error
    if file.metadata.num_rows > limits.rows:
        message = limits.said("rows", f"{file.metadata.num_rows} rows, more than {{}}")
        raise BadInput(InputProblem(delivery.name, message))
    columns = check_header(delivery.name, names, 1, limits)
    return ParquetColumns(columns), _blocks(delivery, file, columns, limits)


def _broken(delivery: Delivery, error: Exception, limits: Limits) -> BadInput:
    if isinstance(error, MemoryError):
        return BadInput(InputProblem(delivery.name, f"the Parquet file cannot be read: {limits.memory()}"))
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return BadInput(InputProblem(delivery.name, f"the Parquet file cannot be read: {reason}"))


def _blocks(delivery: Delivery, file: pq.ParquetFile, columns: tuple[str, ...], limits: Limits) -> Iterator[Block]:
    first = 1
    batches = file.iter_batches(BATCH, use_threads=False)
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            block = _block(batch, columns, first, limits)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _broken(delivery, error, limits) from error
        first += batch.num_rows
        yield block


def _block(batch: pa.RecordBatch, columns: tuple[str, ...], first: int, limits: Limits) -> Block:
    wrong: dict[int, tuple[str, str]] = {}
    texts = {name: _texts(array, name, wrong) for name, array in zip(columns, batch.columns, strict=True)}
    lengths = [pc.fill_null(pc.binary_length(array), 0) for array in texts.values()]
    total = lengths[0]
    for length in lengths[1:]:
        total = pc.add(total, length)
    for at in pc.indices_nonzero(pc.greater(total, limits.record_bytes)).to_pylist():
        wrong[at] = ("", limits.said("record_bytes", "the record is longer than {} bytes"))
    table = pa.table({ROW_NUMBER: pa.array(range(first, first + batch.num_rows), pa.int64()), **texts})
    rejected = tuple(
        Rejected(first + at, first + at, column or None, reason, _shown(table, at))
        for at, (column, reason) in sorted(wrong.items())
    )
    if wrong:
        table = table.filter(pa.array([at not in wrong for at in range(batch.num_rows)]))
    return Block(table, rejected)


def _shown(table: pa.Table, at: int) -> str:
    cells = [str(column[at].as_py() or "") for column in table.columns[1:]]
    return ",".join(cells).replace("\0", "\N{SYMBOL FOR NULL}")[:_SHOWN]


def _texts(array: pa.Array, name: str, wrong: dict[int, tuple[str, str]]) -> pa.Array:
    """A column as text; rows whose value is no text are named in `wrong` and null."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _checked(array.cast(pa.large_binary()), name, wrong)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _checked(array.cast(pa.large_binary()), name, wrong)
    if pa.types.is_nested(kind):
        return _by_value(array, lambda value: json.dumps(value, ensure_ascii=False, default=str))
    if pa.types.is_timestamp(kind):
        # A time zone is only shown by the file; the instant is the same.
        text = array.cast(pa.timestamp(kind.unit, "UTC" if kind.tz else None)).cast(pa.string())
        return pc.replace_substring_regex(text, pattern=r"\.0+(Z?)$", replacement=r"\1")
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    try:
        return array.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return _by_value(array, str)


def _by_value(array: pa.Array, write: Callable[[object], str]) -> pa.Array:
    return pa.array([None if value is None else write(value) for value in array.to_pylist()], pa.string())


def _checked(array: pa.Array, name: str, wrong: dict[int, tuple[str, str]]) -> pa.Array:
    """Bytes as text; those that are not UTF-8, or hold NUL characters, are no text."""
    try:
        texts = array.cast(pa.string())
    except pa.ArrowInvalid:
        values = [_decoded(value, at, name, wrong) for at, value in enumerate(array.to_pylist())]
        texts = pa.array(values, pa.string())
    for at in pc.indices_nonzero(pc.fill_null(pc.match_substring(texts, "\0"), False)).to_pylist():
        wrong.setdefault(at, (name, "a NUL character stands in the text"))
    return texts


def _decoded(value: bytes | None, at: int, name: str, wrong: dict[int, tuple[str, str]]) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        wrong.setdefault(at, (name, "the bytes are not text in UTF-8"))
        return None
