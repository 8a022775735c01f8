"""Parquet files: values as exact texts, and broken or hostile ones refused."""

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulepacks.engine.formats.blocks import Rejected
from rulepacks.engine.refusals import BadInput
from rulepacks.engine.tests.reading import read_file


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def test_values_keep_every_digit(tmp_path: Path) -> None:
    wide = Decimal("999999999999999999999.99")
    columns = {
        "amount": pa.array([wide, -wide, None], pa.decimal128(23, 2)),
        "wider": pa.array([Decimal("9" * 40), None, None], pa.decimal256(50, 0)),
        "whole": pa.array([2**63 - 1, -(2**63), 0], pa.int64()),
        "real": pa.array([0.1, 1e300, float("nan")]),
        "flag": pa.array([True, False, None]),
        "day": pa.array([date(2026, 1, 31), date(1000, 1, 1), None]),
        "seen": pa.array([datetime(2026, 1, 31, 14, 30, tzinfo=UTC), None, None], pa.timestamp("ns", "Europe/Berlin")),
        "local": pa.array([datetime.fromisoformat("2026-01-31 14:30:00.5"), None, None], pa.timestamp("us")),
        "at": pa.array([time(14, 30), None, None], pa.time64("us")),
        "code": pa.array(["0012", "", None]).dictionary_encode(),
        "listed": pa.array([[1, 2], [], None]),
        "nothing": pa.nulls(3),
    }
    summary, rows, rejected = read_file(tmp_path, parquet(columns), "data.parquet")
    assert (summary.format, summary.accepted, rejected) == ("parquet", 3, [])
    assert rows[0] == {
        "row_number": 1, "amount": "999999999999999999999.99", "wider": "9" * 40, "whole": "9223372036854775807",
        "real": "0.1", "flag": "true", "day": "2026-01-31", "seen": "2026-01-31 14:30:00Z",
        "local": "2026-01-31 14:30:00.500000", "at": "14:30:00.000000", "code": "0012", "listed": "[1, 2]",
        "nothing": None,
    }  # fmt: skip
    assert rows[1]["amount"] == "-999999999999999999999.99"
    assert (rows[1]["code"], rows[2]["code"], rows[2]["real"]) == ("", None, "nan")


def test_a_row_with_text_that_is_none_is_rejected(tmp_path: Path) -> None:
    columns = {
        "id": pa.array(["a", "b", "c", "d"]),
        "text": pa.array([b"fine", b"\xff\xfe", b"nul\0", b"x" * 1_100_000], pa.binary()),
    }
    _, rows, rejected = read_file(tmp_path, parquet(columns))
    assert rows == [{"row_number": 1, "id": "a", "text": "fine"}]
    assert rejected[0] == Rejected(2, 2, "text", "the bytes are not text in UTF-8", "b,")
    assert rejected[1] == Rejected(3, 3, "text", "a NUL character stands in the text", "c,nul\u2400")
    assert (rejected[2].row_number, rejected[2].reason) == (
        4, "the record is longer than 1048576 bytes (limit record_bytes)",
    )  # fmt: skip


def test_rows_are_numbered_over_row_groups(tmp_path: Path) -> None:
    content = parquet({"n": pa.array(range(25_000))}, row_group_size=7_000)
    summary, rows, _ = read_file(tmp_path, content)
    assert summary.accepted == 25_000
    assert [rows[at]["n"] for at in (0, 9_999, 10_000, 24_999)] == ["0", "9999", "10000", "24999"]
    assert rows[24_999]["row_number"] == 25_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1" + b"\xff" * 200, "the Parquet file cannot be read"),
        (parquet({"a": pa.array([1])})[:-20], "the Parquet file cannot be read"),
        (parquet({f"c{at}": pa.array([1]) for at in range(1001)}), "1001 columns, more than 1000 .limit columns"),
        (parquet({"a": pa.array([1]), "A": pa.array([1])}), 'columns 1 and 2 are both named "A"'),
        (parquet({"": pa.array([1])}), "column 1 has no name in the header"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_file(tmp_path, content)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 2000), byte=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int) -> None:
    content = bytearray(parquet({"a": pa.array(["x", "y"] * 50), "b": pa.array(range(100))}))
    content[4 + at % (len(content) - 4)] = byte
    try:
        summary, rows, rejected = read_file(tmp_path_factory.mktemp("changed"), bytes(content))
    except BadInput:
        return
    assert summary.rows_read == len(rows) + len(rejected)
