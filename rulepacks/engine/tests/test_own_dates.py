"""Cells that are dates by themselves are read whatever a field says of its format, alike in DuckDB and in Python."""

from datetime import date, datetime

import duckdb
import pytest

from rulepacks.engine.cell_values import cell_reader
from rulepacks.engine.cells import typed_cell
from rulepacks.engine.expressions.types import DATE, TIMESTAMP
from rulepacks.engine.spec import Field

AMERICAN = Field(name="day", type=DATE, date_format="MM/DD/YYYY")
PACKED = Field(name="day", type=DATE, date_format="YYYYMMDD")
PLAIN = Field(name="day", type=DATE)
SEEN = Field(name="seen", type=TIMESTAMP, date_format="DD.MM.YYYY hh:mm")
DAY, MOMENT = date(2026, 1, 31), datetime.fromisoformat("2026-01-31 14:30:05")


@pytest.mark.parametrize("field", [AMERICAN, PACKED, PLAIN], ids=lambda field: field.date_format or "plain")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-31", DAY), ("2026-01-31 00:00:00", DAY), ("2026-01-31T00:00:00.000", DAY), ("2026-01-31 00:00", DAY),
        ("2026-01-31 00:00:01", None), ("2026-01-31 14:30:05", None), ("2026-02-30", None), ("0999-01-31", None),
        ("2026-01-31 00:00:00Z", None), ("2026-1-31", None), ("31.01.2026", None),
    ],
)  # fmt: skip
def test_a_date_is_read_as_the_date_it_is(field: Field, text: str, value: date | None) -> None:
    assert read(field, text) == value


def test_the_format_of_the_field_is_read_as_ever() -> None:
    assert read(AMERICAN, "01/31/2026") == read(PACKED, "20260131") == DAY
    assert read(AMERICAN, "20260131") is None
    assert read(SEEN, "31.01.2026 14:30") == MOMENT.replace(second=0)


def test_a_time_is_read_as_the_time_it_is() -> None:
    assert read(SEEN, "2026-01-31 14:30:05") == MOMENT
    assert read(SEEN, "2026-01-31 00:00:00") == datetime.fromisoformat("2026-01-31")
    assert read(SEEN, "2026-01-31") is None


def read(field: Field, text: str) -> object:
    """The value that both have for a cell."""
    row = duckdb.connect().execute(f"SELECT {typed_cell(field, 'c')} FROM (SELECT $1 AS c)", [text]).fetchone()
    assert row is not None
    assert row[0] == cell_reader(field)(text)
    return row[0]
