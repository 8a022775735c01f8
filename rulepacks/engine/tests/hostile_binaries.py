"""Workbooks, Parquet files and archives that are broken, or mean harm, and how each must end."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rulepacks.engine.tests.workbooks import END, SHEET, START, cells, changed, workbook

SHARED, STYLES, BOOK, LINKS = "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
ID = '<c r="A1" t="inlineStr"><is><t>id</t></is></c>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
SECRET = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def sheet(rows: str, head: str = "", **parts: str | bytes | None) -> bytes:
    """A workbook with one column, `id`, these rows, and other parts in place of its own."""
    text = f'{head}{START}<row r="1">{ID}</row>{rows}{END}'
    return changed(workbook(["id"]), {SHEET: text, **parts})


def shared(texts: str, rows: str, head: str = "") -> bytes:
    """A workbook whose cells share texts."""
    xml = f'{head}<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{texts}</sst>'
    return sheet(rows, **{SHARED: xml})


def cell(text: str) -> str:
    return f'<row><c t="inlineStr"><is><t>{text}</t></is></c></row>'


def broken_end(content: bytes, back: int) -> bytes:
    return content[:-back] + b"\xff" * back


def spoiled(content: bytes, at: int, length: int) -> bytes:
    return content[:at] + b"\xff" * length + content[at + length :]


def linked(target: str) -> str:
    link = f'<Relationship Id="rId1" Type="/worksheet" Target="{target}" TargetMode="External"/>'
    return f"<Relationships>{link}</Relationships>"


def renamed(content: bytes, old: str, new: str) -> bytes:
    """The archive with a part under another name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in before.namelist():
            after.writestr(new if name == old else name, before.read(name))
    return buffer.getvalue()


def parquet(columns: Mapping[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), buffer, **options)
    return buffer.getvalue()


def many_sheets(count: int) -> bytes:
    return workbook(["id"], ["1"], **{f"s{number}": [["id"]] for number in range(count)})


def nested(depth: int) -> pa.Array:
    kind, value = pa.int64(), 1
    for _ in range(depth):
        kind, value = pa.list_(kind), [value]  # type: ignore[assignment]
    return pa.array([value, None], kind)


BOOKS: dict[str, tuple[Callable[[], bytes], dict[str, Any]]] = {
    "an archive that is no workbook": (
        lambda: changed(workbook(["id"]), {BOOK: None}),
        {"refused": "xl/workbook.xml is missing"},
    ),
    "a workbook without its sheet": (
        lambda: changed(workbook(["id"]), {SHEET: None}),
        {"refused": "lacks xl/worksheets/sheet1.xml"},
    ),
    "a workbook cut in half": (lambda: workbook(["id"], ["1"])[:2000], {"refused": "the workbook is broken"}),
    "a workbook with another end": (
        lambda: broken_end(workbook(["id"], ["1"]), 30),
        {"refused": "the workbook is broken"},
    ),
    "a part whose sum is wrong": (lambda: sheet(cell("x")).replace(b"<row", b"<raw"), {"any": True}),
    "XML that stops": (
        lambda: changed(workbook(["id"]), {SHEET: START + '<row r="1">'}),
        {"refused": "not well-formed"},
    ),
    "no XML": (lambda: changed(workbook(["id"]), {SHEET: b"\0\1\2"}), {"refused": "not well-formed"}),
    "an empty part": (lambda: changed(workbook(["id"]), {SHEET: b""}), {"refused": "not well-formed"}),
    "a sheet without rows": (lambda: changed(workbook(["id"]), {SHEET: START + END}), {"refused": "holds no cells"}),
    "entities that laugh": (lambda: sheet(cell("&b;"), LAUGHS), {"refused": "document type declaration"}),
    "an entity out of a file": (lambda: sheet(cell("&a;"), SECRET), {"refused": "document type declaration"}),
    "an entity in the shared texts": (
        lambda: shared("<si><t>&a;</t></si>", "", SECRET),
        {"refused": "document type declaration"},
    ),
    "an entity in the styles": (
        lambda: sheet(cell("x"), **{STYLES: SECRET + "<styleSheet>&a;</styleSheet>"}),
        {"refused": "document type declaration"},
    ),
    "an entity in the list of sheets": (
        lambda: sheet(cell("x"), **{BOOK: SECRET + "<workbook>&a;</workbook>"}),
        {"refused": "document type declaration"},
    ),
    "an entity that was never declared": (lambda: sheet(cell("&gone;")), {"refused": "not well-formed"}),
    "a lone surrogate in XML": (lambda: sheet(cell("&#xD800;")), {"refused": "not well-formed"}),
    "a NUL in XML": (lambda: sheet(cell("&#0;")), {"refused": "not well-formed"}),
    "another encoding than said": (
        lambda: sheet(cell("\xe9"), '<?xml version="1.0" encoding="utf-16"?>'),
        {"refused": "not well-formed"},
    ),
    "a name that climbs": (
        lambda: renamed(sheet(cell("x")), "docProps/app.xml", "../../../outside.txt"),
        {"accepted": 1},
    ),
    "an absolute name": (lambda: renamed(sheet(cell("x")), "docProps/app.xml", "/outside.txt"), {"accepted": 1}),
    "a sheet that climbs out": (
        lambda: sheet(cell("x"), **{LINKS: linked("../../../etc/passwd")}),
        {"refused": "lacks"},
    ),
    "a sheet of the network": (
        lambda: sheet(cell("x"), **{LINKS: linked("http://example.invalid/x.xml")}),
        {"refused": "lacks"},
    ),
    "too many parts": (
        lambda: changed(workbook(["id"]), {f"x/{number}": "" for number in range(10_001)}),
        {"refused": "limit parts"},
    ),
    "a hundred sheets": (lambda: many_sheets(100), {"refused": "several sheets hold cells"}),
    "a cell beyond the last column": (
        lambda: sheet('<row><c r="ZZZZ9"><v>1</v></c></row>'),
        {"refused": "beyond column XFD"},
    ),
    "a cell without a place": (lambda: sheet('<row><c r="???"><v>1</v></c></row>'), {"refused": "beyond column XFD"}),
    "more columns than allowed": (
        lambda: workbook([f"c{number}" for number in range(1_001)], ["1"]),
        {"refused": "limit columns"},
    ),
    "a cell under no header": (
        lambda: sheet('<row r="2"><c r="C2"><v>1</v></c></row>' + cell("x")),
        {"accepted": 1, "rejected": [[2, "no name in the header"]]},
    ),
    "a formula without a value": (
        lambda: sheet('<row r="2"><c r="A2"><f>1+1</f></c></row>' + cell("x")),
        {"accepted": 1, "rejected": [[2, "a formula without a value"]]},
    ),
    "a formula with a value": (
        lambda: sheet('<row><c t="str"><f>HYPERLINK("http://example.invalid")</f><v>=cmd|\'x\'!A1</v></c></row>'),
        {"accepted": 1},
    ),
    "texts that look like formulas": (
        lambda: sheet(cell("=1+1") + cell("@SUM(A1)") + cell("-x") + cell("+x")),
        {"accepted": 4},
    ),
    "a shared text there is not": (
        lambda: shared("<si><t>x</t></si>", '<row><c t="s"><v>9</v></c></row>'),
        {"refused": "which the workbook does not hold"},
    ),
    "a shared text by a word": (
        lambda: shared("<si><t>x</t></si>", '<row><c t="s"><v>-1</v></c></row>'),
        {"refused": "which the workbook does not hold"},
    ),
    "numbers that are none": (
        lambda: cells("<row><c><v>NaN</v></c><c><v>1e400</v></c><c><v>Infinity</v></c><c><v>0x1</v></c></row>"),
        {"accepted": 1},
    ),
    "a number of 4300 digits": (lambda: sheet(f"<row><c><v>{'9' * 4300}</v></c></row>"), {"accepted": 1}),
    "an exponent without end": (lambda: sheet("<row><c><v>1e999999999</v></c></row>"), {"accepted": 1}),
    "a row number beyond all": (
        lambda: sheet('<row r="99999999999999999999"><c r="A2"><v>1</v></c></row>'),
        {"accepted": 1},
    ),
    "rows out of order": (
        lambda: sheet('<row r="9"><c r="A9"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>'),
        {"accepted": 2},
    ),
    "a cell of two megabytes": (
        lambda: sheet(cell("x" * 2_000_000) + cell("y")),
        {"accepted": 1, "rejected": [[2, "limit record_bytes"]]},
    ),
    "a shared text of a megabyte in every cell": (
        lambda: shared(f"<si><t>{'x' * 1_000_000}</t></si>", '<row><c t="s"><v>0</v></c></row>' * 50_000),
        {"refused": "limit unpacked_ratio"},
    ),
    "a style there is not": (lambda: sheet('<row><c s="9999"><v>46053</v></c></row>'), {"accepted": 1}),
    "dates before and after all": (
        lambda: sheet('<row><c s="1"><v>-1</v></c></row><row><c s="1"><v>99999999</v></c></row>'),
        {"accepted": 2},
    ),
    "dates of their own type": (
        lambda: workbook(
            ["id", "day"],
            ["1", date(2026, 1, 31)],
            ["2", datetime.fromisoformat("2026-01-31 00:00:00")],
            ["3", "01/31/2026"],
            ["4", "31.01.2026"],
        ),
        {"accepted": 4, "unreadable": 1},
    ),
    "a workbook in a gzip archive": (lambda: gzip.compress(sheet(cell("x")), mtime=0), {"refused": "packed already"}),
}
TABLES: dict[str, tuple[Callable[[], bytes], dict[str, Any]]] = {
    "a mark and nothing": (lambda: b"PAR1", {"refused": "cannot be read"}),
    "marks and nothing between": (lambda: b"PAR1\0\0\0\0PAR1", {"refused": "cannot be read"}),
    "a footer beyond the file": (
        lambda: b"PAR1" + b"\xff" * 100 + b"\xff\xff\xff\x7fPAR1",
        {"refused": "cannot be read"},
    ),
    "a footer of nothing": (lambda: parquet({"id": [1]})[:-8] + b"\0\0\0\0PAR1", {"refused": "cannot be read"}),
    "a footer with a word changed": (lambda: broken_end(parquet({"id": [1]}), 40), {"refused": "cannot be read"}),
    "a file cut in half": (lambda: parquet({"id": list(range(1000))})[:500], {"refused": "cannot be read"}),
    "pages that are broken": (
        lambda: spoiled(parquet({"id": list(range(1000))}, compression="none"), 4, 60),
        {"refused": "cannot be read"},
    ),
    "pages that do not unpack": (
        lambda: spoiled(parquet({"id": [f"text {number}" for number in range(1000)]}, use_dictionary=False), 60, 200),
        {"refused": "cannot be read"},
    ),
    "a column twice": (lambda: parquet({"id": [1], "ID": [2]}), {"refused": "both named"}),
    "a column without a name": (lambda: parquet({"": [1]}), {"refused": "no name"}),
    "a column with NUL in its name": (lambda: parquet({"a\0b": [1], "id": [1]}), {"refused": "NUL"}),
    "more columns": (lambda: parquet({f"c{number}": [1] for number in range(1_001)}), {"refused": "limit columns"}),
    "no columns": (lambda: parquet({}), {"any": True}),
    "no rows": (lambda: parquet({"id": pa.array([], pa.int64())}), {"accepted": 0}),
    "values in values": (lambda: parquet({"id": nested(20)}), {"accepted": 2}),
    "a struct and a map": (
        lambda: parquet(
            {"id": [{"a": 1, "b": {"c": "=1+1"}}], "amount": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}
        ),
        {"accepted": 1, "unreadable": 1},
    ),
    "bytes that are no text": (
        lambda: parquet({"id": pa.array([b"\xff", b"x"])}),
        {"accepted": 1, "rejected": [[1, "not text in UTF-8"]]},
    ),
    "a NUL in a text": (lambda: parquet({"id": ["a\0b", "x"]}), {"accepted": 1, "rejected": [[1, "NUL"]]}),
    "NaN and infinity": (
        lambda: parquet({"id": ["1", "2", "3"], "amount": [float("nan"), float("inf"), 1.5]}),
        {"accepted": 3, "unreadable": 2},
    ),
    "amounts wider than any": (
        lambda: parquet({"id": ["1"], "amount": pa.array([Decimal("9" * 76)], pa.decimal256(76, 0))}),
        {"accepted": 1, "unreadable": 1},
    ),
    "days beyond all": (
        lambda: parquet({"id": ["1", "2"], "day": pa.array([-(2**31), 2**31 - 1], pa.int32()).cast(pa.date32())}),
        {"accepted": 2, "unreadable": 2},
    ),
    "moments beyond all": (
        lambda: parquet({"id": ["1"], "day": pa.array([2**63 - 1], pa.timestamp("us"))}),
        {"any": True},
    ),
    "dates of their own type": (
        lambda: parquet(
            {"id": ["1", "2"], "day": pa.array([datetime.fromisoformat("2026-01-31"), None], pa.timestamp("ns"))}
        ),
        {"accepted": 2, "unreadable": 0},
    ),
    "a text of two megabytes": (
        lambda: parquet({"id": ["x" * 2_000_000, "y"]}),
        {"accepted": 1, "rejected": [[1, "limit record_bytes"]]},
    ),
    "a text file with its ends": (lambda: b"PAR1,id\n1,2\nPAR1", {"refused": "cannot be read"}),
    "a table in a gzip archive": (lambda: gzip.compress(parquet({"id": [1]}), mtime=0), {"refused": "packed already"}),
}
ARCHIVES: dict[str, tuple[Callable[[], bytes], dict[str, Any]]] = {
    "an archive cut short": (lambda: gzip.compress(b"id\n1\n" * 1000, mtime=0)[:-12], {"refused": "ends too early"}),
    "an archive with nothing in it": (lambda: gzip.compress(b"", mtime=0), {"refused": "the file is empty"}),
    "a mark of an archive": (lambda: b"\x1f\x8b", {"refused": "gzip archive"}),
    "an archive that is broken": (lambda: b"\x1f\x8b\x08\0" + b"\xff" * 100, {"refused": "the gzip archive is broken"}),
    "a sum that is wrong": (
        lambda: broken_end(gzip.compress(b"id\n1\n" * 1000, mtime=0), 8),
        {"refused": "the gzip archive is broken"},
    ),
    "an archive in an archive": (
        lambda: gzip.compress(gzip.compress(b"id\n1\n", mtime=0), mtime=0),
        {"refused": "inside a gzip archive"},
    ),
    "text behind an archive": (
        lambda: gzip.compress(b"id\n1\n", mtime=0) + b"more",
        {"refused": "the gzip archive is broken"},
    ),
    "two archives in a row": (
        lambda: gzip.compress(b"id\n1\n", mtime=0) + gzip.compress(b"2\n", mtime=0),
        {"accepted": 2},
    ),
    "a thousand archives of nothing": (
        lambda: gzip.compress(b"", mtime=0) * 1000 + gzip.compress(b"id\n1\n", mtime=0),
        {"accepted": 1},
    ),
    "a workbook that is named CSV": (lambda: sheet(cell("x")), {"accepted": 1}),
}
BOMBS: dict[str, tuple[str, Callable[[], bytes], dict[str, Any]]] = {
    "half a gigabyte of zeros": (
        "x.csv.gz",
        lambda: gzip.compress(bytes(500_000_000), 9, mtime=0),
        {"refused": "limit"},
    ),
    "one line of half a gigabyte": (
        "x.csv.gz",
        lambda: gzip.compress(b"id\n" + b"a" * 500_000_000, 9, mtime=0),
        {"refused": "limit unpacked_ratio"},
    ),
    "a sheet of half a gigabyte": ("x.xlsx", lambda: sheet(" " * 500_000_000), {"refused": "limit unpacked_ratio"}),
    "shared texts of half a gigabyte": (
        "x.xlsx",
        lambda: shared(f"<si><t>{'x' * 500_000_000}</t></si>", cell("x")),
        {"refused": "limit unpacked_ratio"},
    ),
    "elements in elements": ("x.xlsx", lambda: sheet("<a>" * 2_000_000), {"refused": "limit|not well-formed"}),
    "a dictionary of long texts": (
        "x.parquet",
        lambda: parquet({"id": pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["x" * 1_000_000])}),
        {"refused": "limit memory_bytes"},
    ),
    "ragged rows": ("x.csv", lambda: b"id,b\n" + b"x\n" * 1_500_000, {"refused": "limit rejected_rows"}),
    "lines that are no objects": (
        "x.ndjson",
        lambda: b'{"id":1}\n' + b"1\n" * 1_500_000,
        {"refused": "limit rejected_rows"},
    ),
    "quotes that are not closed": (
        "x.csv",
        lambda: b"id,b\n" + b'"a"b\n' * 1_500_000,
        {"refused": "limit rejected_rows"},
    ),
    "ten million short rows": ("x.csv", lambda: b"id\n" + b"a\n" * 10_000_000, {"accepted": 10_000_000}),
}
