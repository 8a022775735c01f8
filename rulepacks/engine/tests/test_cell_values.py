"""Values as text, in Python as in DuckDB."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulepacks.engine.cell_values import as_text
from rulepacks.engine.expressions.types import Type

TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=6)
AWKWARD = st.sampled_from(
    ["", " ", "null", "Null", "a b", " a", "a\n", "a,b", "it's", '"', "\\", "[]", "{x:1}", "א", "𝒳"]
)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@given(items=st.lists(st.none() | TEXTS | AWKWARD, max_size=4))
def test_a_list_is_written_as_duckdb_writes_it(con: duckdb.DuckDBPyConnection, items: list[str | None]) -> None:
    written = con.execute("SELECT CAST(CAST(? AS VARCHAR[]) AS VARCHAR)", [items]).fetchall()
    assert [(as_text(items, Type("list", element="text")),)] == written
