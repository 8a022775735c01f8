"""`check` and `test` from the terminal."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from rulepacks.engine.__main__ import main

EXAMPLE = Path(__file__).parent / "packs" / "partners"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    shutil.copytree(EXAMPLE, folder)
    return folder


def test_check_tells_what_a_sound_pack_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "federal.gtas.reconciliation"]) == 0
    assert "federal.gtas.reconciliation 1.0.0: 23 rules, 58 cases, nothing wrong" in capsys.readouterr().out


def test_check_refuses_a_rule_that_lacks_passing_or_failing_cases(
    pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pack / "cases" / "LIST.yml").unlink()
    (pack / "cases" / "ALL.yml").write_text("pass: [{title: x, given: {orders: [{}]}}]\n")
    assert main(["check", str(pack)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "LIST: has no failing case in cases/LIST.yml",
        "LIST: has no passing case in cases/LIST.yml",
        "ALL: has no failing case in cases/ALL.yml",
    ]


def test_check_refuses_cases_that_fit_no_rule_and_no_input(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pack / "cases" / "GONE.yml").write_text("pass: [{title: x}]\n")
    (pack / "cases" / "ALL.yml").write_text(
        "fail: [{title: x, expect: [{row: 1}], given: {lost: []}}]\npass: [{title: y}]\n"
    )
    assert main(["check", str(pack)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "cases/ALL.yml:1:1 ALL: passing cases stand before failing ones",
        "cases/ALL.yml:1:8 ALL: the pack has no input lost",
        "cases/GONE.yml:1:1 the pack has no rule GONE",
    ]


def test_a_pack_that_is_nowhere_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "no.such.pack"]) == 2
    assert capsys.readouterr().err.startswith("no.such.pack: no such folder and no shipped pack; shipped: federal.")


def test_test_runs_the_cases_of_some_rules(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(pack), "--rule", "LIST", "--rule", "LATER"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("4 of 4 cases hold; 2 of 2 rules and 2 of 2 clauses exercised both ways\n"), out


def test_test_says_which_case_does_not_hold_and_why(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pack / "cases" / "LIST.yml").write_text(
        "pass:\n  - {title: Wrong, given: {orders: [{product: screw}]}}\n"
        "  - {title: Nothing, given: {orders: []}}\n"
        "fail:\n  - {title: Other, given: {orders: [{product: screw}]}, expect: [{row: 2}]}\n"
        "  - {title: Two, given: {orders: [{product: screw}]}, expect: [{row: 1}, {row: 2}]}\n"
    )
    assert main(["test", str(pack), "--rule", "LIST"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "cases/LIST.yml:2:5 LIST: Wrong: expected pass, found: Product is known: not satisfied.",
        "cases/LIST.yml:3:5 LIST: Nothing: expected pass, outcomes are none",
        "cases/LIST.yml:5:5 LIST: Other: finding 1: row is 1, expected 2",
        "cases/LIST.yml:6:5 LIST: Two: expected 2 findings, found 1 (outcomes failed 1)",
        "Rule  Clause seen one way only     True  False  Unknown",
        "LIST  require product in products  0     3      0",
        "",
        "0 of 4 cases hold; 1 of 1 rules and 0 of 1 clauses exercised both ways",
    ]


def test_test_names_the_clauses_that_were_seen_one_way_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(EXAMPLE.parent / "explained"), "--rule", "SMALL"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Rule   Clause seen one way only  True  False  Unknown",
        "SMALL  when account is not null  3     0      0",
        "SMALL  require kind <> 'X'       3     0      0",
        "",
        "2 of 2 cases hold; 1 of 1 rules and 6 of 8 clauses exercised both ways",
    ]


def test_test_writes_cases_and_clauses_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["test", str(EXAMPLE.parent / "explained"), "--rule", "KIND", "--format"]
    assert main([*asked, "json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["kind"], one["text"]) for one in objects] == [
        ("case", "In the list"), ("case", "Not in the list"), ("clause", "kind in kinds"),
    ]  # fmt: skip
    assert (objects[0]["holds"], objects[2]["true"], objects[2]["false"]) == (True, 1, 1)
    assert main([*asked, "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["kind"], row["holds"], row["true"]) for row in rows] == [
        ("case", "true", ""), ("case", "true", ""), ("clause", "", "1"),
    ]  # fmt: skip


def test_problems_of_a_pack_are_written_for_machines_too(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pack / "cases" / "LIST.yml").unlink()
    for command in ("check", "test"):
        assert main([command, str(pack), "--format", "json"]) == 2
        out, err = capsys.readouterr()
        assert [json.loads(line)["message"] for line in out.splitlines()] == [
            "has no failing case in cases/LIST.yml", "has no passing case in cases/LIST.yml",
        ]  # fmt: skip
        assert err == ""
    assert main(["check", str(EXAMPLE), "--format", "csv"]) == 0
    assert capsys.readouterr().out == "file,line,column,rule,message,code\n"
