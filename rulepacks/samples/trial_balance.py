"""Make a USSGL adjusted trial balance with known faults, its companions, and the findings a run must give.

    python -m rulepacks.samples.trial_balance --rows 10000 --seed 1 --faults 2 --out FOLDER

Writes trial_balance.csv (or .txt with `--format fixed`), tas.csv, prior_year.csv, gl_balances.csv, and what is
expected: expected_findings.csv, expected_status.csv, expected_sf133.csv, faults.csv, summary.json. Everything is
streamed and follows from the seed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import TextIO

from rulepacks.samples.chart import FIELD_LENGTHS, FIELDS, tas_label
from rulepacks.samples.expected import Balances, Finding, Given, judge
from rulepacks.samples.faults import FAULTS, ON_CANCELED, inject
from rulepacks.samples.symbols import Plan, Symbol, make_symbol

ROWS_A_SYMBOL = 58
EXPIRED_EVERY = 9
CANCELED_EVERY = 37


@dataclass(frozen=True)
class Options:
    """`faults` of each kind are injected; `check` runs the reference rules over every symbol, not only faulty ones."""

    rows: int = 4000
    seed: int = 1
    faults: int = 1
    format: str = "csv"
    fiscal_year: int = 2025
    period: int = 9
    check: bool = False


@dataclass(frozen=True)
class Totals:
    """What was made."""

    rows: int
    symbols: int
    findings: dict[str, int]
    statuses: dict[str, int]


@dataclass(frozen=True)
class Made:
    """A symbol with what is expected of it; `statuses` also names symbols that only a faulty row claims."""

    symbol: Symbol
    fault: str | None
    findings: list[Finding]
    statuses: dict[str, str]
    sf133: dict[str, int]


def make(options: Options) -> Iterator[Made]:
    """The symbols of a trial balance, until there are as many rows as asked for and every fault has its place."""
    rng, fault_rng = Random(options.seed), Random(f"faults of {options.seed}")  # noqa: S311 repeatable on purpose
    planned = _planned_faults(options)
    rows = number = 0
    while rows < options.rows or number <= max(planned, default=0):
        fault = planned.get(number)
        status = _status(number) if fault is None else "C" if fault in ON_CANCELED else "U"
        plan = Plan(number, status, fault is not None, options.fiscal_year, options.period)
        made = _expect(make_symbol(plan, rng), fault, fault_rng, rows, options)
        yield made
        rows += len(made.symbol.rows)
        number += 1


def _status(number: int) -> str:
    if number % CANCELED_EVERY == CANCELED_EVERY - 1:
        return "C"
    return "E" if number % EXPIRED_EVERY == EXPIRED_EVERY - 1 else "U"


def _planned_faults(options: Options) -> dict[int, str]:
    """Which symbol carries which fault, spread evenly."""
    kinds = [kind for _ in range(options.faults) for kind in FAULTS]
    step = max(1, options.rows // ROWS_A_SYMBOL // (len(kinds) + 1))
    return {1 + position * step: kind for position, kind in enumerate(kinds)}


def _expect(symbol: Symbol, fault: str | None, rng: Random, before: int, options: Options) -> Made:
    if fault is None and not options.check:
        booked = Balances.booked(symbol.opening, symbol.closing)
        return Made(symbol, None, [], {symbol.tas: "PASSED"}, booked.sf133())
    rows = [row.split(",") for row in symbol.rows] if fault is None else inject(fault, symbol, rng)
    findings: list[Finding] = []
    statuses = {symbol.tas: "PASSED"}
    for tas, group in _by_symbol(rows, before).items():
        given = Given(tas, group, None, {}, {}, options.fiscal_year, options.period)
        if tas == symbol.tas:
            master = (symbol.status, symbol.central)
            given = replace(given, master=master, prior=symbol.opening, ledger=symbol.closing)
        statuses[tas], found = judge(given)
        findings.extend(found)
    sf133 = Balances.of_rows(rows).sf133() if statuses[symbol.tas] == "PASSED" else {}
    return Made(symbol, fault, findings, statuses, sf133)


def _by_symbol(rows: list[list[str]], before: int) -> dict[str, list[tuple[int, list[str]]]]:
    groups: dict[str, list[tuple[int, list[str]]]] = {}
    for number, row in enumerate(rows, start=before + 1):
        groups.setdefault(tas_label(row), []).append((number, row))
    return groups


def fixed_width(row: str) -> str:
    """A row as a record of the bulk layout: text on the left, the digits of the amount on the right after zeros."""
    record = []
    for value, (field, length) in zip(row.split(","), FIELD_LENGTHS.items(), strict=True):
        padded = value.rjust(length, "0") if field == "amount" and value.isdigit() else value.ljust(length)
        record.append(padded[:length])
    return "".join(record)


_HEADERS = {
    "tas.csv": "tas,status,central_fbwt_cents",
    "prior_year.csv": "tas,ussgl_account,closing_cents",
    "gl_balances.csv": "tas,ussgl_account,ending_cents",
    "expected_status.csv": "tas,status",
    "expected_sf133.csv": "tas,line,amount_cents",
    "faults.csv": "kind,tas",
}
_FINDINGS_HEADER = "rule,severity,row_number,tas,begin_end,ussgl_account,actual_cents,expected_cents,difference_cents"


def write(folder: Path, options: Options) -> Totals:
    """Make all files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    findings: list[Finding] = []
    statuses: Counter[str] = Counter()
    rows = symbols = 0
    with ExitStack() as stack:
        files = {name: stack.enter_context(_open(folder / name)) for name in _HEADERS}
        for name, header in _HEADERS.items():
            files[name].write(header + "\n")
        delivered = "trial_balance.txt" if options.format == "fixed" else "trial_balance.csv"
        balance = stack.enter_context(_open(folder / delivered))
        if options.format == "csv":
            balance.write(",".join(FIELDS) + "\n")
        for made in make(options):
            lines = made.symbol.rows if options.format == "csv" else map(fixed_width, made.symbol.rows)
            balance.write("\n".join(lines) + "\n")
            _write_companions(files, made)
            findings.extend(made.findings)
            statuses.update(made.statuses.values())
            rows, symbols = rows + len(made.symbol.rows), symbols + 1
    totals = Totals(rows, symbols, dict(sorted(Counter(finding.rule for finding in findings).items())), dict(statuses))
    _write_findings(folder / "expected_findings.csv", findings)
    (folder / "summary.json").write_text(json.dumps(asdict(options) | asdict(totals), indent=1), encoding="utf-8")
    return totals


def _open(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20)


def _write_companions(files: dict[str, TextIO], made: Made) -> None:
    symbol = made.symbol
    files["tas.csv"].write(f"{symbol.tas},{symbol.status},{symbol.central}\n")
    for name, balances in (("prior_year.csv", symbol.opening), ("gl_balances.csv", symbol.closing)):
        files[name].writelines(f"{symbol.tas},{account},{cents}\n" for account, cents in balances.items())
    files["expected_status.csv"].writelines(f"{tas},{status}\n" for tas, status in made.statuses.items())
    files["expected_sf133.csv"].writelines(f"{symbol.tas},{line},{cents}\n" for line, cents in made.sf133.items())
    if made.fault is not None:
        files["faults.csv"].write(f"{made.fault},{symbol.tas}\n")


def _write_findings(path: Path, findings: list[Finding]) -> None:
    findings.sort(key=lambda finding: (finding.rule, finding.tas, finding.row or 0, finding.begin_end, finding.account))
    with _open(path) as file:
        file.write(_FINDINGS_HEADER + "\n")
        for finding in findings:
            actual, expected = finding.actual, finding.expected
            # A side that is absent is no 0, but counts as 0 in the difference.
            difference = None if actual is None and expected is None else (actual or 0) - (expected or 0)
            amounts = ["" if amount is None else amount for amount in (actual, expected, difference)]
            values = [
                finding.rule,
                finding.severity,
                finding.row or "",
                finding.tas,
                finding.begin_end,
                finding.account,
            ]
            file.write(",".join(map(str, [*values, *amounts])) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m rulepacks.samples.trial_balance", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--rows", type=int, default=10_000, help="about how many rows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=2, help=f"how many of each of the {len(FAULTS)} kinds")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--format", choices=["csv", "fixed"], default="csv")
    parser.add_argument("--fiscal-year", type=int, default=2025)
    parser.add_argument("--period", type=int, default=9)
    parser.add_argument("--check", action="store_true", help="run the reference rules over every symbol (slow)")
    given = parser.parse_args(arguments)
    options = Options(given.rows, given.seed, given.faults, given.format, given.fiscal_year, given.period, given.check)
    totals = write(given.out, options)
    sys.stdout.write(json.dumps(asdict(totals)) + "\n")


if __name__ == "__main__":
    main()
