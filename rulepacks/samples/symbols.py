"""One year of one Treasury account, booked so that every tie point holds.

All amounts are whole cents; signed amounts are positive for debits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from rulepacks.samples.chart import AGENCIES, ATTRIBUTES, EMERGENCY_FUNDS, GENERAL_FUND, OBJECT_CLASSES, tas_label

MAIN_ACCOUNTS = 4900


@dataclass
class Symbol:
    """An account symbol: its rows as CSV text, its balances, and what others say about it.

    `status` is U (unexpired), E (expired) or C (canceled); `central` the fund balance Treasury holds for it.
    """

    tas: str
    status: str
    central: int
    rows: list[str]
    opening: dict[str, int]
    closing: dict[str, int]


@dataclass(frozen=True)
class Plan:
    """Which symbol to make. `full` ones have every account a fault may touch."""

    number: int
    status: str
    full: bool
    fiscal_year: int
    period: int

    @property
    def agency(self) -> str:
        return AGENCIES[self.number % len(AGENCIES)]

    def other_agency(self, step: int) -> str:
        return AGENCIES[(self.number + step) % len(AGENCIES)]

    @property
    def main_account(self) -> str:
        return f"{100 + self.number // len(AGENCIES) % MAIN_ACCOUNTS:04d}"

    @property
    def pieces(self) -> int:
        """Into how many programs apportioned balances are split."""
        size = self.number % 10
        if size == 9:
            return 22
        return 4 if self.full or size >= 5 else 1

    @property
    def shape(self) -> int:
        """0 no-year, 1 annual in its first year (brings nothing forward), 2 two-year."""
        return 0 if self.full else self.number % 3

    def key(self) -> tuple[str, ...]:
        """ata, aid, bpoa, epoa, availability type, main account, sub account."""
        sub = f"{self.number // (len(AGENCIES) * MAIN_ACCOUNTS):03d}"
        year, tail = self.fiscal_year, (self.main_account, sub)
        if self.status == "C":
            return ("", self.agency, str(year - 7), str(year - 6), "", *tail)
        if self.status == "E":
            return ("", self.agency, str(year - 2), str(year - 2), "", *tail)
        if self.shape == 0:
            return ("", self.agency, "", "", "X", *tail)
        if self.shape == 1:
            return ("", self.agency, str(year), str(year), "", *tail)
        transfer = self.other_agency(7) if self.number % 41 == 0 else ""
        return (transfer, self.agency, str(year - 1), str(year), "", *tail)


def attributes(**given: str) -> str:
    """The attribute fields of a row as CSV text, beginning with a comma."""
    return "".join(f",{given.get(name, '')}" for name in ATTRIBUTES)


PLAIN = attributes()
PUBLIC = attributes(fed_nonfed="N")
TREASURY = attributes(fed_nonfed="G", trading_partner_agency=GENERAL_FUND)
EXPENSE = {"exch_nonexch": "X", "cust_noncust": "A", "budget_impact": "D"}
PUBLIC_EXPENSES = tuple(attributes(fed_nonfed="N", budget_object_class=code, **EXPENSE) for code in OBJECT_CLASSES)
BUDGET = {"bea_category": "D", "prior_year_adjustment": "X", "defc": "Q"}
BROUGHT = {"year_of_budget_authority": "BAL", **BUDGET}
NEW = {"year_of_budget_authority": "NEW", **BUDGET}


APPROPRIATED = attributes(authority_type="P", **NEW)
BROUGHT_FORWARD = attributes(**BROUGHT)
UNOBLIGATED = attributes(availability_time="A", **BROUGHT)
APPORTIONED = attributes(apportionment_category="B", availability_time="A", **NEW)
RECOVERED = attributes(reimbursable_flag="D", **BROUGHT)


class _Book:
    """Rows of one symbol as they are booked; nothing is booked for a zero."""

    def __init__(self, plan: Plan) -> None:
        key = plan.key()
        self.head = ",".join((str(plan.fiscal_year), f"{plan.period:02d}", *key)) + ","
        self.rows: list[str] = []
        self.balances: dict[str, dict[str, int]] = {"B": {}, "E": {}}

    def add(self, account: str, cents: int, side: str, begin_end: str, attributes: str) -> None:
        if cents:
            self.rows.append(f"{self.head}{account},{cents},{side},{begin_end}{attributes}")
            balance = self.balances[begin_end]
            balance[account] = balance.get(account, 0) + (cents if side == "D" else -cents)


@dataclass(frozen=True)
class _Year:
    """The events of the year, from which every balance follows."""

    unobligated: int
    undelivered: int
    advances: int
    payable: int
    equipment: int
    worn: int
    leave: int
    appropriation: int
    recovered: int
    reimbursed: int
    obligated: int
    delivered: int
    paid: int
    capitalised: int
    wear: int
    leave_earned: int

    @property
    def available(self) -> int:
        return self.unobligated + self.appropriation + self.recovered + self.reimbursed

    @property
    def opening_cash(self) -> int:
        return self.unobligated + self.undelivered + self.payable

    @property
    def closing_cash(self) -> int:
        return self.opening_cash + self.appropriation + self.reimbursed - self.paid


def _imagine_year(plan: Plan, rng: Random) -> _Year:
    scale = 10 ** (6 + 5 * rng.random())

    def between(low: float, high: float) -> int:
        return int(scale * (low + (high - low) * rng.random()))

    def part(of: int, low: float, high: float) -> int:
        return int(of * (low + (high - low) * rng.random()))

    carried = [between(low, high) for low, high in ((0.05, 0.3), (0.1, 0.4), (0.01, 0.05), (0.02, 0.1), (0.2, 0.6))]
    if plan.status == "U" and plan.shape == 1:
        carried = [0] * len(carried)
    unobligated, undelivered, advances, payable, equipment = carried
    leave = part(equipment, 0.05, 0.1)
    unexpired = plan.status == "U"
    appropriation = between(0.6, 1.4) if unexpired else 0
    reimbursed = between(0.02, 0.1) if unexpired and (plan.full or plan.number % 2) else 0
    recovered = part(undelivered, 0.02, 0.1)
    available = unobligated + appropriation + recovered + reimbursed
    obligated = part(available, 0.3, 0.8) if unexpired else 0
    delivered = part(undelivered - recovered + obligated, 0.4, 0.8)
    return _Year(
        unobligated=unobligated,
        undelivered=undelivered,
        advances=advances,
        payable=payable,
        equipment=equipment,
        worn=part(equipment, 0.1, 0.6),
        leave=leave,
        appropriation=appropriation,
        recovered=recovered,
        reimbursed=reimbursed,
        obligated=obligated,
        delivered=delivered,
        paid=part(payable + delivered, 0.5, 0.9),
        capitalised=part(delivered, 0, 0.05) if unexpired else 0,
        wear=equipment // 12,
        leave_earned=leave // 10,
    )


def make_symbol(plan: Plan, rng: Random) -> Symbol:
    """Book the year of one account symbol."""
    book = _Book(plan)
    tas = tas_label(book.head.split(","))
    if plan.status == "C":
        book.rows = [f"{book.head}101000,0,D,E{TREASURY}", f"{book.head}310000,0,C,E{PLAIN}"]
        return Symbol(tas, "C", 0, book.rows, {}, {"101000": 0, "310000": 0})
    year = _imagine_year(plan, rng)
    _book_assets(book, plan, year)
    _book_operations(book, plan, year, rng)
    _book_resources(book, plan, year)
    _book_obligations(book, plan, year, rng)
    return Symbol(tas, plan.status, year.closing_cash, book.rows, book.balances["B"], book.balances["E"])


def _partner(plan: Plan, step: int, given: Mapping[str, str] = {}) -> str:
    """Attributes of business with another agency."""
    return attributes(
        fed_nonfed="F",
        trading_partner_agency=plan.other_agency(step),
        trading_partner_main=plan.main_account,
        **given,
    )


def _book_assets(book: _Book, plan: Plan, year: _Year) -> None:
    results = year.equipment - year.worn - year.leave
    closing_payable = year.payable + year.delivered - year.paid
    for begin_end, cash, equipment, worn, payable, leave in (
        ("B", year.opening_cash, year.equipment, year.worn, year.payable, year.leave),
        (
            "E",
            year.closing_cash,
            year.equipment + year.capitalised,
            year.worn + year.wear,
            closing_payable,
            year.leave + year.leave_earned,
        ),
    ):
        federal = payable // 5
        book.add("101000", cash, "D", begin_end, TREASURY)
        book.add("141000", year.advances, "D", begin_end, PUBLIC)
        book.add("175000", equipment, "D", begin_end, PUBLIC)
        book.add("175900", worn, "C", begin_end, PUBLIC)
        book.add("211000", federal, "C", begin_end, _partner(plan, 3))
        book.add("211000", payable - federal, "C", begin_end, PUBLIC)
        book.add("222000", leave, "C", begin_end, PUBLIC)
        book.add("310000", year.unobligated + year.undelivered + year.advances, "C", begin_end, PLAIN)
        book.add("331000", abs(results), "C" if results > 0 else "D", begin_end, PLAIN)


def _book_operations(book: _Book, plan: Plan, year: _Year, rng: Random) -> None:
    book.add("310100", year.appropriation, "C", "E", TREASURY)
    book.add("310700", year.delivered, "D", "E", PLAIN)
    book.add("570000", year.delivered, "C", "E", PLAIN)
    book.add("671000", year.wear, "D", "E", PUBLIC)
    book.add("680000", year.leave_earned, "D", "E", PUBLIC)
    book.add("520000", year.reimbursed, "C", "E", _partner(plan, 5, {"exch_nonexch": "X"}))
    expense = year.delivered - year.capitalised
    federal = expense * 3 // 20
    book.add("610000", federal, "D", "E", _partner(plan, 9, EXPENSE))
    for number, cents in enumerate(_split(expense - federal, 1 + plan.pieces // 2, rng)):
        book.add("610000", cents, "D", "E", PUBLIC_EXPENSES[number])


def _book_resources(book: _Book, plan: Plan, year: _Year) -> None:
    brought = year.unobligated + year.undelivered + year.advances + year.payable
    unused = year.available - year.obligated
    held = unused * 3 // 5 if plan.status == "U" else 0
    allotted = (unused - held) // 2 if plan.status == "U" else 0
    book.add("411900", year.appropriation, "D", "E", APPROPRIATED)
    book.add("420100", brought, "D", "B", BROUGHT_FORWARD)
    book.add("420100", brought, "D", "E", BROUGHT_FORWARD)
    book.add("425200", year.reimbursed, "D", "E", _partner(plan, 5, {"reimbursable_flag": "R", **NEW}))
    book.add("445000", year.unobligated, "C", "B", UNOBLIGATED)
    book.add("445000", unused - held - allotted, "C", "E", UNOBLIGATED)
    book.add("451000", allotted, "C", "E", APPORTIONED)
    book.add("487100", year.recovered, "D", "E", RECOVERED)


def _book_obligations(book: _Book, plan: Plan, year: _Year, rng: Random) -> None:
    unused = year.available - year.obligated
    held = unused * 3 // 5 if plan.status == "U" else 0
    opening = {"480100": year.undelivered, "480200": year.advances, "490100": year.payable}
    closing = {
        "461000": held,
        "480100": year.undelivered + year.obligated - year.delivered,
        "480200": year.advances,
        "490100": year.payable + year.delivered - year.paid,
        "490200": year.paid,
    }
    funds = EMERGENCY_FUNDS if plan.pieces > 4 else EMERGENCY_FUNDS[:1]
    for begin_end, totals in (("B", opening), ("E", closing)):
        for account, total in totals.items():
            for number, cents in enumerate(_split(total, plan.pieces, rng)):
                object_class = OBJECT_CLASSES[(plan.number + number) % len(OBJECT_CLASSES)]
                fund = funds[number % len(funds)]
                book.add(account, cents, "C", begin_end, _program(number, begin_end, fund, object_class))


@cache
def _program(number: int, begin_end: str, emergency_fund: str, object_class: str) -> str:
    """Attributes of one piece of an apportioned balance: the first is category A, the others programs of category B."""
    return attributes(
        reimbursable_flag="D",
        apportionment_category="B" if number else "A",
        category_b_program=str(6011 + number) if number else "",
        program_report_category=f"{1 + number % 9:02d}",
        year_of_budget_authority="BAL" if begin_end == "B" else "NEW",
        bea_category="D",
        prior_year_adjustment="X",
        defc=emergency_fund,
        budget_object_class=object_class,
    )


def _split(total: int, parts: int, rng: Random) -> list[int]:
    """Whole numbers >= 0 that add up to `total`."""
    if total == 0:
        return []
    sizes, left = [], total
    for _ in range(parts - 1):
        size = min(left, int(total // parts * (0.5 + rng.random())))
        sizes.append(size)
        left -= size
    return [*sizes, left]
