"""The shipped federal pack over sample trial balances, and what was found compared with what was expected."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet

import rulepacks
from rulepacks.engine.runner import InputFile, RunRequest

PACK = Path(rulepacks.__file__).parent / "library" / "federal" / "gtas_reconciliation"
COMPANIONS = {"accounts": "tas.csv", "prior_year": "prior_year.csv", "ledger": "gl_balances.csv"}
PARAMETERS = {"fiscal_year": "2025", "period": "9"}


def request_for(
    folder: Path, out: Path, trial_balance: str = "trial_balance.csv", parameters: dict[str, str] | None = None
) -> RunRequest:
    """A run over the files of a sample."""
    named = {"trial_balance": trial_balance, **COMPANIONS}
    files = tuple(InputFile(name, folder / filename, filename) for name, filename in named.items())
    return RunRequest(PACK, files, {}, PARAMETERS if parameters is None else parameters, out)


Found = tuple[str, ...]


def found(out: Path) -> list[Found]:
    """Findings as rule, severity, row, tas, begin/end, account, left, right, difference; sorted."""
    rows = []
    for row in pyarrow.parquet.read_table(out / "findings.parquet").to_pylist():
        key = json.loads(row["key"])
        names = [key.get(name) or "" for name in ("tas", "begin_end", "ussgl_account")]
        amounts = [row[name] or "" for name in ("left", "right", "difference")] if row["row"] is None else [""] * 3
        rows.append((row["rule"], row["severity"], str(row["row"] or ""), *names, *amounts))
    return sorted(rows)


def expected(folder: Path) -> list[Found]:
    """The same from the sample's list of expected findings."""
    columns = ("rule", "severity", "row_number", "tas", "begin_end", "ussgl_account")
    amounts = ("actual_cents", "expected_cents", "difference_cents")
    return sorted(
        tuple(row[name] for name in (*columns, *amounts)) for row in read_csv(folder / "expected_findings.csv")
    )


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def statuses(out: Path) -> dict[str, str]:
    """Status by unit."""
    rows = pyarrow.parquet.read_table(out / "units.parquet").to_pylist()
    return {row["unit"]: row["status"] for row in rows}


def check(folder: Path, out: Path) -> None:
    """Findings, statuses and SF-133 lines are exactly the expected ones."""
    assert found(out) == expected(folder)
    assert statuses(out) == {row["tas"]: row["status"] for row in read_csv(folder / "expected_status.csv")}
    lines = sorted((row["tas"], row["line"], row["amount_cents"]) for row in read_csv(out / "outputs" / "sf133.csv"))
    wanted = sorted((row["tas"], row["line"], row["amount_cents"]) for row in read_csv(folder / "expected_sf133.csv"))
    assert lines == wanted
