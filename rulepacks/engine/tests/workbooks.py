"""Excel workbooks made for a test, sound ones and others."""

import io
import zipfile
from typing import Any

import openpyxl

SHEET = "xl/worksheets/sheet1.xml"
START = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
END = "</sheetData></worksheet>"


def workbook(*rows: list[Any], **sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for name, others in sheets.items():
        more = book.create_sheet(name)
        for row in others:
            more.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def changed(content: bytes, parts: dict[str, str | bytes | None]) -> bytes:
    """The workbook with other text in some parts, or without them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if (text := parts.get(name, old.read(name))) is not None:
                new.writestr(name, text)
        for name in parts.keys() - set(old.namelist()):
            new.writestr(name, parts[name] or "")
    return buffer.getvalue()


def cells(xml: str) -> bytes:
    """A workbook whose one sheet has a header a to f and these rows."""
    header = "".join(f'<c r="{letter.upper()}1" t="inlineStr"><is><t>{letter}</t></is></c>' for letter in "abcdef")
    return changed(workbook(["x"]), {SHEET: f'{START}<row r="1">{header}</row>{xml}{END}'})
