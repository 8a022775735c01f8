"""Fixed-width layouts: CSV files of a pack that say where each field stands."""

from collections.abc import Mapping
from typing import Literal, cast

from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.lists import Sheet, read_sheet
from rulepacks.engine.problems import Place
from rulepacks.engine.spec import LayoutField

NEEDED = ("field", "start", "length")
CHOICES = {"justify": ("left", "right"), "fill": ("blank", "zero")}
"""Columns a layout may have besides; the first choice is meant where the cell is blank."""


def read_layout(
    context: Context, file: str, place: Place, known: Mapping[str, object] | None
) -> tuple[LayoutField, ...]:
    """The fields of a layout, each of which is one of `known` if that is given; () and problems when it cannot be."""
    sheet = read_sheet(context, file, place)
    if sheet is None:
        return ()
    if not set(NEEDED) <= set(sheet.header):
        context.problems.add(place, f"{file} needs the columns field, start and length")
        return ()
    read = [_field(context, sheet, at, known) for at in range(len(sheet.rows))]
    fields = tuple(field for field in read if field is not None)
    return fields if len(fields) == len(read) else ()


def _field(context: Context, sheet: Sheet, at: int, known: Mapping[str, object] | None) -> LayoutField | None:
    cells, place = sheet.rows[at], Place(sheet.file, sheet.lines[at], 1)
    name, *numbers = (cells[sheet.column(column)] for column in NEEDED)
    if name is None or not all(_is_count(number) for number in numbers):
        context.problems.add(place, f"{name or 'a blank name'} is no field with a start and a length, counted from 1")
        return None
    if known is not None and not context.known("field", name, known, place):
        return None
    chosen = {}
    for column, options in CHOICES.items():
        cell = cells[sheet.column(column)] if column in sheet.header else None
        if cell is not None and cell not in options:
            context.problems.add(place, f"{column} is {cell}; {' or '.join(options)} is expected")
            return None
        chosen[column] = cell or options[0]
    start, length = (int(str(number)) for number in numbers)
    return LayoutField(
        name, start, length, cast("Literal['left', 'right']", chosen["justify"]),
        cast("Literal['blank', 'zero']", chosen["fill"]),
    )  # fmt: skip


def _is_count(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit() and 0 < int(text) <= 1_000_000
