"""Excel: the rows of one sheet, their cells as text.

A number keeps the digits it is written with, as far as Excel has any: 15 in a number with decimals. Dates and times
are written as ISO 8601, true and false as such, errors as they stand (#DIV/0!). A formula counts by the value it had
when the workbook was saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

import pyarrow as pa

from rulepacks.engine.formats.blocks import ROW_NUMBER, Block, Rejected
from rulepacks.engine.formats.columns import check_header
from rulepacks.engine.formats.delivery import Delivery
from rulepacks.engine.formats.workbook import Sheet, Workbook, local, open_workbook
from rulepacks.engine.limits import Limits

BATCH = 10_000
MAX_COLUMN = 16_384
_SHOWN = 200
_EXCEL = Context(prec=15, rounding=ROUND_HALF_EVEN)
_EPOCHS = {False: datetime.fromisoformat("1899-12-30"), True: datetime.fromisoformat("1904-01-01")}
_LEAP_BUG = 60
"""Day numbers below count from a day later: Excel has a 29 February 1900."""
_LAST_DAY = 2_958_466
_BLOCK_CHARACTERS = 16 * 1024 * 1024
TOO_LONG = "\0long"
"""In place of a text with which the row is longer than a record may be."""
NO_VALUE = "\0formula"
"""In place of the text of a formula that was saved without its value."""


@dataclass
class SheetRows:
    """Cells of one sheet as the parser meets them; `ready` holds whole rows: number, and text by column from 0."""

    book: Workbook
    ready: list[tuple[int, dict[int, str]]] = field(default_factory=list)
    row: int = 0
    column: int = -1
    cells: dict[int, str] = field(default_factory=dict)
    kind: str = "n"
    style: int = 0
    formula: bool = False
    reading: bool = False
    spoken: bool = False
    size: int = 0
    pieces: list[str] = field(default_factory=list)

    def start(self, name: str, given: dict[str, str]) -> None:
        word = local(name)
        if word == "c":
            self.column = _column(given.get("r", "")) if "r" in given else self.column + 1
            if not 0 <= self.column < MAX_COLUMN:
                raise self.book.refuse(f"row {self.row} has a cell {given.get('r', '')[:20]!r} beyond column XFD")
            self.kind, self.style = given.get("t", "n"), int(given["s"]) if given.get("s", "").isdigit() else 0
            self.formula, self.pieces = False, []
        elif word in {"v", "t"}:
            self.reading = True
        elif word == "rPh":
            self.spoken = True
        elif word == "f":
            self.formula = True
        elif word == "row":
            number = given.get("r", "")
            self.row = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else self.row + 1
            self.column, self.cells, self.size = -1, {}, 0

    def end(self, name: str) -> None:
        word = local(name)
        if word in {"v", "t"}:
            self.reading = False
        elif word == "rPh":
            self.spoken = False
        elif word == "c":
            if self.size > self.book.limits.record_bytes:
                self.cells[self.column] = TOO_LONG
            elif text := "".join(self.pieces):
                self.cells[self.column] = cell_text(self.book, self.kind, self.style, text)
                self.size += self.shared(len(self.cells[self.column]))
            elif self.formula and self.kind != "str":
                self.cells[self.column] = NO_VALUE
        elif word == "row" and self.cells:
            self.ready.append((self.row, self.cells))

    def text(self, data: str) -> None:
        if self.reading and not self.spoken:
            self.size += len(data)
            if self.size <= self.book.limits.record_bytes:
                self.pieces.append(data)

    def shared(self, length: int) -> int:
        """Characters that a cell takes from the shared texts: few bytes of the file, however long."""
        if self.kind != "s":
            return 0
        self.book.given += length
        return length


@dataclass(frozen=True)
class ExcelColumns:
    """The columns of the sheet."""

    columns: tuple[str, ...]


def read_excel(delivery: Delivery, limits: Limits) -> tuple[ExcelColumns, Iterator[Block]]:
    """The columns of a workbook's sheet and its rows in blocks; raises `BadInput` when it cannot be read.

    With several sheets the one named as the input is read; otherwise only one may hold anything.
    """
    for _ in delivery.chunks():
        # The bytes are hashed as they pass; the cells are read from the file itself.
        pass
    book = open_workbook(delivery.name, delivery.path, limits)
    rows = _rows(book, _chosen(book))
    header = next(rows, None)
    if header is None:
        raise book.refuse("the sheet is empty")
    line, cells = header
    names = [cells.get(at, "") for at in range(max(cells) + 1)]
    columns = check_header(delivery.name, names, line, limits)
    return ExcelColumns(columns), _blocks(rows, columns, limits)


def _chosen(book: Workbook) -> Sheet:
    named = [sheet for sheet in book.sheets if sheet.name.strip().lower() == book.input.lower()]
    filled = named or [sheet for sheet in book.sheets if next(_rows(book, sheet), None) is not None]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise book.refuse("the workbook holds no cells")
    names = ", ".join(sheet.name for sheet in filled)
    raise book.refuse(f"several sheets hold cells ({names}); name the one to be read {book.input}")


def _rows(book: Workbook, sheet: Sheet) -> Iterator[tuple[int, dict[int, str]]]:
    rows, parser = SheetRows(book), book.parser()
    parser.StartElementHandler, parser.EndElementHandler = rows.start, rows.end
    parser.CharacterDataHandler = rows.text
    for _ in book.parse(sheet.part, parser):
        yield from rows.ready
        rows.ready.clear()


def _blocks(rows: Iterator[tuple[int, dict[int, str]]], columns: tuple[str, ...], limits: Limits) -> Iterator[Block]:
    kept, rejected, size = list[tuple[int, dict[int, str]]](), list[Rejected](), 0
    for number, (line, cells) in enumerate(rows, start=1):
        defect = _defect(cells, columns, limits)
        if defect is None:
            kept.append((number, cells))
        else:
            rejected.append(Rejected(number, line, defect[0], defect[1], _shown(cells)))
        size += sum(map(len, cells.values()))
        if len(kept) + len(rejected) >= BATCH or size > _BLOCK_CHARACTERS:
            yield _block(kept, columns, rejected)
            kept, rejected, size = [], [], 0
    yield _block(kept, columns, rejected)


def _shown(cells: dict[int, str]) -> str:
    texts = (cells[at][:_SHOWN] for at in sorted(cells)[:_SHOWN])
    return ",".join(texts).replace("\0", "\N{SYMBOL FOR NULL}")[:_SHOWN]


def _defect(cells: dict[int, str], columns: tuple[str, ...], limits: Limits) -> tuple[str | None, str] | None:
    for at, text in cells.items():
        if at >= len(columns):
            return None, f"column {_letters(at)} has a value and no name in the header"
        if text == TOO_LONG:
            return columns[at], limits.said("record_bytes", "the record is longer than {} bytes")
        if text == NO_VALUE:
            return columns[at], "a formula without a value; save the workbook in Excel first"
        if "\0" in text:
            return columns[at], "a NUL character stands in the text"
    if sum(map(len, cells.values())) > limits.record_bytes:
        return None, limits.said("record_bytes", "the record is longer than {} bytes")
    return None


def _block(kept: list[tuple[int, dict[int, str]]], columns: tuple[str, ...], rejected: list[Rejected]) -> Block:
    arrays = {ROW_NUMBER: pa.array([number for number, _ in kept], pa.int64())}
    arrays |= {name: pa.array([cells.get(at, "") for _, cells in kept], pa.string()) for at, name in enumerate(columns)}
    return Block(pa.table(arrays), tuple(rejected))


def _column(reference: str) -> int:
    """Column from 0 of a reference such as AB12; -1 when it is none."""
    found = 0
    for letter in reference.rstrip("0123456789"):
        if not "A" <= letter <= "Z" or found > MAX_COLUMN:
            return -1
        found = found * 26 + ord(letter) - 64
    return found - 1


def _letters(at: int) -> str:
    text, at = "", at + 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(65 + rest) + text
    return text


def cell_text(book: Workbook, kind: str, style: int, text: str) -> str:
    """The text of a cell of a kind (`t` of ECMA-376 18.18.11) and style."""
    if kind == "s":
        at = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else len(book.shared)
        if at >= len(book.shared):
            raise book.refuse(f"a cell names the shared text {text[:20]!r}, which the workbook does not hold")
        return book.shared[at]
    if kind == "b":
        return {"1": "true", "0": "false"}.get(text, text)
    if kind != "n":
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    if style not in book.dates:
        return number_text(number)
    return date_text(number, from_1904=book.from_1904, clock=style in book.clocks)


def number_text(number: Decimal) -> str:
    """A number without exponent. One with decimals has 15 digits, as Excel shows it; a whole one keeps all."""
    if abs(number.adjusted()) > 400:
        return str(number)
    if not number:
        return "0"
    shown = number if number == number.to_integral_value() else _EXCEL.plus(number)
    whole, _, decimals = format(shown, "f").partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def date_text(serial: Decimal, *, from_1904: bool, clock: bool = False) -> str:
    """A day number as a date, a date and time, or below one day a time; a number that is none as it is.

    Midnight is left out, unless the cell shows a clock.
    """
    if not 0 <= serial < _LAST_DAY:
        return number_text(serial)
    day = int(serial)
    # Excel keeps times to about a millisecond.
    milliseconds = int(((serial - day) * 86_400_000).to_integral_value(ROUND_HALF_EVEN))
    early = not from_1904 and day < _LEAP_BUG
    moment = _EPOCHS[from_1904] + timedelta(days=day + early, milliseconds=milliseconds)
    if day == 0 and not from_1904:
        return moment.time().isoformat(timespec="auto")
    if not (milliseconds or clock):
        return moment.date().isoformat()
    text = moment.isoformat(" ", timespec="milliseconds")
    return text.removesuffix(".000")
