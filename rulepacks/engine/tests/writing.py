"""Columns of values written by each writer, and read back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from rulepacks.engine.arrow_types import arrow_type
from rulepacks.engine.cell_values import as_text
from rulepacks.engine.expressions.types import BOOLEAN, DATE, INTEGER, TEXT, TIMESTAMP, Type, decimal
from rulepacks.engine.formats.writers import FILE_FORMATS
from rulepacks.engine.formats.writers.base import OutputColumn
from rulepacks.engine.spec import LayoutField

Row = Sequence[Any]
MONEY = decimal(23, 2)
COLUMNS = (
    OutputColumn("name", TEXT),
    OutputColumn('with, "quotes"', TEXT),
    OutputColumn("amount", MONEY),
    OutputColumn("count", INTEGER),
    OutputColumn("day", DATE),
    OutputColumn("open", BOOLEAN),
    OutputColumn("seen", TIMESTAMP),
)
SPECIAL = [
    "",
    " ",
    "a\nb",
    "a\r\nb",
    '"',
    '""',
    ",",
    "'",
    "=1+1",
    "-5",
    "-x",
    "+1",
    "@a",
    "\t",
    "\\",
    "<&>",
    "é𝒳",
    "_x000D_",
]
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
MONIES = st.decimals(Decimal("-999999999999999999999.99"), Decimal("999999999999999999999.99"), places=2)
EDGES = [Decimal(text) for text in ("0.00", "-0.01", "999999999999999999999.99", "-999999999999999999999.99", "0.10")]


def rows(texts: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[list[Row]]:
    """Rows of `COLUMNS`."""
    text = texts | st.sampled_from(SPECIAL)
    cells = (text, text, MONIES | st.sampled_from(EDGES), st.integers(-(10**18) + 1, 10**18 - 1),
             st.dates(date(1000, 1, 1)), st.booleans(), st.datetimes(datetime.fromisoformat("1000-01-01")))  # fmt: skip
    return st.lists(st.tuples(*(st.none() | cell for cell in cells)), max_size=8)


def as_texts(given: Row, columns: Sequence[OutputColumn] = COLUMNS) -> list[str | None]:
    """A row as DuckDB writes it."""
    return [None if value is None else as_text(value, column.type)
            for value, column in zip(given, columns, strict=True)]  # fmt: skip


def write(
    form: str, path: Path, given: Sequence[Row], columns: Sequence[OutputColumn] = COLUMNS, cuts: Sequence[int] = ()
) -> None:
    """Write rows, in batches that end at `cuts`."""
    file_format = FILE_FORMATS[form]
    writer = file_format.open(path, columns)
    bounds = [0, *sorted({cut for cut in cuts if cut < len(given)}), len(given)]
    for first, last in pairwise(bounds):
        writer.write(_batch(given[first:last], columns, typed=file_format.typed))
    writer.close()


def _batch(given: Sequence[Row], columns: Sequence[OutputColumn], *, typed: bool) -> pa.RecordBatch:
    values = given if typed else [as_texts(row, columns) for row in given]
    kinds = [arrow_type(column.type) if typed else pa.string() for column in columns]
    arrays = [pa.array([row[at] for row in values], kind) for at, kind in enumerate(kinds)]
    return pa.RecordBatch.from_arrays(arrays, names=[f"c{at}" for at in range(len(columns))])


def placed(widths: Mapping[str, tuple[Type, int]]) -> tuple[OutputColumn, ...]:
    """Columns of a layout with a gap of two characters between its fields."""
    columns, start = [], 1
    for name, (kind, width) in widths.items():
        place = LayoutField(
            name, start, width, "right" if kind.numeric else "left", "zero" if kind.numeric else "blank"
        )
        columns.append(OutputColumn(name, kind, place))
        start += width + 2
    return tuple(columns)
