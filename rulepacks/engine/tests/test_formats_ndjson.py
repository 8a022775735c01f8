import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput
from rulepacks.engine.tests.reading import read_as, read_file

CHUNKS = st.sampled_from([1, 5, 64, 1 << 20])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?\Z")
NESTED = st.recursive(TEXT | st.booleans() | st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=4).filter(
    lambda value: isinstance(value, list)
)


@st.composite
def values(draw: st.DrawFn) -> tuple[str, str | None]:
    """The JSON text of a value and the text it must come out as."""
    kind = draw(st.integers(0, 4))
    if kind == 0:
        text = draw(TEXT)
        return json.dumps(text, ensure_ascii=draw(st.booleans())), text
    if kind == 1:
        number = draw(NUMBERS)
        return number, number
    if kind == 2:
        nested = json.dumps(draw(NESTED))
        return nested, nested
    return draw(st.sampled_from([("true", "true"), ("false", "false"), ("null", None)]))


OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c d", 'q"', "é", "a:"]), values(), max_size=5)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(OBJECTS, max_size=8), st.sampled_from(["\n", "\r\n"]), st.sampled_from([":", ": ", " :", " : "]), CHUNKS
)
def test_every_value_comes_back_as_its_own_text(
    objects: list[dict[str, tuple[str, str | None]]], newline: str, colon: str, chunk: int
) -> None:
    lines = ["{" + ", ".join(json.dumps(k) + colon + v for k, (v, _) in row.items()) + "}" for row in objects]
    outcome = read_as("ndjson", newline.join(lines).encode(), chunk=chunk)
    assert outcome.rejected == ()
    expected = [tuple(row.get(name, ("", None))[1] for name in outcome.columns) for row in objects]
    assert outcome.values == expected
    assert set(outcome.columns) == {key for row in objects for key in row}


PARTS = st.sampled_from(
    [
        b"{",
        b"}",
        b'"a"',
        b'"b"',
        b":",
        b",",
        b"1",
        b"-0",
        b'"x"',
        b'"\\u0000"',
        b'"\\ud800"',
        b"\xff",
        b"\0",
        b"\n",
        b" ",
        b"[",
        b"]",
        b"null",
        b"NaN",
    ]
)
LINES = st.sampled_from(
    [
        b'{"a":1}',
        b'{"a":"x","b":2}',
        b'{"a":1,"a":2}',
        b'{"a":1} {"a":2}',
        b'{"a":',
        b"1}",
        b"7",
        b"",
        b"  ",
        b'{"A":1}',
        b'{"":1}',
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PARTS, max_size=30) | st.lists(LINES, max_size=10).map(lambda lines: [b"\n".join(lines)]), CHUNKS)
def test_any_bytes_are_accepted_or_rejected_and_the_chunk_size_changes_nothing(parts: list[bytes], chunk: int) -> None:
    content = b"".join(parts)
    outcome = read_as("ndjson", content, chunk=chunk)
    assert outcome.adds_up()
    whole = read_as("ndjson", content)
    assert (outcome.values, outcome.rejected) == (whole.values, whole.rejected)
    lines = [line for line in content.split(b"\n") if line.strip()]
    assert len(outcome.rows) + len(outcome.rejected) == len(lines)


def test_bad_lines_are_named_with_a_reason_and_the_others_survive() -> None:
    lines = [
        b'{"a":1,"b":"x"}',
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b"[1]",
        b'{"a":1',
        b'{"a":"x\\u0000y"}',
        b'{"a":{"k":1,"k":2}}',
        b'{"":1}',
        b'{"A":1}',
        b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}",
        b"",
        b'{"a":"last"}',
    ]
    outcome = read_as("ndjson", b"\n".join(lines), limits=Limits())
    assert outcome.rows == {1: ("1", "x"), 14: ("last", None)}
    reasons = {row.line: (row.column, row.reason) for row in outcome.rejected}
    assert reasons[2] == (None, 'the key "a" stands twice in one object')
    assert reasons[3] == (None, "not valid JSON: invalid character (byte 5)")
    assert reasons[7] == (None, "the line is not a JSON object")
    assert reasons[9] == ("a", "a NUL character stands in the text")
    assert reasons[10] == (None, 'the key "k" stands twice in one object')
    assert reasons[12] == (None, 'the key "A" differs from another key only in case or outer space')
    assert reasons[13] == (None, "the value is nested too deeply")
    assert list(reasons) == list(range(2, 14))


@pytest.mark.parametrize("number", ["90071992547409931.23", "1e400", "-0", "0.10", "1E+5", "9" * 5000])
def test_a_number_keeps_every_digit_it_was_written_with(number: str) -> None:
    outcome = read_as("ndjson", b'{"a": %s, "b": [%s]}' % (number.encode(), number.encode()), limits=Limits())
    assert outcome.values == [(number, f"[{number}]")]


def test_a_key_that_comes_later_is_null_in_the_rows_before(tmp_path: Path) -> None:
    content = b"".join(b'{"a": %d}\n' % number for number in range(1, 60_001)) + b'{"b": 2, "a": 1}\n'
    summary, rows, _ = read_file(tmp_path, content, "data.ndjson")
    assert summary.columns == ("a", "b")
    assert rows[0] == {"row_number": 1, "a": "1", "b": None}
    assert rows[-1] == {"row_number": 60_001, "a": "1", "b": "2"}
    assert len(rows) == summary.accepted == 60_001


def test_more_keys_than_the_limit_refuse_the_file() -> None:
    with pytest.raises(BadInput, match=r"more than 50 keys \(limit columns\)"):
        read_as("ndjson", b"".join(b'{"k%d": 1}\n' % number for number in range(51)))


def test_objects_without_keys_are_rows() -> None:
    assert read_as("ndjson", b'{}\n{}\n{"a":1}\n').rows == {1: (None,), 2: (None,), 3: ("1",)}


def test_a_hundred_thousand_objects_are_read_within_a_second_of_processor_time(tmp_path: Path) -> None:
    line = b'{"fiscal_year":"2025","period":"09","aid":"005","account":"101000","amount":%d.25,"side":"D","note":""}\n'
    begun = time.process_time()
    summary, _, _ = read_file(tmp_path, b"".join(line % number for number in range(100_000)), "data.ndjson")
    assert summary.accepted == 100_000
    assert time.process_time() - begun < 3
