"""Whole inputs judged together: stages and gates, statuses, states of records, outputs, and the same every time."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rulepacks.engine.evaluate import Evaluation, evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import ParameterError
from rulepacks.engine.progress import Progress
from rulepacks.engine.tests.packing import write_pack

PACK = """cortx: 1
pack: test.stages
version: 1.0.0
title: Stages
inputs:
  lines:
    key: [id]
    unit: [company, account]
    carry: ["flex_*"]
    fields: {id: text, company: text, account: text, amount: "decimal(21,2)", partner: text, big: "decimal(38,0)"}
  ledger:
    optional: true
    key: [id]
    fields: {id: text, company: text, account: text, amount: "decimal(21,2)"}
joins:
  mate: {input: lines, on: {id: partner}}
  total: {table: report, on: {company: company, account: account, line: "'ALL'"}}
tables:
  report:
    from: lines
    by: [company, account]
    crosswalk: {file: lists/lines.csv, line: line, match: [partner], value: sum(amount)}
stages:
  - first
  - {name: second, after: first, gate: unit}
  - {name: third, after: [second], gate: unit}
rules:
  - {code: KNOWN, type: row, stage: first, severity: fatal, title: Company is known, authority: A,
     require: "company in ('A', 'B')"}
  - {code: NOTE, type: row, stage: first, severity: warning, title: Id is short, authority: A, require: length(id) < 4}
  - {code: NUMBER, type: row, stage: first, severity: error, title: Account is small, authority: A,
     require: cast(account as integer) < 900}
  - {code: MATE, type: row, stage: second, severity: error, title: Partner is a line, authority: A,
     when: partner is not null, require: found(mate)}
  - {code: SUM, type: group, stage: second, severity: fatal, title: Lines add up to zero, authority: A,
     by: [company, account], left: sum(amount), right: 0}
  - {code: LEDGER, type: reconcile, stage: second, severity: warning, title: Ledger agrees, authority: A,
     "on": [company, account],
     left: {input: lines, value: sum(amount)}, right: {input: ledger, value: sum(amount)}}
  - {code: TOTAL, type: group, stage: third, severity: info, title: Report is zero, authority: A,
     by: [company, account], left: total.value, right: 0}
statuses:
  - {status: BLOCKED, when: any(severity = 'fatal' and stage = 'first')}
  - {status: FAILED, when: "any(severity in ('fatal', 'error'))"}
  - {status: MANY, when: count(*) > 1}
  - {status: NOTED, when: any(true)}
  - {status: CLEAN}
outputs:
  - {name: clean, format: csv, from: report,
     columns: {Company: company, "Line, all": line, Amount: value}, units: [CLEAN, NOTED]}
"""
LISTS = {"lists/lines.csv": "line,partner\nALL,\nMATES,x\n"}


def register(con: duckdb.DuckDBPyConnection, name: str, rows: Sequence[Mapping[str, str | None]]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    table = pa.table({
        "row_number": pa.array(range(1, len(rows) + 1), pa.int64()),
        **{column: pa.array([row.get(column) for row in rows], pa.string()) for column in columns},
    })  # fmt: skip
    con.register(name, table)
    return name


def judge(
    folder: Path, inputs: Mapping[str, Sequence[Mapping[str, str | None]]], text: str = PACK
) -> tuple[Evaluation, dict[str, list[dict[str, Any]]]]:
    """Evaluate a pack over rows; the evaluation and the rows of the files it wrote."""
    pack = load_pack(write_pack(folder, text, LISTS))
    con = duckdb.connect()
    relations = {name: register(con, f"given_{name}", rows) for name, rows in inputs.items()}
    evaluation = evaluate(con, pack, relations, {}, folder, lambda _: None)
    names = ("findings", "record_states", "units", "tables/report")
    files = {name: pq.read_table(folder / f"{name}.parquet").to_pylist()
             for name in names if (folder / f"{name}.parquet").exists()}  # fmt: skip
    return evaluation, files


def line(id_: str, amount: str, company: str = "A", account: str = "1", **more: str) -> dict[str, str]:
    return {"id": id_, "company": company, "account": account, "amount": amount, **more}


LINES = [
    line("1", "5.00"), line("2", "-5.00", partner="1", flex_note="seen"),
    line("3", "7.00", account="2", partner="9"), line("long", "-6.99", account="2"),
    line("5", "1.00", company="C"), line("6", "-1.00", company="C"),
    line("7", "0.00", account="x"),
    line("8", "1e5", account="3"),
]  # fmt: skip
LEDGER = [
    line("l1", "0.00"),
    line("l2", "1.00", account="2"),
    line("l3", "4.00", company="C"),
    line("l4", "2.00", "B", "8"),
]


def test_gated_units_are_left_out_of_every_side_and_counted(tmp_path: Path) -> None:
    evaluation, files = judge(tmp_path, {"lines": LINES, "ledger": LEDGER})
    found = [(row["rule"], row["row"], json.loads(row["key"])) for row in files["findings"]]
    assert found == [
        ("parse", 8, {"id": "8"}),
        ("KNOWN", 5, {"id": "5"}),
        ("KNOWN", 6, {"id": "6"}),
        ("NOTE", 4, {"id": "long"}),
        ("MATE", 3, {"id": "3"}),
        ("SUM", None, {"company": "A", "account": "2"}),
        ("LEDGER", None, {"company": "A", "account": "2"}),
        ("LEDGER", None, {"company": "A", "account": "x"}),
        ("LEDGER", None, {"company": "B", "account": "8"}),
    ]
    outcomes = {row.rule: row for row in evaluation.outcomes}
    assert (outcomes["MATE"].passed, outcomes["MATE"].not_applicable, outcomes["MATE"].not_evaluated) == (1, 3, 3)
    assert (outcomes["SUM"].passed, outcomes["SUM"].failed, outcomes["SUM"].not_evaluated) == (2, 1, 2)
    assert (outcomes["TOTAL"].passed, outcomes["TOTAL"].not_evaluated) == (2, 3)
    assert outcomes["NUMBER"].errored == 1


def test_units_get_the_first_status_that_holds(tmp_path: Path) -> None:
    evaluation, files = judge(tmp_path, {"lines": LINES, "ledger": LEDGER})
    assert {row["unit"]: row["status"] for row in files["units"]} == {
        "A|1": "CLEAN", "A|2": "FAILED", "A|3": "BLOCKED", "A|x": "NOTED", "B|8": "NOTED", "C|1": "BLOCKED",
    }  # fmt: skip
    assert evaluation.statuses == {"BLOCKED": 2, "FAILED": 1, "MANY": 0, "NOTED": 2, "CLEAN": 1}
    counted = {row["unit"]: (row["fatal"], row["error"], row["warning"], row["info"]) for row in files["units"]}
    assert counted["A|2"] == (1, 1, 2, 0)
    assert json.loads(files["units"][1]["key"]) == {"company": "A", "account": "2"}


def test_one_status_for_all_is_that_of_units_with_and_without_findings(tmp_path: Path) -> None:
    before, after = PACK[: PACK.index("statuses:")], PACK[PACK.index("outputs:") :].replace("[CLEAN, NOTED]", "[SEEN]")
    evaluation, _ = judge(
        tmp_path, {"lines": LINES, "ledger": LEDGER}, f"{before}statuses: [{{status: SEEN}}]\n{after}"
    )
    assert evaluation.statuses == {"SEEN": 6}


def test_records_fail_by_row_findings_of_error_or_above_and_stay_open_where_a_rule_broke(tmp_path: Path) -> None:
    evaluation, files = judge(tmp_path, {"lines": LINES, "ledger": LEDGER})
    assert files["record_states"] == [
        {"row_number": 3, "state": "failed"},
        {"row_number": 5, "state": "failed"},
        {"row_number": 6, "state": "failed"},
        {"row_number": 7, "state": "errored"},
        {"row_number": 8, "state": "failed"},
    ]
    assert evaluation.records == {"processed": 3, "failed": 4, "errored": 1}
    assert evaluation.findings == {"fatal": 4, "error": 1, "warning": 4, "info": 0}


def test_tables_and_outputs_hold_every_line_and_every_digit(tmp_path: Path) -> None:
    _, files = judge(tmp_path, {"lines": LINES, "ledger": LEDGER})
    assert [(row["account"], row["line"], str(row["value"])) for row in files["tables/report"]][:2] == [
        ("1", "ALL", "0.00"),
        ("1", "MATES", "0.00"),
    ]
    assert (tmp_path / "outputs" / "clean.csv").read_text() == (
        'Company,"Line, all",Amount\nA,ALL,0.00\nA,MATES,0.00\nA,ALL,0.00\nA,MATES,0.00\n'
    )


def test_findings_carry_values_sides_rows_and_carried_columns(tmp_path: Path) -> None:
    lines = [*LINES, line("2", "0.00", company="Z", flex_note="z")]
    _, files = judge(tmp_path, {"lines": lines, "ledger": LEDGER})
    by_rule = {row["rule"]: row for row in files["findings"]}
    assert json.loads(by_rule["KNOWN"]["fields"]) == {"company": "Z", "flex_note": "z"}
    assert by_rule["parse"]["message"] == "amount cannot be read as decimal(21,2): 1e5."
    total = by_rule["SUM"]
    assert (total["left"], total["right"], total["difference"], total["rows"]) == ("0.01", "0", "0.01", [3, 4])
    assert (total["unit"], total["label"], total["type"], total["stage"]) == ("A|2", "Fatal", "group", "second")


def test_rules_that_read_an_input_that_was_not_delivered_are_not_evaluated(tmp_path: Path) -> None:
    evaluation, files = judge(tmp_path, {"lines": LINES})
    outcome = next(row for row in evaluation.outcomes if row.rule == "LEDGER")
    assert (outcome.not_evaluated, outcome.reason) == (1, "ledger not delivered")
    assert {row["rule"] for row in files["findings"]} == {"parse", "KNOWN", "NOTE", "MATE", "SUM"}


def test_no_rows_at_all_give_no_findings_and_no_units(tmp_path: Path) -> None:
    evaluation, files = judge(tmp_path, {"lines": [], "ledger": []})
    assert files["findings"] == []
    assert files["units"] == []
    assert evaluation.records == {"processed": 0, "failed": 0, "errored": 0}


def test_the_digest_does_not_depend_on_threads_or_on_the_order_rows_are_stored_in(tmp_path: Path) -> None:
    shuffle = random.Random(3)
    rows = [
        line(str(at % 97), f"{shuffle.randrange(-500, 500)}.{at % 100:02d}", shuffle.choice("ABC"), str(at % 7))
        for at in range(3000)
    ]
    digests = set()
    for number, (threads, order) in enumerate([(1, 0), (4, 0), (1, 1), (4, 2)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        pack = load_pack(write_pack(folder, PACK, LISTS))
        con = duckdb.connect()
        con.execute(f"SET threads = {threads}")
        con.execute("SET preserve_insertion_order = false")
        register(con, "stored", rows)
        table = con.sql("SELECT * FROM stored").to_arrow_table()
        places = list(range(len(rows)))
        random.Random(order).shuffle(places)
        pq.write_table(table.take(places) if order else table, folder / "lines.parquet", row_group_size=200)
        relations = {"lines": f"read_parquet('{folder}/lines.parquet')"}
        digests.add(evaluate(con, pack, relations, {}, folder, lambda _: None).digest)
    assert len(digests) == 1


def test_fingerprints_are_the_same_in_another_run_and_differ_within_one(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    lines = [line("1", "1.00", company="X"), line("1", "2.00", company="X"), line("2", "2.00", company="X")]
    _, first = judge(one, {"lines": lines})
    _, second = judge(two, {"lines": [line("0", "0.00"), *lines]})
    prints = [row["fingerprint"] for row in first["findings"]]
    assert len(set(prints)) == 3
    assert prints == [row["fingerprint"] for row in second["findings"]]
    assert all(len(text) == 16 for text in prints)


def test_a_rule_that_breaks_its_statement_is_an_error_and_leaves_the_others_unharmed(tmp_path: Path) -> None:
    text = PACK.replace(
        "statuses:",
        "  - {code: HUGE, type: group, stage: first, severity: error, title: Sum is one, authority: A, by: [account],\n"
        "     left: sum(big), right: 1}\n"
        "  - {code: COUNT, type: group, stage: first, severity: error, title: Two lines, authority: A, by: [account],\n"
        "     require: count(*) < 5}\nstatuses:",
    )
    huge = "9" * 38
    lines = [line("1", "1.00", big=huge), line("2", "-1.00", big=huge)]
    evaluation, files = judge(tmp_path, {"lines": lines}, text)
    outcomes = {row.rule: row for row in evaluation.outcomes}
    assert outcomes["COUNT"].passed == 1
    assert outcomes["HUGE"].errored == 1
    assert "overflow" in outcomes["HUGE"].reason.lower() or "range" in outcomes["HUGE"].reason.lower()
    assert files["findings"] == []


def test_a_broken_rule_without_company_leaves_the_rest_of_the_run_unharmed(tmp_path: Path) -> None:
    broken = "left: sum(big), right: 1}\nstatuses:"
    text = PACK.replace(
        "statuses:",
        "  - {code: HUGE, type: group, stage: first, severity: error, title: Sum is one, authority: A, by: [partner],\n"
        f"     {broken}",
    )
    huge = "9" * 38
    lines = [line("1", "1.00", big=huge), line("2", "-1.00", big=huge)]
    evaluation, _ = judge(tmp_path, {"lines": lines}, text)
    assert {row.rule: row.errored for row in evaluation.outcomes}["HUGE"] == 1


def test_amounts_of_21_digits_are_exact(tmp_path: Path) -> None:
    _, files = judge(tmp_path, {"lines": [line("1", "9999999999999999999.99"), line("2", "0.02")]})
    total = files["findings"][0]
    assert (total["rule"], total["left"], total["difference"]) == (
        "SUM",
        "10000000000000000000.01",
        "10000000000000000000.01",
    )


def test_headers_are_matched_without_case_and_by_alias_and_missing_ones_are_blank(tmp_path: Path) -> None:
    _, files = judge(tmp_path, {"lines": [{"ID": "1", "Company": "Z", " ACCOUNT ": "1"}]})
    assert [row["rule"] for row in files["findings"]] == ["KNOWN"]


def test_progress_names_stages_and_families_and_reaches_its_end(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path, PACK, LISTS))
    con = duckdb.connect()
    told: list[Progress] = []
    relations = {"lines": register(con, "given", LINES), "ledger": register(con, "other", LEDGER)}
    evaluate(con, pack, relations, {}, tmp_path, told.append)
    assert [progress.done for progress in told] == list(range(1, len(told) + 1))
    assert told[-1].done == told[-1].total
    assert "second / reconcile" in {progress.group for progress in told}


def test_parameters_that_do_not_fit_are_all_named() -> None:
    pack = load_pack(Path(__file__).parent / "packs" / "rows")
    with pytest.raises(ParameterError) as caught:
        evaluate(duckdb.connect(), pack, {}, {"year": "x", "limit": "1.234", "lost": 1}, Path(), lambda _: None)
    assert caught.value.messages == (
        "unknown parameter lost",
        "year: 'x' is not integer",
        "limit: '1.234' is not decimal(10,2)",
    )
