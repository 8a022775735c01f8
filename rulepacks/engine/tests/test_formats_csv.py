import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput
from rulepacks.engine.tests.reading import read_as

Table = tuple[int, list[list[str]]]
CHUNKS = st.sampled_from([1, 2, 3, 7, 64, 1 << 20])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
AWKWARD = st.text(st.sampled_from('a,;"\r\n\t |é€'), max_size=8)


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def cell(value: str, delimiter: str, *, always: bool) -> str:
    needs = always or any(mark in value for mark in '"\r\n' + delimiter)
    return quoted(value) if needs else value


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(st.one_of(TEXT, AWKWARD), min_size=width, max_size=width), max_size=12))
    return width, rows


@settings(max_examples=300, deadline=None)
@given(tables(), st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans(), CHUNKS)
def test_every_value_comes_back_as_it_was_written(
    table: Table, delimiter: str, newline: str, always: bool, last_newline: bool, chunk: int
) -> None:
    width, rows = table
    lines = [[f"c{number}" for number in range(width)], *rows]
    text = newline.join(delimiter.join(cell(value, delimiter, always=always) for value in row) for row in lines)
    outcome = read_as("csv", (text + newline * last_newline).encode(), chunk=chunk)
    assert outcome.rejected == ()
    assert outcome.values == [tuple(row) for row in rows]
    assert outcome.adds_up()


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b"b,", b",", b'"', b'""', b"\n", b"\r\n", b"\r", b"\0", b"\xff", "é".encode()])),
    CHUNKS,
)
def test_any_bytes_are_accepted_rejected_or_refused_and_the_chunk_size_changes_nothing(
    parts: list[bytes], chunk: int
) -> None:
    content = b"x,y\n" + b"".join(parts)
    outcome = read_as("csv", content, chunk=chunk)
    assert outcome.adds_up()
    assert outcome == read_as("csv", content)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_raises_nothing_but_bad_input(content: bytes) -> None:
    try:
        outcome = read_as("csv", content, chunk=5)
    except BadInput:
        return
    assert outcome.adds_up()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["good", "ragged", "nul", "bytes", "quote"]), st.integers(0, 9)), max_size=30)
)
def test_bad_rows_are_named_with_row_and_line_and_the_others_survive(kinds: list[tuple[str, int]]) -> None:
    written = {
        "good": b'%d,"two\nlines"',
        "ragged": b"%d,2,3",
        "nul": b"%d,\0",
        "bytes": b"%d,\xff\xfe",
        "quote": b'%d,"x"y',
    }
    content, line, good, bad = b"a,b\n", 2, {}, []
    for row_number, (kind, value) in enumerate(kinds, start=1):
        content += written[kind] % value + b"\n"
        if kind == "good":
            good[row_number] = (str(value), "two\nlines")
        else:
            bad.append((row_number, line))
        line += 2 if kind == "good" else 1
    outcome = read_as("csv", content, chunk=40)
    assert outcome.rows == good
    assert [(row.row_number, row.line) for row in outcome.rejected] == bad


def test_a_rejected_row_says_why_and_in_which_column() -> None:
    outcome = read_as("csv", b'a,b\n1,x\x00y\n2,\xe9\n3\n4,5,6\n5,"x"y\n6,"open\n7,8\n')
    assert [(row.line, row.column, row.reason) for row in outcome.rejected] == [
        (2, "b", "a NUL character stands in the text"),
        (3, "b", "the bytes are not text in this encoding"),
        (4, None, "1 value where 2 are expected"),
        (5, None, "3 values where 2 are expected"),
        (6, None, "a quote is opened and not closed, or a closing quote is followed by text"),
        (7, None, "a quote is opened and not closed, or a closing quote is followed by text"),
    ]
    assert outcome.rows == {7: ("7", "8")}


def test_a_stray_quote_costs_one_row_and_swallows_no_other() -> None:
    outcome = read_as("csv", b'a,b,c\n1,"x,y\n2,b,c\n3,"d",e\n4,f,g\n')
    assert [row.line for row in outcome.rejected] == [2]
    assert outcome.rows == {2: ("2", "b", "c"), 3: ("3", "d", "e"), 4: ("4", "f", "g")}


def test_a_quote_inside_an_unquoted_value_is_an_ordinary_character() -> None:
    assert read_as("csv", b'a,b\n5" pipe,x"y"\n').values == [('5" pipe', 'x"y"')]


def test_an_empty_cell_is_empty_text_and_a_blank_line_is_no_row() -> None:
    outcome = read_as("csv", b'\n\na,b\n,""\n\n1,2\r\n\r\n3\n')
    assert outcome.rows == {1: ("", ""), 2: ("1", "2")}
    assert [(row.row_number, row.line) for row in outcome.rejected] == [(3, 8)]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_a_byte_order_mark_names_the_encoding_and_is_not_part_of_the_header(
    mark: bytes, encoding: str, chunk: int
) -> None:
    outcome = read_as("csv", mark + "näme;b\r\n€ 𝄞;2\r\n".encode(encoding), chunk=chunk)
    assert outcome.columns == ("näme", "b")
    assert outcome.values == [("€ 𝄞", "2")]


def test_a_lone_surrogate_or_a_cut_character_in_utf16_rejects_its_row_only() -> None:
    content = (
        codecs.BOM_UTF16_LE + "a,b\n1,".encode("utf-16-le") + b"\x00\xd8" + "\n2,3\n4,".encode("utf-16-le") + b"\x41"
    )
    outcome = read_as("csv", content)
    assert outcome.rows == {2: ("2", "3")}
    assert [row.column for row in outcome.rejected] == ["b", "b"]


def test_an_old_encoding_is_read_when_declared_and_rejected_otherwise() -> None:
    content = "a,b\né€,2\n".encode("cp1252")
    assert read_as("csv", content, encoding="cp1252").values == [("é€", "2")]
    assert len(read_as("csv", content).rejected) == 1
    assert len(read_as("csv", b"a,b\n1,\x81\n", encoding="cp1252").rejected) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\r\n\n", "the file is empty"),
        (b"a,,b\n", "data: line 1: column 2 has no name in the header"),
        (b"\na, A\n", 'data: line 2: columns 1 and 2 are both named "A"'),
        (b"a,b\0\n", "holds NUL characters"),
        (b"\xff\xfea", "the header is not UTF-8 text"),
        (b"caf\xe9,b\n1,2\n", "the header is not UTF-8 text"),
        (b'a,"b\n1,2\n', "the header cannot be read: a quote is not closed in it"),
        (b"x" * 5000, "longer than 4096 bytes (limit record_bytes)"),
        (b"x" * 5000 + b"\n1\n", "longer than 4096 bytes (limit record_bytes)"),
        (b",".join(b"c%d" % number for number in range(51)), "51 columns, more than 50 (limit columns)"),
        (b"n" * 201 + b",b\n", "the name of column 1 is longer than 200 characters"),
        (codecs.BOM_UTF32_LE + "a,b\n".encode("utf-32-le"), "UTF-32"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_as("csv", content)
    assert message in str(refused.value)


def test_a_header_without_rows_has_no_rows() -> None:
    assert read_as("csv", b"a,b").rows == {}


@pytest.mark.parametrize("chunk", [500, 1 << 20])
@pytest.mark.parametrize("newline", [b"\n", b"\r"])
def test_three_megabytes_on_one_line_cost_that_row_and_name_its_line(chunk: int, newline: bytes) -> None:
    long_line = b"2," + b"x" * (3 << 20)
    content = newline.join([b"a,b", b"1,2", long_line, b"3,4", b""])
    outcome = read_as("csv", content, chunk=chunk, limits=Limits())
    assert outcome.rows == {1: ("1", "2"), 3: ("3", "4")}
    assert [(row.row_number, row.line, len(row.text)) for row in outcome.rejected] == [(2, 3, 200)]
    assert "1048576 bytes (limit record_bytes)" in outcome.rejected[0].reason


def test_a_quote_that_is_never_closed_costs_one_line_however_long_the_file() -> None:
    rows = b"".join(b"%d,plain\n" % number for number in range(2, 3000))
    outcome = read_as("csv", b'a,b\n1,"open\n' + rows, chunk=1000)
    assert [row.line for row in outcome.rejected] == [2]
    assert len(outcome.rows) == 2998


def test_a_delivered_row_number_keeps_its_values_under_another_name() -> None:
    assert read_as("csv", b"Row_Number,b\n7,8\n").columns == ("Row_Number (delivered)", "b")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_under_which_the_records_agree(delimiter: str) -> None:
    content = f'"x, y"{delimiter}amount{delimiter}note\n"1;2"{delimiter}3{delimiter}a,b;c|d\n'
    if delimiter in ",;|":
        content = content.replace("a,b;c|d", "z")
    assert read_as("csv", content.encode()).columns == ("x, y", "amount", "note")


def test_a_single_column_is_read_with_its_commas_unsplit_only_when_quoted() -> None:
    assert read_as("csv", b'name\n"a, b"\nc\n').values == [("a, b",), ("c",)]
