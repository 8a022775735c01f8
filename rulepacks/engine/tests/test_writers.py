"""What each writer wrote is read back equal, and its bytes depend on the values alone."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from rulepacks.engine.expressions.types import DATE, INTEGER, TEXT
from rulepacks.engine.formats import media
from rulepacks.engine.formats.media import ENDINGS, content_type
from rulepacks.engine.formats.writers import FILE_FORMATS, excel
from rulepacks.engine.formats.writers.base import Misfit, OutputColumn
from rulepacks.engine.formats.writers.excel import letters
from rulepacks.engine.spec import LayoutField
from rulepacks.engine.tests.reading import read_as
from rulepacks.engine.tests.writing import COLUMNS, MONEY, Row, as_texts, placed, rows, write

NAMES = [column.name for column in COLUMNS]


def written(form: str, given_rows: Sequence[Row], cuts: Sequence[int] = (), **more: Any) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"out.{ENDINGS[form]}"
        write(form, path, given_rows, cuts=cuts, **more)
        return path.read_bytes()


BEGINS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def shielded(text: str | None, column: OutputColumn) -> str:
    """What a CSV file has for a text: an apostrophe before what a spreadsheet would run."""
    text = text or ""
    number = text[:1] in {"-", "+"} and text[1:].replace(",", ".").replace(".", "").isascii() and all(
        part.isascii() and part.isdigit() for part in text[1:].replace(",", ".").split(".")
    )  # fmt: skip
    return f"'{text}" if column.type == TEXT and text[:1] and text[0] in BEGINS and not number else text


@settings(max_examples=150, deadline=None)
@given(rows())
def test_csv_is_read_back_equal_but_for_what_a_spreadsheet_would_run(given_rows: list[Row]) -> None:
    outcome = read_as("csv", written("csv", given_rows))
    assert outcome.columns == tuple(NAMES)
    assert not outcome.rejected
    wanted = [tuple(map(shielded, as_texts(row), COLUMNS)) for row in given_rows]
    assert outcome.values == wanted


@given(st.lists(st.none() | st.sampled_from(["", "a", "\n"]), max_size=4))
def test_csv_of_one_column_keeps_its_blank_rows(values: list[str | None]) -> None:
    content = written("csv", [(value,) for value in values], columns=[OutputColumn("only", TEXT)])
    assert [row[0] for row in read_as("csv", content).values] == [
        "'\n" if value == "\n" else value or "" for value in values
    ]


@settings(max_examples=150, deadline=None)
@given(rows())
def test_ndjson_is_read_back_equal_to_the_last_digit(given_rows: list[Row]) -> None:
    outcome = read_as("ndjson", written("ndjson", given_rows))
    assert not outcome.rejected
    assert outcome.values == [tuple(as_texts(row)) for row in given_rows]
    assert outcome.columns == (tuple(NAMES) if given_rows else ())


@settings(max_examples=100, deadline=None)
@given(rows())
def test_json_is_one_list_of_objects_with_decimals_as_texts(given_rows: list[Row]) -> None:
    found = json.loads(written("json", given_rows))
    wanted = [
        [*row[:2], *as_texts(row)[2:3], row[3], *as_texts(row)[4:5], row[5], as_texts(row)[6]] for row in given_rows
    ]
    assert found == [dict(zip(NAMES, row, strict=True)) for row in wanted]


@settings(max_examples=100, deadline=None)
@given(rows())
def test_parquet_is_read_back_equal_with_its_types(given_rows: list[Row]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out.parquet"
        write("parquet", path, given_rows)
        table = pq.read_table(path)
    assert [str(kind) for kind in table.schema.types] == [
        "string", "string", "decimal128(23, 2)", "int64", "date32[day]", "bool",
        "timestamp[us]",
    ]  # fmt: skip
    assert [tuple(row.values()) for row in table.to_pylist()] == given_rows


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("+x", "'+x"), ("-2+3", "'-2+3"), ("\t=1", "'\t=1"),
     *((f"{sign}1", f"'{sign}1") for sign in "\uff1d\uff0b\uff0d\uff20"),
     ("-5.00", "-5.00"), ("+1,000", "+1,000"), ("a=1", "a=1"), ("", "")],
)  # fmt: skip
def test_a_text_that_would_run_in_a_spreadsheet_is_shielded(text: str, cell: str) -> None:
    assert media.shielded(text) == cell


@settings(max_examples=60, deadline=None)
@given(rows())
def test_excel_is_read_back_equal_and_runs_no_formula(given_rows: list[Row]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out.xlsx"
        write("excel", path, given_rows)
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        header, *cells = sheet.iter_rows()
        assert [cell.value for cell in header] == NAMES
        assert {cell.data_type for row in cells for cell in row} <= set("snbd")
        found = [[_plain(cell.value) for cell in row] for row in cells]
    blank = [None] * len(COLUMNS)  # what is read ends with the last cell
    assert found + [blank] * (len(given_rows) - len(found)) == [_as_excel_has_it(row) for row in given_rows]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date()
    # Through its shortest text a number of up to 15 digits is what it was; with none behind the point it is an int.
    return unescape(value) if isinstance(value, str) else Decimal(repr(value)) if type(value) in {int, float} else value


def _as_excel_has_it(row: Row) -> list[Any]:
    name, other, amount, count, day, is_open, _ = row
    money = None if amount is None else amount if len(str(abs(amount * 100).to_integral())) <= 15 else str(amount)
    number = None if count is None else Decimal(count) if abs(count) < 10**15 else str(count)
    when = day if day is None or day >= date(1900, 3, 1) else day.isoformat()
    return [name, other, money, number, when, is_open, as_texts(row)[6]]


FIXED = placed({"name": (TEXT, 12), "amount": (MONEY, 26), "count": (INTEGER, 20), "day": (DATE, 10)})
PLAIN_TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12)


@settings(max_examples=150, deadline=None)
@given(rows(PLAIN_TEXTS))
def test_fixed_width_is_read_back_equal_but_for_outer_blanks(given_rows: list[Row]) -> None:
    kept = [(_one_line(row[0]), *row[2:5]) for row in given_rows]
    outcome = read_as("fixed_width", written("fixed_width", kept, columns=FIXED), fixed_width=_layout())
    assert not outcome.rejected
    for (name, amount, count, day), found in zip(kept, outcome.values, strict=True):
        texts = [(part or "").strip(" ") for part in found]
        assert texts[0] == (name or "").strip(" ")
        assert texts[1] == ("" if amount is None else f"{amount:026.2f}")
        assert texts[2] == ("" if count is None else f"{count:020d}")
        assert texts[3] == ("" if day is None else day.isoformat())


def _one_line(text: str | None) -> str | None:
    return None if text is None else text.replace("\r", "").replace("\n", "")


def _layout() -> list[LayoutField]:
    return [column.place for column in FIXED if column.place is not None]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (LayoutField("f", 3, 5), "ab", "  ab   \n"),
        (LayoutField("f", 1, 5, "right"), "ab", "   ab\n"),
        (LayoutField("f", 1, 5, "right", "zero"), "12", "00012\n"),
        (LayoutField("f", 1, 5, "right", "zero"), "-1.5", "-01.5\n"),
        (LayoutField("f", 1, 5, "right", "zero"), "+1234", "+1234\n"),
        (LayoutField("f", 1, 5, "right", "zero"), "1e5", "  1e5\n"),
        (LayoutField("f", 1, 5, "right", "zero"), None, "     \n"),
        (LayoutField("f", 1, 2), "é𝒳", "é𝒳\n"),
    ],
)
def test_values_stand_where_the_layout_puts_them(place: LayoutField, value: str | None, said: str) -> None:
    assert written("fixed_width", [(value,)], columns=[OutputColumn("f", TEXT, place)]).decode() == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("abcdef", "f 'abcdef' has 6 characters; its field has 5"),
        ("a\nb", "f 'a\\nb' holds a line break"),
    ],
)
def test_a_value_without_room_is_named_and_never_cut(value: str, said: str) -> None:
    columns = [OutputColumn("e", TEXT, LayoutField("e", 1, 5)), OutputColumn("f", TEXT, LayoutField("f", 6, 5))]
    with pytest.raises(Misfit) as caught:
        written("fixed_width", [("a", "b"), ("a", None), ("a", value), ("too long", "")], cuts=[1], columns=columns)
    assert (caught.value.row, caught.value.message) == (2, said)


def test_a_sheet_takes_no_more_than_it_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misfit, match="f has 32768 characters; a cell has room for 32767"):
        written("excel", [("a",), ("𝒳" * 16_384,)], columns=[OutputColumn("f", TEXT)])
    monkeypatch.setattr(excel, "MAX_ROWS", 3)
    with pytest.raises(Misfit, match="room for 3 rows"):
        written("excel", [(1,)] * 3, columns=[OutputColumn("f", INTEGER)])


def test_columns_of_a_sheet_are_lettered_as_spreadsheets_do() -> None:
    assert [letters(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@settings(max_examples=40, deadline=None)
@given(rows(), st.lists(st.integers(1, 8)))
def test_the_same_rows_give_the_same_bytes_however_they_are_cut(given_rows: list[Row], cuts: list[int]) -> None:
    for form in ("csv", "ndjson", "json", "parquet", "excel"):
        assert written(form, given_rows, cuts) == written(form, given_rows)


def test_every_format_has_an_ending_and_a_content_type() -> None:
    assert set(ENDINGS) == set(FILE_FORMATS)
    assert content_type("sf133.csv") == "text/csv; charset=utf-8"
    assert content_type("bulk.xlsx").endswith("spreadsheetml.sheet")
    assert content_type("unknown.bin") == "application/octet-stream"
