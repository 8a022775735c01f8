"""What a correct run must report for one account symbol: the rules of the sample pack, worked out row by row.

Written apart from the engine and on purpose in the plainest Python, so that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rulepacks.samples.chart import ACCOUNTS, AGENCIES, GENERAL_FUND, INDEX, NEEDS_PROGRAM

AMOUNT_DIGITS = 21
LEDGER_TOLERANCE = 1
PROPOSED = frozenset({"E08", "E09"})
WARNINGS = frozenset({"R01", "R02", "R03"})
STATUSES = ("FAILED_VALIDATIONS", "FAILED_EDITS", "PASSED_WITH_WARNINGS", "PASSED")
FIRST_FIELDS = 10  # the fields before the amount


class Finding(NamedTuple):
    """One expected finding; amounts in cents, None where there is none, `row` None for findings about a key."""

    rule: str
    severity: str
    row: int | None
    tas: str
    begin_end: str
    account: str
    actual: int | None
    expected: int | None


@dataclass(frozen=True)
class Given:
    """One account symbol as delivered: its rows with their numbers, and what the companions say."""

    tas: str
    rows: Sequence[tuple[int, list[str]]]
    master: tuple[str, int] | None
    prior: Mapping[str, int]
    ledger: Mapping[str, int]
    fiscal_year: int
    period: int


def judge(given: Given) -> tuple[str, list[Finding]]:
    """Status and findings of the symbol; edits are looked at only when no validation fails."""
    validations = [
        Finding(rule, "fatal", number, given.tas, row[INDEX["begin_end"]], row[INDEX["ussgl_account"]], None, None)
        for number, rule, row in _validations(given)
    ]
    if validations:
        return "FAILED_VALIDATIONS", validations
    edits = list(_edits(given))
    if any(finding.severity == "fatal" for finding in edits):
        return "FAILED_EDITS", edits
    return ("PASSED_WITH_WARNINGS" if edits else "PASSED"), edits


def _validations(given: Given) -> Iterator[tuple[int, str, list[str]]]:
    seen: set[tuple[str, ...]] = set()
    for number, row in given.rows:
        for rule in _row_rules(row, given):
            yield number, rule, row
        key = (*row[:FIRST_FIELDS], *row[FIRST_FIELDS + 1 :])
        if key in seen:
            yield number, "V11", row
        seen.add(key)


def _row_rules(row: list[str], given: Given) -> Iterator[str]:
    value = dict(zip(INDEX, row, strict=True))
    amount, side, begin_end = value["amount"], value["debit_credit"], value["begin_end"]
    account = ACCOUNTS.get(value["ussgl_account"])
    partner, agency = value["fed_nonfed"], value["trading_partner_agency"]
    category, program = value["apportionment_category"], value["category_b_program"]
    if account is None:
        yield "V01"
    if not (amount.isascii() and amount.isdigit() and len(amount) <= AMOUNT_DIGITS):
        yield "V02"
    if given.master is None:
        yield "V03"
    if side not in {"D", "C"}:
        yield "V04"
    if begin_end not in {"B", "E"}:
        yield "V05"
    elif account and begin_end not in account.begin_end:
        yield "V06"
    if account and partner not in (set(account.partners) or {""}):
        yield "V07"
    if (agency not in {*AGENCIES, GENERAL_FUND}) if partner in {"F", "G"} else agency:
        yield "V08"
    if (category == "B" and value["ussgl_account"] in NEEDS_PROGRAM and not program) or (category != "B" and program):
        yield "V09"
    if (value["fiscal_year"], value["period"]) != (str(given.fiscal_year), f"{given.period:02d}"):
        yield "V10"


class Balances:
    """Signed balances by account and beginning or ending."""

    def __init__(self, net: Mapping[tuple[str, str], int]) -> None:
        self.net = net

    @classmethod
    def of_rows(cls, rows: Sequence[list[str]]) -> Balances:
        """The balances of valid rows."""
        net: dict[tuple[str, str], int] = {}
        for row in rows:
            cents = int(row[INDEX["amount"]]) * (1 if row[INDEX["debit_credit"]] == "D" else -1)
            key = (row[INDEX["ussgl_account"]], row[INDEX["begin_end"]])
            net[key] = net.get(key, 0) + cents
        return cls(net)

    @classmethod
    def booked(cls, opening: Mapping[str, int], closing: Mapping[str, int]) -> Balances:
        """The balances of a symbol as it was booked."""
        net = {(account, "B"): cents for account, cents in opening.items()}
        return cls(net | {(account, "E"): cents for account, cents in closing.items()})

    def debit(self, account: str, begin_end: str = "E") -> int:
        return self.net.get((account, begin_end), 0)

    def credit(self, account: str, begin_end: str = "E") -> int:
        return -self.debit(account, begin_end)

    def change(self, account: str) -> int:
        """Growth of a credit balance over the year."""
        return self.credit(account) - self.credit(account, "B")

    def sf133(self) -> dict[str, int]:
        """The lines of the sample crosswalk."""
        lines = {
            "1000": self.credit("445000", "B"),
            "1021": self.debit("487100"),
            "1160": self.debit("411900"),
            "1750": self.debit("425200"),
        }
        lines["1910"] = sum(lines.values())
        lines["2190"] = sum(self.change(account) for account in ("480100", "480200", "490100")) + self.credit("490200")
        lines["2490"] = sum(self.credit(account) for account in ("445000", "451000", "461000"))
        lines["2500"] = lines["2190"] + lines["2490"]
        lines["3020"] = self.credit("490200")
        return lines


def _edits(given: Given) -> Iterator[Finding]:
    balances = Balances.of_rows([row for _, row in given.rows])
    for rule, begin_end, account, actual, expected in (
        *_balance_edits(balances),
        *_tie_edits(balances, given),
        *_ledger_edits(balances, given),
    ):
        severity = "warning" if rule in PROPOSED | WARNINGS else "fatal"
        yield Finding(rule, severity, None, given.tas, begin_end, account, actual, expected)


Edit = tuple[str, str, str, int | None, int | None]


def _balance_edits(balances: Balances) -> Iterator[Edit]:
    for begin_end in ("B", "E"):
        sides = [
            sum(
                cents
                for (account, when), cents in balances.net.items()
                if when == begin_end and budgetary == (account[0] == "4")
            )
            for budgetary in (False, True)
        ]
        for rule, cents in zip(("E01", "E02"), sides, strict=True):
            if cents:
                yield rule, begin_end, "", cents, 0
    for (account, begin_end), cents in balances.net.items():
        normal = ACCOUNTS[account].normal
        if begin_end == "E" and ((normal == "D" and cents < 0) or (normal == "C" and cents > 0)):
            yield "E08", "E", account, cents, 0


def _tie_edits(balances: Balances, given: Given) -> Iterator[Edit]:
    assert given.master is not None
    status, central = given.master
    cash, lines = balances.debit("101000"), balances.sf133()
    if cash != central:
        yield "E03", "E", "101000", cash, central
    if lines["1910"] != lines["2500"]:
        yield "E04", "", "", lines["1910"], lines["2500"]
    for account in {account for account, when in balances.net if when == "B"} | set(given.prior):
        if balances.debit(account, "B") != given.prior.get(account, 0):
            yield "E05", "B", account, balances.debit(account, "B"), given.prior.get(account, 0)
    if balances.debit("310700") != balances.credit("570000"):
        yield "E06", "E", "310700", balances.debit("310700"), balances.credit("570000")
    if status == "C" and cash:
        yield "E07", "E", "101000", cash, 0
    unpaid = balances.credit("480100") + balances.credit("490100") - balances.debit("487100")
    if status != "C" and cash != lines["2490"] + unpaid:
        yield "E09", "E", "101000", cash, lines["2490"] + unpaid


def _ledger_edits(balances: Balances, given: Given) -> Iterator[Edit]:
    for account in {account for account, when in balances.net if when == "E"} | set(given.ledger):
        here, there = balances.net.get((account, "E")), given.ledger.get(account)
        if here is not None and there is not None:
            if abs(here - there) > LEDGER_TOLERANCE:
                yield "R01", "E", account, here, there
        elif here:
            yield "R02", "E", account, here, None
        elif there:
            yield "R03", "E", account, None, there
