"""`check` and `test` from the terminal."""

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
    assert "federal.gtas.reconciliation 1.0.0: 23 rules, 53 cases, nothing wrong" in capsys.readouterr().out


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
    assert "no such folder and no shipped pack; shipped: federal.gtas.reconciliation" in capsys.readouterr().err


def test_test_runs_the_cases_of_some_rules(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(pack), "--rule", "LIST", "--rule", "LATER"]) == 0
    assert capsys.readouterr().out == "4 of 4 cases hold; 2 of 2 rules exercised both ways\n"


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
        "0 of 4 cases hold; 1 of 1 rules exercised both ways",
    ]
