"""`explain` from the terminal, through a child process."""

import json
from pathlib import Path

import pytest

from rulepacks.engine.__main__ import main

PACK = Path(__file__).parent / "packs" / "explained"
LINES = """id,account,kind,amount,day,name
1,ACME,D,130.00,2024-01-01,Acme
2,ACME,C,30.00,2024-01-02,Beta
3,BETA,D,5.00,2024-01-03,\x1b[31mred
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "lines.csv").write_text(LINES, encoding="utf-8")
    (tmp_path / "ledger.csv").write_text("account,balance\nACME,130.00\n", encoding="utf-8")
    return [str(PACK), f"--input=lines={tmp_path / 'lines.csv'}", f"--input=ledger={tmp_path / 'ledger.csv'}"]


def test_a_key_is_explained_with_its_rows_and_hints(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *files, "--rule", "AGREE", "--key", "account=ACME"]) == 1
    assert (
        capsys.readouterr().out
        == """AGREE (reconcile): Lines agree with the ledger
account ACME: fails, Error
Not satisfied: left = right (false).
Lines agree with the ledger: 160.00 against 130.00.
Hint: The difference is the amount of row 2: missing on the other side, or there twice.

left lines has the key    true <
right ledger has the key  true <
agree left = right        false <  left 160.00, right 130.00

left        160.00
right       130.00
difference  30.00

lines: 2 rows  amount
  row 1        130.00
  row 2        30.00

ledger: 1 rows  balance
  row 1         130.00
"""
    )


def test_a_passing_row_says_why_the_rule_did_not_fire(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *files, "--rule", "SMALL", "--row", "1"]) == 0
    assert (
        capsys.readouterr().out
        == """SMALL (row): No big line
lines row 1: passes
Satisfied: name like 'A%' (true).

when account is not null               true <  account ACME
require not big or name like 'A%'      true
  not big                              false
    big                                true
      amount > $limit and kind <> 'X'  true
        amount > $limit                true    amount 130.00, $limit 100.00
        kind <> 'X'                    true    kind D
  name like 'A%'                       true <  name Acme

big  true  amount > $limit and kind <> 'X'  amount 130.00, $limit 100.00, kind D
"""
    )


def test_control_characters_do_not_reach_the_terminal(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *files, "--rule", "ALIKE", "--row", "3"]) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_an_explanation_as_json_has_everything(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *files, "--rule", "SMALL", "--key", "id=2", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["row"], found["outcome"], found["unit"]) == (2, "pass", "ACME")
    require = found["parts"][1]["clause"]
    assert (require["kind"], require["truth"], require["clauses"][0]["truth"]) == ("or", "true", "true")


def test_the_period_before_is_read_from_a_kept_run(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *files, "--output", str(tmp_path / "kept")]) == 1
    capsys.readouterr()
    asked = ["explain", *files, "--rule", "AGREE", "--key", "account=ACME", "--earlier"]
    assert main([*asked, str(tmp_path / "kept")]) == 1
    assert "Hint: The same difference as in the period before" in capsys.readouterr().out
    assert main([*asked, str(tmp_path)]) == 2
    assert "no findings.parquet in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (["--rule", "GONE", "--row", "1"], "the pack has no rule GONE; it has parse, KIND"),
        (["--rule", "SMALL", "--row", "4"], "lines: has no row 4; its last is 3"),
        (["--rule", "ZERO", "--key", "account"], "--key account: NAME=VALUE is expected"),
        (["--rule", "ZERO", "--key", "day=1"], "the key of ZERO has no day\nthe key of ZERO needs account"),
    ],
)
def test_a_question_without_an_answer_ends_with_code_2(
    files: list[str], asked: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *files, *asked]) == 2
    out, err = capsys.readouterr()
    assert (out, err.startswith(problem)) == ("", True), err
