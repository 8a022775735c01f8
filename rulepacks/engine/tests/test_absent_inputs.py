"""An optional input that was not delivered: what decides by it is not evaluated, what only shows it shows a blank."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from rulepacks.engine.evaluate import Evaluation, evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.tests.packing import HEAD, write_pack

PACK = """inputs:
  rows: {key: [id], fields: {id: text, n: integer}, derive: {rated: rate.v, behind: other.w}}
  others: {fields: {id: text, w: integer}}
  rates: {optional: true, fields: {id: text, v: integer}}
joins:
  rate: {input: rates, on: {id: id}}
  rate_there: {from: others, input: rates, on: {id: id}}
  other: {input: others, on: {id: id}, where: rate_there.v > 0}
  line: {table: report, on: {id: id, line: "'X'"}}
tables:
  report:
    from: rows
    by: [id]
    crosswalk: {file: report.csv, line: line, match: [id], value: sum(n * rate.v)}
rules:
  - {code: R, title: T, authority: A, %s}
outputs:
  - {name: report, format: csv, from: report}
"""


def evaluated(folder: Path, rule: str) -> Evaluation:
    pack = load_pack(write_pack(folder, HEAD + PACK % rule, {"report.csv": "line,id\nX,\n"}))
    con = duckdb.connect()
    con.register("given", pa.table({"row_number": [1], "id": ["a"], "n": ["1"]}))
    con.register("theirs", pa.table({"row_number": [1], "id": ["a"], "w": ["1"]}))
    return evaluate(con, pack, {"rows": "given", "others": "theirs"}, {}, folder, lambda _: None)


@pytest.mark.parametrize(
    "rule",
    [
        "type: row, require: rate.v > 0",
        "type: row, require: behind is null",
        "type: row, require: line.value = 0",
        "type: group, by: [rated], require: count(*) > 1",
        'type: reconcile, "on": [id], left: {input: rows, where: rate.v > 0, value: count(*)}, '
        "right: {input: others, value: count(*)}",
        'type: exists, in: others, "on": [id], where: rate_there.v > 0',
        'type: schedule, in: others, "on": {id: id}, where: rated > 0',
        'type: query, query: "select row_number as row from rows where behind is null"',
    ],
)
def test_a_rule_that_decides_by_what_was_not_delivered_is_not_evaluated(tmp_path: Path, rule: str) -> None:
    evaluation = evaluated(tmp_path, f"severity: error, {rule}")
    found = evaluation.outcomes[-1]
    assert (found.not_evaluated, found.failed, found.reason) == (1, 0, "rates not delivered")
    assert evaluation.outputs[0].reason == "rates not delivered"


@pytest.mark.parametrize(
    "shown",
    [
        'severity: error, message: "{rate.v} {rated}"',
        "severity: error, about: {v: line.value}",
        "severity: {fatal: behind > 0, otherwise: error}",
    ],
)
def test_what_was_not_delivered_is_blank_where_a_finding_shows_it(tmp_path: Path, shown: str) -> None:
    found = evaluated(tmp_path, f"type: row, require: n > 1, {shown}")
    assert (found.outcomes[-1].failed, found.outcomes[-1].reason, found.findings["error"]) == (1, "", 1)
