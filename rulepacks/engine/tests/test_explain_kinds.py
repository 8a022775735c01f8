"""Why a key is or is not of the kind that a code of a reconciliation stands for."""

from pathlib import Path

import duckdb
import pytest

from rulepacks.engine.case_runs import register
from rulepacks.engine.explain import explain
from rulepacks.engine.explanation.trace import Question
from rulepacks.engine.loader import load_pack
from rulepacks.engine.progress import silent
from rulepacks.engine.tests.packing import HEAD, write_pack

PACK = """inputs:
  lines: {fields: {account: text, amount: integer}}
  ledger: {fields: {account: text, balance: integer}}
rules:
  - {codes: {differs: D, only_left: L, only_right: R}, type: reconcile, severity: error, title: T, authority: A,
     "on": [account], ignore_zero: true, left: {input: lines, value: sum(amount)},
     right: {input: ledger, value: sum(balance)}}
"""


@pytest.mark.parametrize(
    ("code", "account", "outcome", "reason"),
    [
        ("L", "LEFT", "fail", "Not satisfied: ledger has the key (false)."),
        ("D", "LEFT", "not_applicable", "Does not apply: ledger has the key (false), left = right (false)."),
        ("R", "LEFT", "not_applicable", "Does not apply: ledger has the key (false)."),
        ("L", "ZERO", "pass", "Satisfied: the value is 0, which ignore_zero lets pass: ledger has the key (false)."),
        ("L", "", "fail", "Not satisfied: ledger has the key (false)."),
        ("R", "", "fail", "Not satisfied: lines has the key (false)."),
    ],
)
def test_a_code_of_a_reconciliation_tells_why_it_is_or_is_not_about_a_key(
    tmp_path: Path, code: str, account: str, outcome: str, reason: str
) -> None:
    con, pack = duckdb.connect(config={"threads": 1}), load_pack(write_pack(tmp_path, HEAD + PACK))
    lines = [{"account": name, "amount": amount} for name, amount in (("LEFT", "1"), ("ZERO", "0"), ("", "2"))]
    relations = {
        "lines": register(con, "lines", lines),
        "ledger": register(con, "ledger", [{"account": "", "balance": "3"}]),
    }
    question = Question(code, key={"account": account or None})
    found = explain(con, pack, relations, {}, question, tmp_path, silent)
    assert (found.outcome, found.reason) == (outcome, reason)
