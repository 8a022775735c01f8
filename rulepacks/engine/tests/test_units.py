"""What a run says of rows that are in no unit, and of tables that no gate concerns."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rulepacks.engine.evaluate import Evaluation, evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.tests.packing import HEAD, write_pack

PACK = """inputs:
  rows: {key: [id], unit: [company], fields: {id: text, company: text, amount: integer}}
tables:
  report:
    from: rows
    by: [company]
    crosswalk: {file: report.csv, line: line, match: [id], value: sum(amount)}
stages: [first, {name: second, gate: unit}]
rules:
  - {code: R1, type: row, severity: fatal, title: T, authority: A, require: amount > 0}
outputs:
  - {name: report, format: csv, from: report}
"""
ROWS = {"row_number": [1, 2, 3], "id": ["a", "b", "c"], "company": ["X", "Y", ""], "amount": ["0", "1", "0"]}


@pytest.fixture
def judged(tmp_path: Path) -> Evaluation:
    pack = load_pack(write_pack(tmp_path, HEAD + PACK, {"report.csv": "line,id\nALL,\n"}))
    con = duckdb.connect()
    con.register("given", pa.table(ROWS))
    return evaluate(con, pack, {"rows": "given"}, {}, tmp_path, lambda _: None)


def test_findings_in_no_unit_are_counted(judged: Evaluation, tmp_path: Path) -> None:
    assert (judged.findings["fatal"], judged.unitless) == (2, 1)
    assert [one["unit"] for one in pq.read_table(tmp_path / "units.parquet").to_pylist()] == ["X", "Y"]


def test_a_table_that_only_outputs_read_holds_the_units_a_gate_leaves_out(judged: Evaluation, tmp_path: Path) -> None:
    assert judged.outputs[0].rows == 3
    assert "X,ALL," in (tmp_path / "outputs" / "report.csv").read_text()
