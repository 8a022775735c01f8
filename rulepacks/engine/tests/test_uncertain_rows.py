"""A condition that cannot be computed is not TRUE, whatever its value would be past the fault."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.tests.packing import HEAD, write_pack

PACK = """inputs:
  rows: {key: [id], fields: {id: text, t: text, n: integer}}
joins:
  many: {input: rows, on: {id: id}, where: cast(t as integer) is null, values: {total: sum(n)}}
rules:
  - {code: R, severity: error, title: T, authority: A, %s}
"""
WHERE = "where: cast(t as integer) is null"


@pytest.mark.parametrize(
    "rule",
    [
        f"type: sequence, by: [], order: [n], ties: row_number, {WHERE}, require: position() > 0",
        f"type: group, by: [], {WHERE}, require: sum(n) >= 0",
        f'type: reconcile, "on": [id], left: {{input: rows, {WHERE}, value: sum(n)}}, '
        "right: {input: rows, value: count(*)}",
        "type: row, require: many.total >= 0",
        f'type: schedule, {WHERE}, in: rows, "on": {{id: id}}, when: n > 0',
    ],
)
def test_a_row_that_may_or_may_not_take_part_breaks_the_rule_also_where_a_cell_of_it_cannot_be_read(
    tmp_path: Path, rule: str
) -> None:
    pack = load_pack(write_pack(tmp_path, HEAD + PACK % rule))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1], "id": ["a"], "t": ["K1"], "n": ["x"]}))
    found = evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None).outcomes[-1]
    assert (found.errored, found.not_evaluated, found.reason) == (1, 0, "")


def test_an_output_leaves_out_and_blank_what_cannot_be_computed(tmp_path: Path) -> None:
    text = PACK % "type: row, require: many.total >= 0" + (
        "outputs:\n"
        "  - {name: some, format: csv, from: rows, where: cast(t as integer) is null, columns: [id]}\n"
        '  - {name: all, format: csv, from: rows, columns: {id: id, m: "coalesce(cast(t as integer), 0)"}}\n'
    )
    pack = load_pack(write_pack(tmp_path, HEAD + text))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1, 2], "id": ["a", "b"], "t": ["K1", ""], "n": ["1", "2"]}))
    some, whole = evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None).outputs
    assert (tmp_path / "outputs" / "some.csv").read_text() == "id\nb\n"
    assert (tmp_path / "outputs" / "all.csv").read_text() == "id,m\na,\nb,0\n"
    assert some.reason == "1 row is left out, since it could not be computed"
    assert whole.reason == "1 cell is blank, since it could not be computed"


@pytest.mark.parametrize(
    ("where", "value", "made"),
    [
        ("true", "sum(coalesce(cast(t as integer), 5))", None),
        ("cast(t as integer) is null", "sum(n)", None),
        ("true", "sum(made)", None),
        ("t = '2'", "sum(n * sign)", "line,title,value\nX,Line,0\nY,Line,2\n"),
    ],
)
def test_a_table_breaks_where_a_value_or_condition_of_it_cannot_be_computed(
    tmp_path: Path, where: str, value: str, made: str | None
) -> None:
    text = HEAD + (
        "inputs:\n  rows:\n    key: [id]\n    fields: {id: text, t: text, n: integer}\n"
        '    derive: {made: "coalesce(cast(t as integer), 5)"}\n'
        "tables:\n  report:\n    from: rows\n    by: []\n"
        f"    where: {where}\n"
        "    crosswalk: {file: report.csv, line: line, title: title, match: [id], formula: id,\n"
        f'      columns: {{sign: integer}}, value: "{value}"}}\n'
        "outputs: [{name: report, format: csv, from: report}]\n"
    )
    pack = load_pack(write_pack(tmp_path, text, {"report.csv": "line,title,id,sign\nX,Line,a,1\nY,Line,b,1\n"}))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1, 2], "id": ["a", "b"], "t": ["K1", "2"], "n": ["1", "2"]}))
    (report,) = evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None).outputs
    written = tmp_path / "outputs" / "report.csv"
    assert (written.read_text() if written.exists() else None) == made
    assert report.reason == ("" if made else "the table report: a value cannot be computed")
