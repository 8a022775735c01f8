"""Excel workbooks: cells as they are written, and broken or hostile ones refused."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulepacks.engine.formats.blocks import Rejected
from rulepacks.engine.formats.excel import date_text, number_text
from rulepacks.engine.refusals import BadInput
from rulepacks.engine.tests.reading import read_file
from rulepacks.engine.tests.workbooks import END, SHEET, START, cells, changed, workbook


def read(folder: Path, content: bytes) -> tuple[list[dict[str, Any]], list[Rejected]]:
    summary, rows, rejected = read_file(folder, content, "data.xlsx")
    assert (summary.format, summary.rows_read) == ("excel", len(rows) + len(rejected))
    return rows, rejected


def test_cells_are_read_as_they_are_written(tmp_path: Path) -> None:
    content = workbook(
        ["id", "amount", "day", "seen", "flag", "text"],
        [
            "0012",
            1234.5,
            date(2026, 1, 31),
            datetime.fromisoformat("2026-01-31 14:30:05"),
            True,
            "=1",
        ],
        [7, 999999999999999, time(6, 30), None, False, " two  words "],
        [],
        ["x", 0.1 + 0.2, None, None, None, None],
    )
    rows, rejected = read(tmp_path, content)
    assert rows[0] == {
        "row_number": 1, "id": "0012", "amount": "1234.5", "day": "2026-01-31", "seen": "2026-01-31 14:30:05",
        "flag": "true", "text": "",
    } or rejected  # fmt: skip
    assert (rows[-2]["id"], rows[-2]["amount"], rows[-2]["day"]) == ("7", "999999999999999", "06:30:00")
    assert rows[-2]["text"] == " two  words "
    assert (rows[-1]["row_number"], rows[-1]["amount"], rows[-1]["flag"]) == (3, "0.3", "")


def test_every_kind_of_cell_has_its_text(tmp_path: Path) -> None:
    rows, rejected = read(tmp_path, cells(
        '<row r="2"><c r="A2"><v>1E-3</v></c><c r="B2"><v>1.2345678901234567E+25</v></c>'
        '<c r="C2" t="e"><v>#DIV/0!</v></c><c r="D2" t="str"><f>A1</f><v>told</v></c>'
        '<c r="E2" t="b"><v>1</v></c><c r="F2" t="d"><v>2026-01-31</v></c></row>'
        '<row r="3"><c r="B3"><v>123456789012345678901</v></c>'
        '<c r="C3" t="inlineStr"><is><r><t>rich </t></r><r><t>text</t></r><rPh><t>spoken</t></rPh></is></c></row>'
        "<row><c><v>5</v></c><c><v>-0.00</v></c></row>"
    ))  # fmt: skip
    assert rejected == []
    assert list(rows[0].values()) == [1, "0.001", "12345678901234567000000000", "#DIV/0!", "told", "true", "2026-01-31"]
    assert (rows[1]["a"], rows[1]["b"], rows[1]["c"]) == ("", "123456789012345678901", "rich text")
    assert (rows[2]["a"], rows[2]["b"]) == ("5", "0")


def test_rows_that_cannot_be_used_are_rejected_with_their_line(tmp_path: Path) -> None:
    rows, rejected = read(tmp_path, cells(
        '<row r="5"><c r="A5"><v>1</v></c><c r="H5"><v>2</v></c></row>'
        '<row r="7"><c r="B7"><f>SUM(A1:A2)</f></c></row>'
        '<row r="8"><c r="A8"><v>3</v></c></row>'
    ))  # fmt: skip
    assert [row["row_number"] for row in rows] == [3]
    assert rejected == [
        Rejected(1, 5, None, "column H has a value and no name in the header", "1,2"),
        Rejected(2, 7, "b", "a formula without a value; save the workbook in Excel first", "\u2400formula"),
    ]


def test_the_sheet_named_as_the_input_is_read(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, workbook(["a"], ["wrong"], Data=[["a"], ["right"]], notes=[["n"]]))
    assert rows == [{"row_number": 1, "a": "right"}]
    rows, _ = read(tmp_path, workbook(["a"], ["only"], empty=[]))
    assert rows == [{"row_number": 1, "a": "only"}]


def test_dates_before_march_1900_and_from_1904() -> None:
    assert date_text(Decimal(59), from_1904=False) == "1900-02-28"
    assert date_text(Decimal(61), from_1904=False) == "1900-03-01"
    assert date_text(Decimal(1), from_1904=False) == "1900-01-01"
    assert date_text(Decimal(0), from_1904=True) == "1904-01-01"
    assert date_text(Decimal("46053.604224537035"), from_1904=False) == "2026-01-31 14:30:05"
    assert date_text(Decimal("0.5"), from_1904=False) == "12:00:00"
    assert date_text(Decimal(-1), from_1904=False) == "-1"
    assert date_text(Decimal(2_958_465), from_1904=False) == "9999-12-31"


@given(st.decimals(-(10**30), 10**30, places=2))
def test_a_number_is_written_without_exponent(number: Decimal) -> None:
    text = number_text(number)
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
    assert float(text) == pytest.approx(float(number), rel=1e-14)


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (workbook(["x"])[:-40], "the workbook is broken"),
        (changed(workbook(["x"]), {SHEET: None}), "the workbook lacks xl/worksheets/sheet1.xml"),
        (changed(workbook(["x"]), {"xl/workbook.xml": None}), "is no Excel workbook"),
        (changed(workbook(["x"]), {SHEET: START + "<row>"}), "is not well-formed XML"),
        (changed(workbook(["x"]), {SHEET: BOMB + START + END}), "a document type declaration"),
        (changed(workbook(["x"]), {SHEET: START + "x" * 100_000_000}), "unpacks to more than 200 times its size"),
        (workbook(), "the workbook holds no cells"),
        (workbook(["a"], second=[["b"]]), "several sheets hold cells (Sheet, second); name the one to be read data"),
        (workbook(["a", "A"]), 'columns 1 and 2 are both named "A"'),
        (workbook(["a", None, "c"]), "column 2 has no name in the header"),
        (cells('<row r="2"><c r="ZZZZ2"><v>1</v></c></row>'), "beyond column XFD"),
        (cells('<row r="2"><c r="1"><v>1</v></c></row>'), "beyond column XFD"),
        (cells('<row r="2"><c r="A2" t="s"><v>99</v></c></row>'), "which the workbook does not hold"),
        (changed(workbook(["x"]), {"../../etc/passwd": "root"}), ""),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    if not message:
        assert read(tmp_path, content)[0] == []
        return
    with pytest.raises(BadInput, match=re.escape(message)):
        read(tmp_path, content)


@settings(max_examples=80, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int) -> None:
    content = bytearray(SMALL)
    content[4 + at % (len(content) - 4)] = byte
    try:
        summary, rows, rejected = read_file(tmp_path_factory.mktemp("changed"), bytes(content))
    except BadInput:
        return
    assert summary.rows_read == len(rows) + len(rejected)


SMALL = workbook(["a", "b"], ["x", 1], ["y", 2.5])
