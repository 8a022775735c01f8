"""What all writers have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from rulepacks.engine.expressions.types import Type
from rulepacks.engine.formats.media import FORMULA_BEGINS, PLAIN_NUMBER
from rulepacks.engine.spec import LayoutField

Holds: TypeAlias = Literal["value", "object", "list"]
Cell: TypeAlias = Any
"""An Arrow array of texts, or one text for all rows."""


@dataclass(frozen=True)
class OutputColumn:
    """A column of an output; `place` in formats whose columns have places.

    Texts of a column that `holds` an object are JSON, those of one that holds a list are numbers with commas.
    """

    name: str
    type: Type
    place: LayoutField | None = None
    holds: Holds = "value"


class Misfit(Exception):
    """A value that the file cannot hold; `row` counts the rows of the file from 0."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row
        self.message = message


class Writer(Protocol):
    """Writes a file batch by batch, its columns in the order the writer was made with."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows. Raises Misfit."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class TextWriter:
    """Writes lines of UTF-8 text."""

    def __init__(self, path: Path, columns: Sequence[OutputColumn]) -> None:
        self.columns = tuple(columns)
        self.rows = 0
        self._file = path.open("wb")

    def put(self, text: str) -> None:
        """Append a text as it is."""
        self._file.write(text.encode())

    def put_lines(self, cells: Sequence[Cell], between: str) -> None:
        """Append a line for each row: its cells with a text between them."""
        self._file.write(joined(cells, between))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def joined(cells: Sequence[Cell], between: str) -> bytes:
    """The cells of each row with a text between them, and a newline after each row."""
    rows = pc.binary_join_element_wise(*cells, pa.scalar(between))
    return content(pc.binary_join_element_wise(rows, pa.scalar(""), pa.scalar("\n")))


def content(texts: pa.Array) -> bytes:
    """All texts of an array one after another, as they lie in memory."""
    _, offsets, data = texts.buffers()
    if data is None:
        return b""
    bounds = pa.Array.from_buffers(pa.int32(), texts.offset + len(texts) + 1, [None, offsets])
    return bytes(data[bounds[texts.offset].as_py() : bounds[len(bounds) - 1].as_py()])


def held(texts: pa.Array, characters: Iterable[str]) -> list[str]:
    """Those of some characters that stand anywhere in the texts: most columns have none, and looking is cheap."""
    found = content(texts)
    return [character for character in characters if character.encode() in found]


def first_row(found: pa.Array) -> int | None:
    """The first row for which a condition is true."""
    at = pc.index(found, True).as_py()
    return None if at < 0 else int(at)


def like_formula(texts: pa.Array) -> pa.Array:
    """Whether a spreadsheet would take a text for a formula: it begins like one and is no plain number."""
    begins = pc.is_in(pc.utf8_slice_codeunits(texts, 0, 1), pa.array(list(FORMULA_BEGINS)))
    if not pc.any(begins).as_py():
        return begins
    return pc.and_not(begins, pc.match_substring_regex(texts, PLAIN_NUMBER))
