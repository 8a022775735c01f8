"""Known faults, put into one account symbol each. Kinds that begin with `control` must give no finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from rulepacks.samples.chart import INDEX
from rulepacks.samples.symbols import BROUGHT, PUBLIC, Symbol, attributes

HUGE = 10**13


@dataclass
class Draft:
    """A symbol whose rows are taken apart, so that a fault can change them."""

    symbol: Symbol
    rows: list[list[str]]
    rng: Random
    cents: int

    def pick(self, **wanted: str) -> list[str]:
        """One row, at random, whose fields have these values."""
        fitting = [row for row in self.rows if all(row[INDEX[field]] == value for field, value in wanted.items())]
        return self.rng.choice(fitting)

    def change(self, field: str, value: str, **wanted: str) -> None:
        """Set one field of a random row."""
        self.pick(**wanted)[INDEX[field]] = value

    def raise_amount(self, account: str, cents: int) -> None:
        """Add to an ending balance on its own side."""
        row = self.pick(ussgl_account=account, begin_end="E")
        row[INDEX["amount"]] = str(int(row[INDEX["amount"]]) + cents)

    def append(self, account: str, cents: int, side: str, attributes: str) -> None:
        """Add an ending row."""
        head = self.rows[0][: INDEX["ussgl_account"]]
        self.rows.append([*head, account, str(cents), side, "E", *attributes.split(",")[1:]])

    def move_ledger(self, account: str, cents: int) -> None:
        self.symbol.closing[account] = self.symbol.closing.get(account, 0) + cents


Fault = Callable[[Draft], None]


def _unbalanced_proprietary(draft: Draft) -> None:
    draft.raise_amount("610000", draft.cents)
    draft.move_ledger("610000", draft.cents)


def _one_cent_off(draft: Draft) -> None:
    draft.raise_amount("610000", 1)
    draft.move_ledger("610000", 1)


def _unbalanced_budgetary(draft: Draft) -> None:
    draft.raise_amount("461000", draft.cents)
    draft.move_ledger("461000", -draft.cents)


def _central_balance_differs(draft: Draft) -> None:
    draft.symbol.central += draft.cents


def _resources_differ_from_status(draft: Draft) -> None:
    brought = {**BROUGHT, "defc": "V"}
    draft.append("420100", draft.cents, "D", attributes(**brought))
    draft.append("445000", draft.cents, "C", attributes(availability_time="S", **brought))
    draft.move_ledger("420100", draft.cents)
    draft.move_ledger("445000", -draft.cents)


def _beginning_differs_from_prior_year(draft: Draft) -> None:
    account = draft.rng.choice(sorted(draft.symbol.opening))
    draft.symbol.opening[account] += draft.cents


def _used_differs_from_expended(draft: Draft) -> None:
    draft.raise_amount("570000", draft.cents)
    draft.raise_amount("610000", draft.cents)
    draft.move_ledger("570000", -draft.cents)
    draft.move_ledger("610000", draft.cents)


def _canceled_with_balance(draft: Draft) -> None:
    for row in draft.rows:
        row[INDEX["amount"]] = str(draft.cents)
    draft.symbol.central = draft.cents
    draft.symbol.closing = {"101000": draft.cents, "310000": -draft.cents}


def _abnormal_balance(draft: Draft) -> None:
    draft.append("222000", HUGE, "D", PUBLIC)
    draft.append("331000", HUGE, "C", attributes(prior_year_adjustment="P"))
    draft.move_ledger("222000", HUGE)
    draft.move_ledger("331000", -HUGE)


def _amount_negative(draft: Draft) -> None:
    row = draft.pick(ussgl_account="610000")
    row[INDEX["amount"]] = "-" + row[INDEX["amount"]]


def _missing_program(draft: Draft) -> None:
    programs = [row for row in draft.rows if row[INDEX["category_b_program"]]]
    draft.rng.choice(programs)[INDEX["category_b_program"]] = ""


def _wrong_period(draft: Draft) -> None:
    row = draft.rng.choice(draft.rows)
    row[INDEX["period"]] = f"{int(row[INDEX['period']]) % 12 + 1:02d}"


def _ledger_account_missing(draft: Draft) -> None:
    del draft.symbol.closing["610000"]


def _leading_zeros(draft: Draft) -> None:
    row = draft.rng.choice(draft.rows)
    row[INDEX["amount"]] = row[INDEX["amount"]].zfill(21)


def _changed(field: str, value: str, **wanted: str) -> Fault:
    return lambda draft: draft.change(field, value, **wanted)


FAULTS: dict[str, Fault] = {
    "unbalanced_proprietary": _unbalanced_proprietary,
    "one_cent_off": _one_cent_off,
    "unbalanced_budgetary": _unbalanced_budgetary,
    "central_balance_differs": _central_balance_differs,
    "resources_differ_from_status": _resources_differ_from_status,
    "beginning_differs_from_prior_year": _beginning_differs_from_prior_year,
    "used_differs_from_expended": _used_differs_from_expended,
    "canceled_with_balance": _canceled_with_balance,
    "abnormal_balance": _abnormal_balance,
    "unknown_ussgl_account": _changed("ussgl_account", "619999", ussgl_account="610000"),
    "amount_not_numeric": _changed("amount", "12A450", ussgl_account="610000"),
    "amount_negative": _amount_negative,
    "unknown_account_symbol": _changed("main_account", "9999", ussgl_account="610000"),
    "bad_debit_credit": _changed("debit_credit", "X"),
    "bad_begin_end": _changed("begin_end", "M"),
    "begin_on_flow_account": _changed("begin_end", "B", ussgl_account="570000"),
    "missing_fed_nonfed": _changed("fed_nonfed", "", ussgl_account="610000", fed_nonfed="N"),
    "missing_trading_partner": _changed("trading_partner_agency", "", fed_nonfed="F"),
    "trading_partner_on_nonfederal": _changed("trading_partner_agency", "012", fed_nonfed="N"),
    "unknown_trading_partner": _changed("trading_partner_agency", "998", fed_nonfed="F"),
    "missing_category_b_program": _missing_program,
    "wrong_period": _wrong_period,
    "duplicate_record": lambda draft: draft.rows.append(list(draft.rng.choice(draft.rows))),
    "ledger_amount_differs": lambda draft: draft.move_ledger("610000", draft.cents),
    "ledger_account_missing": _ledger_account_missing,
    "ledger_account_extra": lambda draft: draft.move_ledger("131000", draft.cents),
    "control_ledger_one_cent": lambda draft: draft.move_ledger("610000", 1),
    "control_leading_zeros": _leading_zeros,
    "control_rows_shuffled": lambda draft: draft.rng.shuffle(draft.rows),
}
ON_CANCELED = frozenset({"canceled_with_balance"})


def inject(kind: str, symbol: Symbol, rng: Random) -> list[list[str]]:
    """Put a fault into a symbol; returns its rows, changed."""
    draft = Draft(symbol, [row.split(",") for row in symbol.rows], rng, rng.randrange(100, 100_000) * 101)
    FAULTS[kind](draft)
    symbol.rows = [",".join(row) for row in draft.rows]
    return draft.rows
