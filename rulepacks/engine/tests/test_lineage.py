"""The rows and crosswalk entries behind a cell add up to it exactly, for every cell of every table."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rulepacks.engine.__main__ import main
from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.lineage import Contribution, Lineage, NoLineageError, cell_lineage
from rulepacks.engine.loader import load_pack
from rulepacks.engine.loading.parameters import bind_parameters, parameter_text
from rulepacks.engine.spec import Pack
from rulepacks.engine.tests.federal import COMPANIONS
from rulepacks.engine.tests.packing import HEAD, write_pack
from rulepacks.samples.trial_balance import Options, write

PACK = """parameters: {kinds: {type: list of text, default: [C, D]}, day: {type: date, default: "2025-01-31"}}
inputs:
  entries:
    unit: [company]
    fields: {company: text, period: integer, account: text, kind: text, amount: "decimal(14,2)"}
    derive: {signed: case kind when 'D' then amount when 'C' then -amount end}
lists: {weights: {file: weights.csv, key: [account], columns: {weight: "decimal(3,1)"}}}
joins: {weighed: {list: weights, on: {account: account}}}
tables:
  report:
    from: entries
    by: [company, period]
    where: kind in ($kinds) and $day is not null
    crosswalk:
      file: report.csv
      line: line
      title: title
      match: [account]
      formula: account
      columns: {sign: integer}
      value: sum(signed * weighed.weight * sign)
outputs: [{name: report, format: csv, from: report}]
"""
FILES = {
    "weights.csv": "account,weight\n1,1\n2,0.5\n3,1\n",
    "report.csv": "line,title,account,sign\nCASH,Cash,1,1\nDEBT,Debt,2,-1\nALL,,,1\n"
    "NET,Net,=CASH-DEBT,\nMORE,,=NET+CASH,\n",
}
ROWS = [
    ("A", "1", "1", "D", "10.00"), ("A", "1", "2", "C", "4.00"), ("A", "1", "1", "C", "2.00"),
    ("A", "1", "9", "D", "7.00"), ("A", "2", "1", "X", "5.00"), ("", "2", "1", "D", "6.00"),
    ("A", "1", "1", "D", ""),
]  # fmt: skip
COLUMNS = ("company", "period", "account", "kind", "amount")


@pytest.fixture
def judged(tmp_path: Path) -> tuple[duckdb.DuckDBPyConnection, Pack, Path]:
    pack = load_pack(write_pack(tmp_path, HEAD + PACK, FILES))
    con = duckdb.connect()
    columns = {name: pa.array(values) for name, values in zip(COLUMNS, zip(*ROWS, strict=True), strict=True)}
    con.register("given", pa.table({"row_number": list(range(1, len(ROWS) + 1)), **columns}))
    evaluate(con, pack, {"entries": "given"}, {}, tmp_path, lambda _: None)
    return con, pack, tmp_path / "tables" / "report.parquet"


def test_a_cell_names_its_rows_its_entries_and_the_lines_formulas_add(
    judged: tuple[duckdb.DuckDBPyConnection, Pack, Path],
) -> None:
    con, pack, cells = judged
    key = {"company": "A", "period": "1"}
    found = cell_lineage(con, pack, {"entries": "given"}, {}, cells, "report", key, "MORE")
    assert found == Lineage(
        "report", key, "MORE", "", Decimal("14.00"), "entries", "report.csv", 5,
        (
            Contribution(1, 2, ("NET", "CASH"), 1, Decimal("10.00")),
            Contribution(1, 2, ("CASH",), 1, Decimal("10.00")),
            Contribution(2, 3, ("NET", "DEBT"), -1, Decimal("-2.00")),
            Contribution(3, 2, ("NET", "CASH"), 1, Decimal("-2.00")),
            Contribution(3, 2, ("CASH",), 1, Decimal("-2.00")),
        ),
    )  # fmt: skip


def test_every_cell_is_the_sum_of_its_parts(judged: tuple[duckdb.DuckDBPyConnection, Pack, Path]) -> None:
    con, pack, cells = judged
    table = pq.read_table(cells).to_pylist()
    assert len(table) == 15
    for row in table:
        key = {"company": row["company"], "period": str(row["period"])}
        found = cell_lineage(con, pack, {"entries": "given"}, {}, cells, "report", key, row["line"], most=1)
        assert found.value == row["value"]
        assert len(found.contributions) == min(found.count, 1)


@pytest.mark.parametrize(
    ("table", "key", "line", "said"),
    [
        ("gone", {}, "ALL", "the pack has no table gone; it has report"),
        ("report", {"company": "A"}, "ALL", "the key of report is company, period"),
        ("report", {"company": "A", "period": "1"}, "X", "report has no line X; it has CASH, DEBT, ALL, NET, MORE"),
        ("report", {"company": "Z", "period": "1"}, "ALL", "report has no cell for company Z, period 1"),
    ],
)
def test_what_there_is_no_lineage_of_is_said(
    judged: tuple[duckdb.DuckDBPyConnection, Pack, Path], table: str, key: dict[str, str | None], line: str, said: str
) -> None:
    con, pack, cells = judged
    with pytest.raises(NoLineageError) as caught:
        cell_lineage(con, pack, {"entries": "given"}, {}, cells, table, key, line)
    assert str(caught.value) == said


def test_inputs_that_did_not_make_the_cell_give_no_answer(
    judged: tuple[duckdb.DuckDBPyConnection, Pack, Path],
) -> None:
    con, pack, cells = judged
    con.execute("CREATE VIEW other AS SELECT * FROM given WHERE row_number > 1")
    key: dict[str, str | None] = {"company": "A", "period": "1"}
    with pytest.raises(NoLineageError, match=r"the rows add up to -2\.000, the cell is 8\.000"):
        cell_lineage(con, pack, {"entries": "other"}, {}, cells, "report", key, "CASH")


def test_parameters_of_a_run_are_kept_as_texts_that_bind_to_the_same_values(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path, HEAD + PACK.replace('2025-01-31"}}', '2025-01-31"}}', 1), FILES))
    bound = bind_parameters(pack, {"kinds": ["D", "E"], "day": "2025-02-01"})
    texts = {name: parameter_text(value) for name, value in bound.items()}
    assert texts == {"kinds": "D,E", "day": "2025-02-01"}
    assert bind_parameters(pack, texts) == bound
    assert parameter_text(None) is None


def test_the_command_asks_a_kept_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "in", Options(rows=500, seed=6, faults=0))
    pack, out = "federal.gtas.reconciliation", tmp_path / "out"
    named = {"trial_balance": "trial_balance.csv", **COMPANIONS}
    files = [f"--input={name}={tmp_path / 'in' / filename}" for name, filename in named.items()]
    run = ["run", pack, *files, "--param", "fiscal_year=2025", "--param", "period=9", "--output", str(out)]
    assert main(run) == 0
    cell = next(
        row
        for row in pq.read_table(out / "tables" / "sf133.parquet").to_pylist()
        if row["line"] == "1910" and row["value"]
    )
    ask = ["lineage", pack, str(out), "--table", "sf133", "--key", f"tas={cell['tas']}", "--line", "1910"]
    capsys.readouterr()
    assert main([*ask, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(Decimal(part["part"]) for part in found["contributions"]) == cell["value"] == Decimal(found["value"])
    assert main([*ask, "--most", "1"]) == 0
    head, first, more = capsys.readouterr().out.splitlines()
    assert head == f"sf133 {cell['tas']} line 1910 Total budgetary resources: {cell['value']}"
    assert "trial_balance row" in first
    assert "lists/ussgl_to_sf133.csv line 2 through line 1000" in first or "through line" in first
    assert more == f"The first 1 of {found['count']} rows"
    assert main([*ask[:-1], "9999"]) == 2
    assert "sf133 has no line 9999" in capsys.readouterr().err
    assert main([ask[0], pack, str(tmp_path), *ask[3:]]) == 2
    assert "it is no run kept with run --output" in capsys.readouterr().err
