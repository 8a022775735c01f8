"""The parts of an Excel workbook (ECMA-376, SpreadsheetML) that hold the cells of a sheet.

Cells are read as they are written, since a library's floating-point numbers and blanked error cells would be another
delivery. Nothing is extracted to disk, no entity is ever expanded, and every byte unpacked is counted.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from rulepacks.engine.formats.unpack import check_ratio
from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput, InputProblem

CHUNK = 256 * 1024
MARK = b"PK\x03\x04"
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Numbers of the built-in formats that show dates or times."""
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)
_CLOCK_FORMATS = {*range(18, 23), 32, 33, *range(45, 48), 55, 56}
"""Those among them that show times."""
_DATE_SIGNS, _CLOCK_SIGNS = re.compile("[dmyhs]", re.IGNORECASE), re.compile("[hs]", re.IGNORECASE)


@dataclass(frozen=True)
class Sheet:
    """One worksheet: its name, and the name of the part that holds it."""

    name: str
    part: str


@dataclass
class Workbook:
    """An opened workbook: sheets in their order, shared texts, and which cell styles show dates and which times."""

    input: str
    archive: zipfile.ZipFile
    limits: Limits
    size: int
    sheets: list[Sheet] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    dates: set[int] = field(default_factory=set)
    clocks: set[int] = field(default_factory=set)
    from_1904: bool = False
    given: int = 0

    def refuse(self, message: str) -> BadInput:
        """The error for a workbook that cannot be read."""
        return BadInput(InputProblem(self.input, message))

    def parse(self, part: str, parser: Any) -> Iterator[None]:
        """Feed one part to a parser, stopping after each chunk; bounded in what it unpacks to."""
        try:
            with self.archive.open(part) as source:
                while chunk := source.read(CHUNK):
                    self.given += len(chunk)
                    parser.Parse(chunk, False)
                    check_ratio(self.input, self.size, self.given, self.limits)
                    yield
                parser.Parse(b"", True)
                yield
        except KeyError as error:
            raise self.refuse(f"the workbook lacks {part}") from error
        except expat.ExpatError as error:
            raise self.refuse(f"{part} is not well-formed XML: {error}") from error
        except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError) as error:
            raise self.refuse(f"the workbook is broken: {error}") from error

    def elements(self, part: str, start: Callable[[str, dict[str, str]], None]) -> None:
        """Go through the elements of a small part."""
        parser = self.parser()
        parser.StartElementHandler = lambda name, attributes: start(local(name), attributes)
        for _ in self.parse(part, parser):
            pass

    def parser(self) -> Any:
        """A parser that accepts no document type, so that there is nothing to expand."""
        parser = expat.ParserCreate()
        parser.buffer_text = True

        def refuse(*_: object) -> None:
            raise self.refuse("the workbook holds a document type declaration")

        parser.StartDoctypeDeclHandler = refuse
        return parser


def open_workbook(name: str, path: Path, limits: Limits) -> Workbook:
    """Open a workbook. Raises `BadInput` for what is none."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadInput(InputProblem(name, f"the workbook is broken: {error}")) from error
    book = Workbook(name, archive, limits, path.stat().st_size)
    parts = set(archive.namelist())
    if len(parts) > limits.parts:
        raise book.refuse(limits.said("parts", f"the workbook has {len(parts)} parts, more than {{}}"))
    if "xl/workbook.xml" not in parts:
        raise book.refuse("the ZIP archive is no Excel workbook (.xlsx): xl/workbook.xml is missing")
    _read_sheets(book)
    if "xl/styles.xml" in parts:
        _read_styles(book)
    if "xl/sharedStrings.xml" in parts:
        _read_shared(book)
    return book


def local(name: str) -> str:
    """The name of an element without its prefix."""
    return name.rpartition(":")[2]


def _read_sheets(book: Workbook) -> None:
    targets: dict[str, str] = {}
    found: list[tuple[str, str]] = []

    def relation(name: str, given: dict[str, str]) -> None:
        if name == "Relationship" and given.get("Type", "").endswith("/worksheet"):
            targets[given.get("Id", "")] = given.get("Target", "")

    def sheet(name: str, given: dict[str, str]) -> None:
        if name == "sheet":
            link = next((value for key, value in given.items() if local(key) == "id"), "")
            found.append((given.get("name", ""), link))
        elif name == "workbookPr":
            book.from_1904 = given.get("date1904", "") in {"1", "true"}

    book.elements("xl/_rels/workbook.xml.rels", relation)
    book.elements("xl/workbook.xml", sheet)
    for name, link in found:
        if link in targets:
            part = targets[link]
            part = part.lstrip("/") if part.startswith("/") else posixpath.normpath(f"xl/{part}")
            book.sheets.append(Sheet(name, part))


def _read_styles(book: Workbook) -> None:
    codes: dict[int, str] = {}
    inside = [False]
    count = [0]

    def style(name: str, given: dict[str, str]) -> None:
        if name == "numFmt":
            codes[_number(given.get("numFmtId"))] = given.get("formatCode", "")
        elif name in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            inside[0] = name == "cellXfs"
        elif name == "xf" and inside[0]:
            form = _number(given.get("numFmtId"))
            code = _QUOTED.sub("", codes.get(form, ""))
            if form in _DATE_FORMATS or _DATE_SIGNS.search(code):
                book.dates.add(count[0])
            if form in _CLOCK_FORMATS or _CLOCK_SIGNS.search(code):
                book.clocks.add(count[0])
            count[0] += 1

    book.elements("xl/styles.xml", style)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _read_shared(book: Workbook) -> None:
    parser, pieces = book.parser(), list[str]()
    depth = {"t": 0, "rPh": 0}
    size = [0]

    def start(name: str, _: dict[str, str]) -> None:
        word = local(name)
        if word == "si":
            pieces.clear()
        elif word in depth:
            depth[word] += 1

    def end(name: str) -> None:
        word = local(name)
        if word == "si":
            text = "".join(pieces)
            size[0] += len(text)
            if size[0] > book.limits.shared_characters:
                longest = book.limits.said("shared_characters", "{} characters")
                raise book.refuse(f"the texts its cells share are longer than {longest}")
            book.shared.append(text)
        elif word in depth:
            depth[word] -= 1

    def text(data: str) -> None:
        # rPh holds how a word is spoken, which is no part of it.
        if depth["t"] and not depth["rPh"]:
            pieces.append(data)

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    for _ in book.parse("xl/sharedStrings.xml", parser):
        pass
