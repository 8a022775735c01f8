"""Excel workbooks (Office Open XML, ECMA-376) with one sheet, written row by row as it comes.

Only what a spreadsheet needs is written, and the parts of the archive carry no time, so the same rows give the same
bytes. Texts stay texts whatever they look like. Numbers a spreadsheet cannot keep exactly (more than 15 digits) and
days before March 1900, which its calendar has wrong, are written as texts.
"""

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyarrow as pa
import pyarrow.compute as pc

from rulepacks.engine.expressions.types import TEXT, Type
from rulepacks.engine.formats.writers.base import Misfit, OutputColumn, first_row, held, joined, like_formula
from rulepacks.engine.formats.writers.excel_parts import DATE, PLAIN, QUOTED, SHEET, SHEET_END, head, parts

MAX_ROWS, MAX_TEXT, MAX_SHEET_BYTES = 1_048_576, 32_767, 2**31 - 1
EXACT_DIGITS = 15
_FIRST_DAY = "1900-03-01"
_LONG = "[\U00010000-\U0010ffff]"
# What XML cannot hold is written _xHHHH_; a text that reads like that gets its own underscore written so.
_UNWRITABLE = [chr(code) for code in (*range(9), 11, 12, *range(13, 32), 0xFFFE, 0xFFFF)]
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LOOKS_ESCAPED = "_(x[0-9A-Fa-f]{4}_)"


class ExcelWriter:
    """Writes a workbook."""

    def __init__(self, path: Path, columns: Sequence[OutputColumn]) -> None:
        self.columns = tuple(columns)
        self.rows = 0
        self._size = 0
        self._archive = ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1)
        for name, content in parts(path.stem, [column.type for column in columns]).items():
            self._archive.writestr(_entry(name), content)
        self._sheet = self._archive.open(_entry(SHEET), "w")
        self._put(head())
        self._put_rows([pa.array([column.name]) for column in columns], [TEXT] * len(columns))

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows. Raises Misfit."""
        if self.rows + batch.num_rows > MAX_ROWS:
            raise Misfit(MAX_ROWS - 1, f"a sheet has room for {MAX_ROWS} rows, its header included")
        self._put_rows([part.cast(pa.string()) for part in batch.columns], [column.type for column in self.columns])

    def _put_rows(self, columns: Sequence[pa.Array], kinds: Sequence[Type]) -> None:
        count = len(columns[0])
        numbers = pa.array(map(str, range(self.rows + 1, self.rows + count + 1)), pa.string())
        cells = [pc.binary_join_element_wise('<row r="', numbers, '">', "")]
        for at, (texts, kind) in enumerate(zip(columns, kinds, strict=True)):
            self._refuse(texts, at)
            cells.append(_cells(texts, kind, pc.binary_join_element_wise(f'<c r="{letters(at)}', numbers, '"', ""), at))
        self._put(joined([*cells, pa.scalar("</row>")], ""))
        self.rows += count

    def _refuse(self, texts: pa.Array, at: int) -> None:
        # There are never more of a spreadsheet's characters (UTF-16 units) than bytes, which are quicker to count.
        if (pc.max(pc.binary_length(texts)).as_py() or 0) <= MAX_TEXT:
            return
        lengths = pc.fill_null(pc.add(pc.utf8_length(texts), pc.count_substring_regex(texts, _LONG)), 0)
        row = first_row(pc.greater(lengths, MAX_TEXT))
        if row is not None:
            message = f"{self.columns[at].name} has {lengths[row].as_py()} characters; a cell has room for {MAX_TEXT}"
            raise Misfit(max(self.rows + row - 1, 0), message)

    def _put(self, content: bytes) -> None:
        self._size += len(content)
        if self._size > MAX_SHEET_BYTES:
            raise Misfit(max(self.rows - 1, 0), f"the sheet is larger than {MAX_SHEET_BYTES} bytes")
        self._sheet.write(content)

    def close(self) -> None:
        """Finish the workbook."""
        if not self._sheet.closed:
            self._sheet.write(SHEET_END)
            self._sheet.close()
        self._archive.close()


def _entry(name: str) -> ZipInfo:
    """A part of the archive, dated as early as archives go."""
    entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = ZIP_DEFLATED
    return entry


def letters(at: int) -> str:
    """The letters of a column counted from 0: A, B, … Z, AA."""
    return (letters(at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


def _cells(texts: pa.Array, kind: Type, begin: pa.Array, at: int) -> pa.Array:
    """The cells of a column; nothing where a value is null. The style of a number is that of its column."""
    if kind.kind == "boolean":
        cells = _typed(begin, 't="b"', pc.if_else(pc.equal(texts, "true"), "1", "0"))
    elif kind.numeric:
        digits = pc.utf8_ltrim(pc.replace_substring(texts, ".", ""), "-0")
        exact = pc.less_equal(pc.utf8_length(digits), EXACT_DIGITS)
        style = f's="{PLAIN + at + 1}"' if kind.scale > 0 else ""
        cells = pc.if_else(exact, _typed(begin, style, texts), _text_cells(texts, begin))
    elif kind.kind == "date":
        days = pc.add(texts.cast(pa.date32()).cast(pa.int32()), 25_569).cast(pa.string())
        cells = pc.if_else(
            pc.greater_equal(texts, _FIRST_DAY), _typed(begin, f's="{DATE}"', days), _text_cells(texts, begin)
        )
    else:
        cells = _text_cells(texts, begin)
    return pc.fill_null(cells, "")


def _typed(begin: pa.Array, attributes: str, values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(begin, f" {attributes}><v>", values, "</v></c>", "")


def _text_cells(texts: pa.Array, begin: pa.Array) -> pa.Array:
    formulas = like_formula(texts)
    style = pc.if_else(formulas, f' s="{QUOTED}"', "") if pc.any(formulas).as_py() else pa.scalar("")
    opening = ' t="inlineStr"><is><t xml:space="preserve">'
    return pc.binary_join_element_wise(begin, style, opening, _escaped(texts), "</t></is></c>", "")


def _escaped(texts: pa.Array) -> pa.Array:
    if held(texts, ("_x",)):
        texts = pc.replace_substring_regex(texts, _LOOKS_ESCAPED, r"_x005F_\1")
    for character in held(texts, _ENTITIES):
        texts = pc.replace_substring(texts, character, _ENTITIES[character])
    for character in held(texts, _UNWRITABLE):
        texts = pc.replace_substring(texts, character, f"_x{ord(character):04X}_")
    return texts
