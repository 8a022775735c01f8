"""Outputs of packs: from tables, inputs and findings; which rows, which columns, which file; and what cannot be."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rulepacks.engine.__main__ import main
from rulepacks.engine.evaluate import Evaluation, evaluate
from rulepacks.engine.evaluation import output_rows
from rulepacks.engine.evaluation.watch import Budget
from rulepacks.engine.limits import MIB, Limits
from rulepacks.engine.loader import load_pack
from rulepacks.engine.loading import outputs
from rulepacks.engine.tests.packing import HEAD, problems_of, write_pack

PACK = """inputs:
  lines:
    key: [id]
    unit: [company]
    carry: ["flex_*"]
    fields: {id: text, company: text, account: text, amount: "decimal(23,2)", rate: integer}
    derive: {double: amount * 2}
  extra: {optional: true, fields: {company: text, name: text}}
parameters: {least: {type: "decimal(23,2)", default: "0"}}
lists: {accounts: {file: accounts.csv, key: [account]}}
joins:
  chart: {list: accounts, on: {account: account}}
  more: {input: extra, on: {company: company}}
  total: {table: report, on: {company: company, line: "'ALL'"}}
tables:
  report:
    from: lines
    by: [company]
    crosswalk: {file: report.csv, line: line, title: title, match: [account], value: sum(amount)}
rules:
  - {code: POSITIVE, type: row, severity: error, title: T, authority: A, require: amount >= $least}
  - {code: KNOWN, type: row, severity: warning, title: T, authority: A, require: found(chart)}
  - {code: RATE, type: row, severity: info, title: T, authority: A, require: cast(id as integer) > 0}
  - {code: SUM, type: group, severity: error, title: T, authority: A, by: [company], left: sum(amount), right: 0}
statuses:
  - {status: BAD, when: any(severity = 'error')}
  - {status: GOOD}
outputs:
"""
USES = "  - {name: use, format: csv, from: lines, columns: {a: more.name, b: total.value, c: double}}\n"
"""Reads what nothing else may read, so that the pack loads; not written, since `extra` is not delivered."""

FILES = {
    "accounts.csv": 'account,name\n1,=Cash\n2,"Debt, old"\n',
    "report.csv": "line,title,account\nALL,All,\n",
    "layout.csv": "field,start,length,justify,fill\nid,1,3,,\namount,4,8,right,zero\naccount,14,2,right,\n",
}
LINES = [
    {"id": "1", "company": "A", "account": "1", "amount": "5.00", "rate": "1"},
    {"id": "2", "company": "A", "account": "9", "amount": "-5.00", "rate": "x"},
    {"id": "x", "company": "B", "account": "2", "amount": "0.00", "rate": ""},
    {"id": "4", "company": "B", "account": "8", "amount": "0.00", "rate": "7"},
]  # fmt: skip


def judge(
    folder: Path,
    outputs: str,
    lines: Sequence[Mapping[str, str]] = LINES,
    *,
    threads: int = 2,
    order: int = 1,
    budget: Budget | None = None,
) -> Evaluation:
    return evaluate_pack(folder, PACK + outputs.lstrip("\n") + USES, lines, threads=threads, order=order, budget=budget)


def evaluate_pack(
    folder: Path,
    text: str,
    lines: Sequence[Mapping[str, str]] = LINES,
    *,
    threads: int = 2,
    order: int = 1,
    budget: Budget | None = None,
) -> Evaluation:
    pack = load_pack(write_pack(folder, HEAD + text, FILES))
    con = duckdb.connect()
    con.execute(f"SET threads = {threads}")
    names = list(lines[0])
    con.register("given", pa.table({
        "row_number": pa.array(range(1, len(lines) + 1), pa.int64()),
        **{name: pa.array([line[name] for line in lines], pa.string()) for name in names},
    }).take(list(range(len(lines)))[::order]))  # fmt: skip
    return evaluate(con, pack, {"lines": "given"}, {}, folder, lambda _: None, budget)


def text(folder: Path, name: str) -> str:
    return (folder / "outputs" / name).read_text()


def test_a_clean_file_and_a_file_of_held_lines_with_their_rules(tmp_path: Path) -> None:
    evaluation = judge(tmp_path, """
  - {name: clean, format: csv, from: lines, where: record_status = 'processed', columns: [id, amount]}
  - name: held
    format: csv
    from: lines
    where: record_status <> 'processed'
    columns: {Line: row_number, Id: id, State: record_status, Why: record_rules}
""")  # fmt: skip
    assert text(tmp_path, "clean.csv") == "id,amount\n1,5.00\n4,0.00\n"
    assert text(tmp_path, "held.csv") == "Line,Id,State,Why\n2,2,failed,parse; POSITIVE; KNOWN\n3,x,errored,\n"
    assert [(output.file, output.rows, output.reason) for output in evaluation.outputs[:-1]] == [
        ("clean.csv", 2, ""),
        ("held.csv", 2, ""),
    ]


def test_columns_are_expressions_over_fields_joins_tables_and_parameters(tmp_path: Path) -> None:
    judge(tmp_path, """
  - name: rich
    format: ndjson
    from: lines
    where: id = '1' and amount > $least
    columns:
      id: id
      twice: double
      name: chart.name
      total: total.value
      raw: raw(rate)
      fee: round(amount * 0.125, 2)
      known: found(chart)
""")  # fmt: skip
    assert json.loads(text(tmp_path, "rich.ndjson")) == {
        "id": "1", "twice": "10.00", "name": "=Cash", "total": "0.00", "raw": "1", "fee": "0.63", "known": True,
    }  # fmt: skip


def test_all_columns_of_an_input_are_its_fields_and_then_its_derived_ones(tmp_path: Path) -> None:
    judge(tmp_path, "  - {name: all, format: parquet, from: lines, units: [GOOD]}\n")
    table = pq.read_table(tmp_path / "outputs" / "all.parquet")
    assert table.column_names == ["id", "company", "account", "amount", "rate", "double"]
    assert str(table.schema.field("double").type) == "decimal128(24, 2)"
    assert table.column("id").to_pylist() == ["x", "4"]


def test_carried_columns_come_last_unless_columns_are_chosen(tmp_path: Path) -> None:
    lines = [{**LINES[0], "Flex_2": "=x", "double": "", "flex_1": "", "other": "o"}]
    judge(tmp_path, """
  - {name: all, format: csv, from: lines}
  - {name: some, format: csv, from: lines, columns: [id]}
""", lines)  # fmt: skip
    assert text(tmp_path, "all.csv") == (
        "id,company,account,amount,rate,double,Flex_2,flex_1\n1,A,1,5.00,1,10.00,'=x,\n"
    )
    assert text(tmp_path, "some.csv") == "id\n1\n"


def test_findings_come_in_their_order_with_the_rows_behind_them(tmp_path: Path) -> None:
    judge(tmp_path, """
  - name: found
    format: csv
    from: findings
    where: severity in ('error', 'warning')
    columns: [ordinal, rule, row, unit, left, rows]
  - {name: whole, format: json, from: findings, units: [GOOD]}
""")  # fmt: skip
    assert text(tmp_path, "found.csv").splitlines() == [
        "ordinal,rule,row,unit,left,rows",
        "2,POSITIVE,2,A,,",
        "3,KNOWN,2,A,,",
        "4,KNOWN,4,B,,",
    ]
    whole = json.loads(text(tmp_path, "whole.json"))
    assert [(row["rule"], row["row"]) for row in whole] == [("KNOWN", 4)]
    assert set(whole[0]) >= {"message", "fingerprint", "key", "fields", "label"}
    assert (whole[0]["key"], whole[0]["fields"]["account"], whole[0]["rows"]) == ({"id": "4"}, "8", [])


def test_tables_take_conditions_and_expressions_too(tmp_path: Path) -> None:
    judge(tmp_path, """
  - name: report
    format: csv
    from: report
    where: company = 'B'
    columns: {What: "line || ' of ' || company", Value: value}
""")  # fmt: skip
    assert text(tmp_path, "report.csv") == "What,Value\nALL of B,0.00\n"


def test_fixed_width_follows_the_layout_and_columns_may_say_otherwise(tmp_path: Path) -> None:
    judge(tmp_path, """
  - {name: bulk, format: fixed_width, layout: layout.csv, from: lines, columns: {account: "lpad(account, 2, 'x')"}}
""")  # fmt: skip
    assert text(tmp_path, "bulk.txt").splitlines() == [
        "1  00005.00  x1",
        "2  -0005.00  x9",
        "x  00000.00  x2",
        "4  00000.00  x8",
    ]


def test_a_value_without_room_is_named_with_its_row_and_no_file_is_left(tmp_path: Path) -> None:
    lines = [*LINES, {**LINES[0], "id": "12345", "company": "C"}]
    evaluation = judge(tmp_path, """
  - {name: bulk, format: fixed_width, layout: layout.csv, from: lines, where: company = 'C'}
  - name: few
    format: fixed_width
    layout: layout.csv
    from: findings
    columns: {id: message, amount: row, account: "''"}
  - {name: fine, format: csv, from: lines, columns: [id]}
""", lines)  # fmt: skip
    said = [(output.name, output.rows, output.state, output.reason) for output in evaluation.outputs[:-1]]
    assert said[0] == ("bulk", 0, "failed", "lines row 5: id '12345' has 5 characters; its field has 3")
    assert said[1][3].startswith("row 1 of the file: id 'rate cannot be read as integer: x.' has 34 characters")
    assert said[2] == ("fine", 5, "written", "")
    assert sorted(path.name for path in (tmp_path / "outputs").iterdir()) == ["fine.csv"]


def test_what_was_not_delivered_is_not_put_out(tmp_path: Path) -> None:
    evaluation = judge(tmp_path, """
  - {name: other, format: csv, from: extra}
  - {name: joined, format: csv, from: lines, columns: {name: more.name}}
""")  # fmt: skip
    assert [(output.state, output.reason) for output in evaluation.outputs[:-1]] == [
        ("not_evaluated", "extra not delivered")
    ] * 2


FORMATS = ("csv", "excel", "json", "ndjson", "parquet")


def test_the_same_run_gives_the_same_bytes_in_whatever_order_its_rows_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = "".join(f"  - {{name: {form}, format: {form}, from: lines}}\n" for form in FORMATS)
    lines = [{**LINES[0], "id": str(number), "flex_1": str(number)} for number in range(50)]
    contents = []
    for name, block, threads, order in (("one", 100, 1, 1), ("two", 7, 4, -1)):
        monkeypatch.setattr(output_rows, "BLOCK", block)
        (tmp_path / name).mkdir()
        judge(tmp_path / name, outputs, lines, threads=threads, order=order)
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name / "outputs").iterdir()})
    assert contents[0] == contents[1]
    assert len(contents[0]) == len(FORMATS)


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ("format: csv, from: gone", "unknown table or input gone; known: extra, findings, lines, report"),
        ("format: xml, from: lines", "xml is none of csv, excel, fixed_width, json, ndjson, parquet"),
        ("format: csv, from: lines, columns: [gone]", "unknown field gone"),
        ("format: csv, from: report, columns: {A: gone}", "unknown column gone"),
        ("format: csv, from: findings, where: row > 'a'", "compares integer with text"),
        ("format: csv, from: lines, where: amount", "must be boolean, not decimal(23,2)"),
        ("format: csv, from: lines, columns: {A: sum(amount)}", "sum"),
        ("format: csv, from: extra, where: record_status = 'failed'", "unknown field record_status"),
        ("format: csv, from: lines, columns: {A: id, a: id}", "columns A and a are named alike"),
        ("format: csv, from: lines, units: [UGLY]", "unknown status UGLY"),
        ("format: csv, from: lines, layout: layout.csv", "layout applies to fixed_width only"),
        ("format: fixed_width, from: lines", "fixed_width needs a layout"),
        ("format: fixed_width, from: lines, layout: gone.csv", "no file gone.csv in the pack"),
        (
            "format: fixed_width, from: lines, layout: report.csv",
            "report.csv needs the columns field, start and length",
        ),
        (
            "format: fixed_width, from: report, layout: layout.csv",
            "unknown column id; known: company, line, title, value",
        ),
        (
            "format: fixed_width, from: lines, layout: layout.csv, columns: {rate: id}",
            "unknown field of the layout rate; known: account, amount, id",
        ),
        ("format: fixed_width, from: lines, layout: overlap.csv", "overlap.csv: id and amount overlap"),
        (
            "format: fixed_width, from: lines, layout: zero.csv",
            "id is no field with a start and a length, counted from 1",
        ),
        ("format: fixed_width, from: lines, layout: side.csv", "justify is top; left or right is expected"),
    ],
)
def test_an_output_that_cannot_be_made_is_a_problem_of_the_pack(tmp_path: Path, output: str, problem: str) -> None:
    files = {
        **FILES,
        "overlap.csv": "field,start,length\namount,3,8\nid,1,3\n",
        "zero.csv": "field,start,length\nid,0,3\n",
        "side.csv": "field,start,length,justify\nid,1,3,top\n",
    }
    found = problems_of(tmp_path, f"{HEAD}{PACK}{USES}  - {{name: o, {output}}}\n", files)
    assert any(problem in one.message for one in found), [str(one) for one in found]


def test_two_things_of_one_name_are_told_apart(tmp_path: Path) -> None:
    output = "{name: o, format: csv, from: findings}"
    text = f"{HEAD}inputs: {{findings: {{fields: {{id: text}}}}}}\noutputs: [{output}, {output}]\n"
    messages = {one.message for one in problems_of(tmp_path, text)}
    assert messages == {"findings is the name of two things: input and findings", "output o is given twice"}


def test_the_command_says_what_it_could_not_write_and_does_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"""{HEAD}inputs: {{lines: {{fields: {{id: text}}}}}}
outputs: [{{name: bulk, format: fixed_width, layout: id.csv, from: lines}}]
"""
    pack = write_pack(tmp_path, text, {"id.csv": "field,start,length\nid,1,2\n", "given.csv": "id\na\nabc\n"})
    assert main(["run", str(pack), f"--input=lines={tmp_path / 'given.csv'}"]) == 1
    said = "bulk.txt was not written: lines row 2: id 'abc' has 3 characters; its field has 2\n"
    assert capsys.readouterr().err == said


def test_a_sheet_has_room_for_so_many_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "MAX_SHEET_COLUMNS", 1)
    output = "{name: o, format: excel, from: lines}"
    text = f"{HEAD}inputs: {{lines: {{fields: {{id: text, name: text}}}}}}\noutputs: [{output}]\n"
    assert [str(one) for one in problems_of(tmp_path, text)] == ["pack.yaml:6:29 2 columns; a sheet has room for 1"]


def test_what_could_not_be_computed_is_missing_and_said(tmp_path: Path) -> None:
    evaluation = judge(tmp_path, """
  - {name: numbers, format: csv, from: lines, columns: {n: cast(id as integer), m: cast(account as integer)}}
  - {name: some, format: csv, from: lines, where: cast(id as integer) > 1, columns: [id]}
  - {name: said, format: csv, from: findings, columns: {n: cast(unit as integer)}, where: row = 3 or rule = 'KNOWN'}
""")  # fmt: skip
    assert text(tmp_path, "numbers.csv") == "n,m\n1,1\n2,9\n,2\n4,8\n"
    assert text(tmp_path, "some.csv") == "id\n2\n4\n"
    assert [output.complaint for output in evaluation.outputs[:-1]] == [
        "numbers.csv is incomplete: 1 cell is blank, since it could not be computed",
        "some.csv is incomplete: 1 row is left out, since it could not be computed",
        "said.csv is incomplete: 2 cells are blank, since they could not be computed",
    ]


def test_scores_of_a_rule_that_is_not_in_force_are_not_put_out(tmp_path: Path) -> None:
    rule = (
        "{code: S, type: score, severity: info, title: T, authority: A, effective: {from: \"date '2030-01-01'\"}, "
        "components: {points: rate}, decisions: [{decision: MANY, from: 5}, {decision: FEW}]}"
    )
    outputs = "  - {name: scores, format: csv, from: S}\n"
    text = PACK.replace("statuses:", f"  - {rule}\nstatuses:") + outputs + USES + "as_of: date '2029-12-31'\n"
    evaluation = evaluate_pack(tmp_path, text)
    assert (evaluation.outputs[0].state, evaluation.outputs[0].reason) == ("not_evaluated", "not in force")


def test_a_file_that_grows_too_large_is_given_up(tmp_path: Path) -> None:
    lines = [{**LINES[0], "id": str(number)} for number in range(30_000)]
    outputs = "  - {name: large, format: csv, from: lines, columns: {a: \"lpad(id, 100, 'x')\"}}\n"
    small = Budget(replace(Limits(), output_bytes=MIB))
    evaluation = judge(tmp_path, outputs, lines, budget=small)
    assert evaluation.outputs[0].complaint == (
        "large.csv was not written: the file is larger than 1048576 bytes (limit output_bytes)"
    )
    assert list((tmp_path / "outputs").iterdir()) == []


def test_findings_come_in_blocks_as_they_come_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = []
    for block in (100, 2):
        monkeypatch.setattr(output_rows, "BLOCK", block)
        judge(tmp_path, "  - {name: found, format: ndjson, from: findings}\n")
        contents.append(text(tmp_path, "found.ndjson"))
    assert contents[0] == contents[1]
    assert len(contents[0].splitlines()) == 4
