"""What a sample trial balance is made of: the bulk-file fields, a small chart of accounts, agencies.

Field names and lengths follow the public layout of the GTAS bulk file (fiscal year 2026); account numbers and normal
balances follow the public USSGL chart. Which attribute values an account allows is a simplification for samples.
"""

from __future__ import annotations

from typing import NamedTuple

FIELD_LENGTHS = {
    "fiscal_year": 4, "period": 2, "ata": 3, "aid": 3, "bpoa": 4, "epoa": 4, "availability_type": 1,
    "main_account": 4, "sub_account": 3, "ussgl_account": 6, "amount": 21, "debit_credit": 1, "begin_end": 1,
    "authority_type": 1, "reimbursable_flag": 1, "apportionment_category": 1, "category_b_program": 4,
    "program_report_category": 2, "fed_nonfed": 1, "trading_partner_agency": 3, "trading_partner_main": 4,
    "year_of_budget_authority": 3, "availability_time": 1, "bea_category": 1, "borrowing_source": 1,
    "exch_nonexch": 1, "cust_noncust": 1, "budget_impact": 1, "prior_year_adjustment": 1, "credit_cohort_year": 4,
    "defc": 3, "reduction_type": 3, "budget_object_class": 4,
}  # fmt: skip
FIELDS = tuple(FIELD_LENGTHS)
INDEX = {field: position for position, field in enumerate(FIELDS)}
ATTRIBUTES = FIELDS[INDEX["begin_end"] + 1 :]


class Account(NamedTuple):
    """`normal` is D, C or E (either side); `begin_end` and `partners` list the allowed codes, no partners = blank."""

    normal: str
    begin_end: str
    partners: str


ACCOUNTS = {
    "101000": Account("D", "BE", "G"),
    "131000": Account("D", "BE", "FN"),
    "141000": Account("D", "BE", "FN"),
    "175000": Account("D", "BE", "N"),
    "175900": Account("C", "BE", "N"),
    "211000": Account("C", "BE", "FN"),
    "222000": Account("C", "BE", "N"),
    "310000": Account("C", "BE", ""),
    "310100": Account("C", "E", "G"),
    "310700": Account("D", "E", ""),
    "331000": Account("E", "BE", ""),
    "520000": Account("C", "E", "FN"),
    "570000": Account("C", "E", ""),
    "610000": Account("D", "E", "FN"),
    "671000": Account("D", "E", "N"),
    "680000": Account("D", "E", "N"),
    "411900": Account("D", "E", ""),
    "420100": Account("D", "BE", ""),
    "425200": Account("D", "E", "FN"),
    "445000": Account("C", "BE", ""),
    "451000": Account("C", "E", ""),
    "461000": Account("C", "E", ""),
    "480100": Account("C", "BE", ""),
    "480200": Account("C", "BE", ""),
    "487100": Account("D", "E", ""),
    "490100": Account("C", "BE", ""),
    "490200": Account("C", "E", ""),
}
NEEDS_PROGRAM = frozenset({"461000", "480100", "480200", "490100", "490200"})
GENERAL_FUND = "099"
AGENCIES = (
    "005", "012", "013", "014", "015", "016", "018", "019", "020", "024", "027", "028", "031", "036", "047",
    "049", "060", "068", "069", "070", "072", "073", "075", "080", "086", "088", "089", "091", "097", "339",
)  # fmt: skip
OBJECT_CLASSES = (
    "1110", "1130", "1210", "2110", "2310", "2330", "2510", "2520", "2530", "2560", "2570", "2610", "3110",
    "3200", "4100",
)  # fmt: skip
EMERGENCY_FUNDS = ("Q", "N", "V")


def tas_label(row: list[str]) -> str:
    """The account symbol a row belongs to: `[ata-]aid-bpoa/epoa-main-sub`, or the availability type for the years."""
    ata, aid, bpoa, epoa, availability, main, sub = row[INDEX["ata"] : INDEX["ussgl_account"]]
    years = f"{bpoa}/{epoa}" if bpoa else availability
    return "-".join([*([ata] if ata else []), aid, years, main, sub])
