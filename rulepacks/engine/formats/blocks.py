"""From pieces of whole records to blocks of text columns, with every record either kept or rejected.

Each format says how to parse a run of records fast. When anything in a piece is out of order, that piece alone is
gone through record by record, the bad ones are taken out and named, and the rest is parsed as before.
"""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from rulepacks.engine.formats.pieces import Piece, count_lines

ROW_NUMBER = "row_number"
SHOWN_TEXT = 200
EXACT = 20_000
"""Records that are gone through one by one at a time."""


@dataclass(frozen=True, slots=True)
class Defect:
    """Why a record has no usable cells, and in which column when that is known."""

    reason: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A delivered row that could not be read: it keeps its row number, and its first 200 characters."""

    row_number: int
    line: int
    column: str | None
    reason: str
    text: str


@dataclass(frozen=True)
class Parsed:
    """Text columns of the records that could be parsed, and the defects of the others by their position."""

    columns: Mapping[str, pa.Array]
    count: int
    defects: Mapping[int, Defect]


@dataclass(frozen=True)
class Block:
    """Accepted rows as a table (`row_number` first, then text columns) and the rows rejected among them."""

    table: pa.Table
    rejected: tuple[Rejected, ...]


class Format(Protocol):
    """What a file format has to know about its own records."""

    def starts(self, data: bytes) -> list[int]:
        """Offsets at which the records of `data` begin, blank lines left out."""
        ...

    def parse(self, data: bytes) -> Parsed:
        """Text columns of whole records that are known to be UTF-8 without NUL characters."""
        ...

    def column_at(self, record: bytes, offset: int) -> str | None:
        """The column that holds the byte at `offset` of a record."""
        ...


def read_blocks(pieces: Iterable[Piece], layout: Format, longest: int) -> Iterator[Block]:
    """Turn pieces into blocks; row numbers count data rows from 1, rejected ones included."""
    row_number = 1
    for piece in pieces:
        plain = _plain_block(piece, layout, row_number, longest)
        for block in [plain] if plain else _exact_blocks(piece, layout, row_number, longest):
            row_number += block.table.num_rows + len(block.rejected)
            yield block


def _plain_block(piece: Piece, layout: Format, first: int, longest: int) -> Block | None:
    """The block when nothing in the piece is out of order, else nothing."""
    if piece.refused or not _is_plain_text(piece.data, longest):
        return None
    parsed = layout.parse(piece.data)
    if parsed.defects:
        return None
    return Block(_table(range(first, first + parsed.count), parsed), ())


def _is_plain_text(data: bytes, longest: int) -> bool:
    if b"\0" in data:
        return False
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return False
    # A record longer than the limit covers at least one whole window of half the limit.
    window = max(longest // 2, 1)
    return all(data.find(b"\n", at, at + window) >= 0 for at in range(0, len(data) - window + 1, window))


def _exact_blocks(piece: Piece, layout: Format, first: int, longest: int) -> Iterator[Block]:
    """The records of a piece gone through one by one, not too many at a time: each takes far more memory than its
    bytes."""
    starts = layout.starts(piece.data)
    refused, line = list(piece.refused), piece.line
    for at in range(0, max(len(starts), 1), EXACT):
        begin = starts[at] if at else 0
        end = starts[at + EXACT] if at + EXACT < len(starts) else len(piece.data)
        before = bisect_right(refused, end, key=lambda one: one.at)
        mine = tuple(replace(one, at=one.at - begin) for one in refused[:before])
        part = Piece(piece.data[begin:end], line, mine)
        block = _exact_block(part, [start - begin for start in starts[at : at + EXACT]], layout, first, longest)
        yield block
        first += block.table.num_rows + len(block.rejected)
        line += count_lines(part.data) + len(mine)
        refused = refused[before:]


def _exact_block(piece: Piece, starts: list[int], layout: Format, first: int, longest: int) -> Block:
    records = [piece.data[start:end] for start, end in itertools.pairwise([*starts, len(piece.data)])]
    defects = {at: defect for at, record in enumerate(records) if (defect := _text_defect(record, layout, longest))}
    kept = [at for at in range(len(records)) if at not in defects]
    parsed = layout.parse(b"".join(records[at] for at in kept))
    defects |= {kept[at]: defect for at, defect in parsed.defects.items()}
    numbers, rejected = _number(piece, starts, records, defects, first)
    if len(numbers) != parsed.count:
        raise RuntimeError(f"{len(numbers)} records gave {parsed.count} rows")
    return Block(_table(numbers, parsed), rejected)


def _text_defect(record: bytes, layout: Format, longest: int) -> Defect | None:
    if len(record) > longest:
        return Defect(f"the record is longer than {longest} bytes (limit record_bytes)")
    if (at := record.find(b"\0")) >= 0:
        return Defect("a NUL character stands in the text", layout.column_at(record, at))
    try:
        record.decode()
    except UnicodeDecodeError as error:
        return Defect("the bytes are not text in this encoding", layout.column_at(record, error.start))
    return None


def _number(
    piece: Piece, starts: list[int], records: list[bytes], defects: Mapping[int, Defect], first: int
) -> tuple[list[int], tuple[Rejected, ...]]:
    """Row numbers of the kept records, and the rejected ones with row number and line, in the delivered order."""
    numbers: list[int] = []
    rejected: list[Rejected] = []
    refused = deque(piece.refused)
    row_number, line, counted = first, piece.line, 0
    for at, start in [*enumerate(starts), (len(starts), len(piece.data))]:
        while refused and refused[0].at <= start:
            out = refused.popleft()
            rejected.append(Rejected(row_number, out.line, None, out.reason, _shown(out.text)))
            row_number, line = row_number + 1, line + 1
        if at == len(starts):
            break
        defect = defects.get(at)
        if defect is None:
            numbers.append(row_number)
        else:
            line, counted = line + count_lines(piece.data[counted:start]), start
            rejected.append(Rejected(row_number, line, defect.column, defect.reason, _shown(records[at])))
        row_number += 1
    return numbers, tuple(rejected)


def _shown(record: bytes) -> str:
    text = record[: SHOWN_TEXT * 4].decode(errors="replace").rstrip("\r\n")
    return text.replace("\0", "\N{SYMBOL FOR NULL}")[:SHOWN_TEXT]


def _table(numbers: Iterable[int], parsed: Parsed) -> pa.Table:
    buffer = pa.py_buffer(array("q", numbers))
    row_numbers = pa.Array.from_buffers(pa.int64(), parsed.count, [None, buffer])
    return pa.table({ROW_NUMBER: row_numbers, **parsed.columns})
