"""Queries about rows: what they count, and whose row numbers they may give."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.tests.packing import HEAD, problems_of, write_pack

INPUTS = """inputs:
  rows: {key: [id], unit: [name], fields: {id: text, name: text}}
  extra: {fields: {id: text, at: integer}}
"""
RULE = "rules:\n  - {code: Q, type: query, severity: error, title: T, authority: A, query: '%s'}\n"


def test_a_row_with_several_findings_counts_as_failed_once(tmp_path: Path) -> None:
    query = "select a.row_number as row, b.at as left, 0 as right from rows as a join extra as b on a.id = b.id"
    pack = load_pack(write_pack(tmp_path, HEAD + INPUTS + RULE % query))
    con = duckdb.connect()
    con.register("r", pa.table({"row_number": [1, 2], "id": ["a", "b"], "name": ["x", "x"]}))
    con.register("e", pa.table({"row_number": [1, 2, 3], "id": ["a"] * 3, "at": ["3", "1", "2"]}))
    outcome = evaluate(con, pack, {"rows": "r", "extra": "e"}, {}, tmp_path, lambda _: None).outcomes[-1]
    assert (outcome.failed, outcome.passed) == (1, 1)
    findings = pq.read_table(tmp_path / "findings.parquet").to_pylist()
    assert [(one["row"], one["left"]) for one in findings] == [(1, "1"), (1, "2"), (1, "3")]
    assert len({one["fingerprint"] for one in findings}) == 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select b.row_number as row from rows as a join extra as b on a.id = b.id", "it is that of extra"),
        ("select at as row from extra join rows on rows.id = extra.id", "it is not made from one"),
        (
            "with a as (select row_number as n, id from extra) select a.n as row from a join rows as b on a.id = b.id",
            "it is that of extra",
        ),
        (
            "select row_number as row from rows union all "
            "select b.row_number as row from rows as a join extra as b on a.id = b.id",
            "it is that of extra, rows",
        ),
    ],
)
def test_a_row_of_another_input_is_no_row_of_the_rule(tmp_path: Path, query: str, said: str) -> None:
    (problem,) = problems_of(tmp_path, HEAD + INPUTS + RULE % query)
    assert problem.message == f"row must be the row_number of rows; {said}"


def test_the_first_row_of_a_group_is_a_row_of_the_rule(tmp_path: Path) -> None:
    query = "with a as (select name, min(row_number) as n from rows group by name) select a.n as row from a"
    assert load_pack(write_pack(tmp_path, HEAD + INPUTS + RULE % query)).rule("Q").type == "query"
