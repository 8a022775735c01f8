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


Counts = tuple[int, int, int]
BEHIND = """inputs:
  rows:
    key: [id]
    fields: {id: text, t: text, n: integer}
    derive: {least: first.n, far: "coalesce(there.n, 1)", summed: together.total, counted: keyed.count}
joins:
  keyed: {input: rows, on: {n: cast(t as integer)}, values: {count: count(*)}}
  together: {input: rows, on: {id: id}, values: {total: sum(n)}}
  first: {input: rows, on: {id: id}, order: [n], ties: row_number}
  there: {input: rows, on: {n: cast(t as integer)}}
rules:
  - {code: R, severity: error, title: T, authority: A, %s}
"""
OVER_DERIVED = [
    "type: row, require: %s > 0",
    "type: unique, key: [%s]",
    "type: group, by: [], left: sum(%s), right: sum(%s)",
    "type: group, by: [%s], require: count(*) > 0",
    "type: group, by: [], where: %s > 0, require: count(*) > 0",
    'type: reconcile, "on": [k], left: {input: rows, "on": {k: %s}, value: count(*)}, '
    'right: {input: rows, "on": {k: %s}, value: count(*)}',
    "type: sequence, by: [], order: [%s], ties: row_number, require: position() > 0",
    'type: schedule, where: %s > 0, in: rows, "on": {id: id}',
]


@pytest.mark.parametrize(
    ("field", "n", "outcome"),
    [
        ("least", "x", "not_evaluated"),
        ("summed", "x", "not_evaluated"),
        ("far", "1", "errored"),
        ("counted", "1", "errored"),
    ],
)
@pytest.mark.parametrize("rule", OVER_DERIVED)
def test_a_derived_field_is_as_uncertain_as_the_rows_that_its_joins_look_at(
    tmp_path: Path, rule: str, field: str, n: str, outcome: str
) -> None:
    pack = load_pack(write_pack(tmp_path, HEAD + BEHIND % rule.replace("%s", field)))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1], "id": ["a"], "t": ["K1"], "n": [n]}))
    found = evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None).outcomes[-1]
    assert [word for word in ("passed", "failed", "not_evaluated", "errored") if getattr(found, word)] == [outcome]


PRICED = """inputs:
  rows: {key: [id], fields: {id: text, n: integer}, derive: {far: there.p + 0}}
  prices:
    key: [code]
    fields: {code: text, p: integer, t: text, q: integer}
    derive: {twice: p * 2, made: cast(t as integer)}
joins:
  there: {input: prices, on: {code: id}}
rules:
  - {code: R, severity: error, title: T, authority: A, on_null: pass, %s}
"""


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("type: row, require: there.p < 0", "not_evaluated"),
        ("type: row, require: there.twice < 0", "not_evaluated"),
        ("type: row, require: there.made < 0", "errored"),
        ("type: row, require: far < 0", "not_evaluated"),
        ("type: row, when: there.p > 0, require: n > 0", "not_evaluated"),
        ("type: row, require: there.q < 0", "failed"),
        ("type: row, require: there.t = 'K'", "passed"),
        ("type: row, require: there.code = id", "passed"),
        ("type: group, by: [id], require: there.p < 0", "not_evaluated"),
        ("type: group, by: [id], require: there.made < 0", "errored"),
        ("type: group, by: [], require: sum(there.p) < 0", "not_evaluated"),
        ("type: unique, key: [there.p]", "not_evaluated"),
    ],
)
def test_a_column_of_a_joined_row_is_as_uncertain_as_its_cell_and_the_columns_beside_it_are_not(
    tmp_path: Path, rule: str, outcome: str
) -> None:
    pack = load_pack(write_pack(tmp_path, HEAD + PRICED % rule))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1], "id": ["a"], "n": ["1"]}))
    con.register("prices", pa.table({"row_number": [1], "code": ["a"], "p": ["x"], "t": ["K"], "q": ["1"]}))
    relations = {"rows": "given", "prices": "prices"}
    found = evaluate(con, pack, relations, {}, tmp_path, lambda _: None).outcomes[-1]
    assert [word for word in ("passed", "failed", "not_evaluated", "errored") if getattr(found, word)] == [outcome]


def test_an_output_leaves_blank_what_comes_of_joined_rows_that_cannot_be_read(tmp_path: Path) -> None:
    text = PRICED % "type: row, require: n > 0" + (
        "outputs:\n"
        '  - {name: all, format: csv, from: rows, columns: {id: id, p: "coalesce(there.p, 0)",\n'
        '     far: "coalesce(far, 0)", q: there.q}}\n'
    )
    pack = load_pack(write_pack(tmp_path, HEAD + text))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1, 2], "id": ["a", "b"], "n": ["1", "2"]}))
    prices = {"row_number": [1, 2], "code": ["a", "b"], "p": ["x", "2"], "t": ["1", "2"], "q": ["1", "2"]}
    con.register("prices", pa.table(prices))
    relations = {"rows": "given", "prices": "prices"}
    (written,) = evaluate(con, pack, relations, {}, tmp_path, lambda _: None).outputs
    assert (tmp_path / "outputs" / "all.csv").read_text() == "id,p,far,q\na,,,1\nb,2,2,2\n"
    assert written.reason == "2 cells are blank, since they could not be computed"


def test_a_query_leaves_out_rows_whose_derived_fields_come_of_rows_that_cannot_be_read(tmp_path: Path) -> None:
    rule = "type: query, query: 'select row_number as row from rows where least is null or far > 0'"
    pack = load_pack(write_pack(tmp_path, HEAD + BEHIND % rule))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1, 2], "id": ["a", "b"], "t": ["1", "K"], "n": ["x", "2"]}))
    found = evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None).outcomes[-1]
    assert (found.failed, found.not_evaluated) == (0, 2)


REPORT = """inputs:
  rows: {key: [id], unit: [u], fields: {id: text, u: text, n: integer, kind: {type: integer}}}
joins:
  first: {table: report, on: {u: u, line: "'X'"}}
  second: {table: report, on: {u: u, line: "'Y'"}}
tables:
  report:
    from: rows
    by: [u]
    where: kind = 1
    crosswalk: {file: report.csv, line: line, match: [id], formula: id, value: sum(n)}
rules:
  - {code: X, type: group, by: [u], severity: error, title: T, authority: A, left: first.value, right: 1}
  - {code: Y, type: row, severity: error, title: T, authority: A, require: second.value = 1}
  - {code: Q, type: query, severity: error, title: T, authority: A,
     query: "select u as u, line as line from report where value <> 1"}
"""


@pytest.mark.parametrize(
    ("n", "kind", "x", "y", "query"),
    [
        (["1", "1"], ["1", "1"], (1, 0, 0), (2, 0, 0), (1, 0, 0)),
        (["x", "1"], ["1", "1"], (0, 0, 1), (2, 0, 0), (1, 0, 2)),
        (["1", "x"], ["1", "1"], (0, 0, 1), (0, 0, 2), (1, 0, 2)),
        (["1", "2"], ["1", "x"], (0, 0, 1), (0, 0, 2), (1, 0, 3)),
        (["1", "x"], ["1", "2"], (1, 0, 0), (0, 2, 0), (0, 1, 0)),
    ],
)
def test_a_cell_of_a_table_is_as_uncertain_as_the_rows_that_add_to_it(
    tmp_path: Path, n: list[str], kind: list[str], x: Counts, y: Counts, query: Counts
) -> None:
    pack = load_pack(write_pack(tmp_path, HEAD + REPORT, {"report.csv": "line,id\nX,=Z+Y-Y\nZ,a\nY,b\n"}))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1, 2], "id": ["a", "b"], "u": ["U", "U"], "n": n, "kind": kind}))
    outcomes = evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None).outcomes
    found = {one.rule: (one.passed, one.failed, one.not_evaluated) for one in outcomes}
    assert (found["X"], found["Y"], found["Q"]) == (x, y, query)


def test_rows_can_look_in_a_table_of_their_own_stage_and_of_an_earlier_one(tmp_path: Path) -> None:
    text = REPORT.replace("severity: error", "severity: error, stage: later").replace(
        "rules:\n",
        "stages: [now, later]\nrules:\n"
        "  - {code: S, type: sequence, severity: error, title: T, authority: A, by: [second.value], order: [id], "
        "ties: row_number, require: position() = 1}\n",
    )
    pack = load_pack(write_pack(tmp_path, HEAD + text, {"report.csv": "line,id\nX,a\nY,b\n"}))
    con = duckdb.connect()
    given = {"row_number": [1, 2], "id": ["a", "b"], "u": ["U", "U"], "n": ["1", "2"], "kind": ["1", "1"]}
    con.register("given", pa.table(given))
    outcomes = evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None).outcomes
    assert {one.rule: (one.passed, one.failed) for one in outcomes} == {
        "parse": (4, 0), "S": (1, 1), "X": (1, 0), "Y": (0, 2), "Q": (0, 1),
    }  # fmt: skip


def test_an_output_leaves_blank_the_cells_of_a_table_that_come_of_rows_that_cannot_be_read(tmp_path: Path) -> None:
    text = REPORT + "outputs: [{name: report, format: csv, from: report, columns: [u, line, value]}]\n"
    pack = load_pack(write_pack(tmp_path, HEAD + text, {"report.csv": "line,id\nX,a\nY,b\n"}))
    con = duckdb.connect()
    given = {"row_number": [1, 2], "id": ["a", "b"], "u": ["U", "U"], "n": ["1", "x"], "kind": ["1", "1"]}
    con.register("given", pa.table(given))
    (report,) = evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None).outputs
    assert (tmp_path / "outputs" / "report.csv").read_text() == "u,line,value\nU,X,1\nU,Y,\n"
    assert (report.state, report.reason) == ("incomplete", "1 cell is blank, since it could not be computed")
