"""Values as text and texts as values, in Python as in DuckDB."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulepacks.engine.cell_values import as_text, cell_reader
from rulepacks.engine.cells import typed_cell
from rulepacks.engine.expressions.types import Type
from rulepacks.engine.spec import Field

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


@pytest.mark.parametrize("kind", [Type("integer", 18), Type("decimal", 10, 2)], ids=str)
@pytest.mark.parametrize("sign", ["", "-", "+"])
@pytest.mark.parametrize("digits", ["", "1", "9" * 19])
def test_thousands_of_zeros_in_front_change_nothing(
    con: duckdb.DuckDBPyConnection, kind: Type, sign: str, digits: str
) -> None:
    text, field = f"{sign}{'0' * 5000}{digits}", Field("n", kind)
    (read,) = con.execute(f"SELECT {typed_cell(field, 'raw')} FROM (SELECT ? AS raw)", [text]).fetchone() or ()
    assert cell_reader(field)(text) == read == (None if len(digits) > 1 else int(f"{sign}{digits or '0'}"))
