"""Stages, statuses and transforms of the pack that shows federal constructs: what cases of single rules cannot show."""

import csv
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.tests.test_evaluate import register

PACK = Path(__file__).parent / "packs" / "constructs"
LINE = {
    "agency": "012", "account": "4801", "program": "RESEARCH", "object_class": "252", "prior_year_adjustment": "X",
    "defc": "Q", "funding": "D", "obligated": "100.00", "outlaid": "40.00", "total": "140.00",
    "ussgl490200_cpe": "-90.00",
}  # fmt: skip
LINES = [
    {**LINE, "line": "1", "tas": "012-0100"},
    {**LINE, "line": "2", "tas": "012-0200"}, {**LINE, "line": "3", "tas": "012-0200"},
    {**LINE, "line": "4", "tas": "012-0300", "total": "140.01"}, {**LINE, "line": "5", "tas": "012-0300"},
    {**LINE, "line": "6", "tas": "012-0400"},
]  # fmt: skip
ACCOUNTS = [
    {"tas": tas, "obligated": "100.00", "outlaid": "40.00", "estimate": "100.00"} for tas in ("012-0100", "012-0400")
]
ACCOUNTS += [{"tas": "012-0200", "obligated": "200.00", "outlaid": "80.00", "estimate": "200.00"}]
TOTALS = [
    {"tas": given["tas"], "fiscal_year": year, "period": period, "line": "1000", "amount": amount}
    for given in ACCOUNTS
    for year, period, amount in (("2025", "6", given["obligated"]), ("2024", "12", given["outlaid"]))
]
LEDGER = [{"tas": tas, "balance": "-100.00"} for tas in ("012-0100", "012-0300")]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    con, folder = duckdb.connect(), tmp_path_factory.mktemp("constructs")
    published = [{"agency": "012", "tas": "none", "fiscal_year": "2025", "period": "5"}]
    given = {"lines": LINES, "accounts": ACCOUNTS, "sf133": TOTALS, "published": published, "ledger": LEDGER}
    relations = {name: register(con, f"given_{name}", rows) for name, rows in given.items()}
    evaluate(con, load_pack(PACK), relations, {"fiscal_year": 2025, "period": 6}, folder, lambda _: None)
    return folder


def findings(out: Path) -> list[dict[str, Any]]:
    return [row for row in pq.read_table(out / "findings.parquet").to_pylist() if row["severity"] == "fatal"]


def test_an_account_with_a_fatal_validation_has_no_edits_and_the_first_status_that_applies_counts(out: Path) -> None:
    statuses = {row["unit"]: row["status"] for row in pq.read_table(out / "units.parquet").to_pylist()}
    assert statuses == {
        "012-0100": "PASSED", "012-0200": "FAILED_EDITS", "012-0300": "FAILED_VALIDATIONS",
        "012-0400": "PASSED_WITH_WARNINGS",
    }  # fmt: skip
    assert [(row["unit"], row["rule"]) for row in findings(out)] == [("012-0300", "K02A"), ("012-0200", "K06A")]


def test_the_transform_keeps_the_totals_of_the_accounts_that_passed(out: Path) -> None:
    with (out / "outputs" / "balances.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["TAS"] for row in rows} == {"012-0100", "012-0400"}
    assert {row["Amount"] for row in rows if row["Line"] == "2500"} == {"100.00"}
    assert {row["Amount"] for row in rows if row["Line"] == "2490"} == {"0.00"}
