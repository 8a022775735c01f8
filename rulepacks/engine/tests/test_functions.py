"""Functions by example, computed by both twins; and each is exercised by the random expressions too."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulepacks.engine.compile_python import compile_node
from rulepacks.engine.compile_sql import Compiler
from rulepacks.engine.expressions.build import build
from rulepacks.engine.expressions.functions import FUNCTIONS, REFUSED
from rulepacks.engine.expressions.functions.base import Fault
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.similarity import jaro_winkler
from rulepacks.engine.expressions.tree import Field
from rulepacks.engine.expressions.types import DATE, INTEGER, TEXT, decimal
from rulepacks.engine.python_places import Places
from rulepacks.engine.tests.expressions_at_random import TEMPLATES

FAULT = "fault"
at = datetime.fromisoformat
HOLIDAYS = (date(2024, 7, 4), date(2024, 12, 25))
COLUMNS = Scope(fields={"cpe_a": decimal(10, 2), "cpe_b": decimal(10, 2), "note": TEXT, "day": DATE}, holidays=HOLIDAYS)
EXAMPLES: list[tuple[str, Any]] = [
    # Check digits. NPI: CMS, "Requirements for NPI check digit"; CUSIP and ISIN: United States Treasury note.
    ("luhn_valid('808401234567893')", True),
    ("luhn_valid('808401234567890')", False),
    ("luhn_valid('8')", False),
    ("luhn_valid('80840123456789X')", False),
    ("luhn_valid('')", False),
    ("luhn_valid(null)", None),
    ("mod10_alnum_valid('912828U24')", True),
    ("mod10_alnum_valid('912828U25')", False),
    ("mod10_alnum_valid('037833100')", True),
    ("mod10_alnum_valid('03783310a')", False),
    ("luhn_alnum_valid('US0378331005')", True),
    ("luhn_alnum_valid('US0378331006')", False),
    ("luhn_alnum_valid('AU0000XVGZA3')", True),
    ("mod97_valid('3214282912345698765432161182')", True),
    ("mod97_valid('3214282912345698765432161183')", False),
    ("mod97_valid('5493001KJTIIGC8Y1R12')", True),
    ("mod97_valid('5493001KJTIIGC8Y1R13')", False),
    ("mod97_valid('5493001kjtiigc8y1r12')", False),
    # Timestamps: ISO 8601, UTC.
    ("cast('2026-04-08T17:00:00-05:00' || '' as timestamp)", at("2026-04-08 22:00:00")),
    ("cast('2026-04-08 17:00' || '' as timestamp)", at("2026-04-08 17:00:00")),
    ("cast('2026-04-08T17:00:00.1234560Z' || '' as timestamp)", at("2026-04-08 17:00:00.123456")),
    ("cast('2026-04-08T17:00:00.1234567Z' || '' as timestamp)", FAULT),
    ("cast('2026-02-29T17:00Z' || '' as timestamp)", FAULT),
    ("cast('9999-12-31T23:59:59-01:00' || '' as timestamp)", FAULT),
    ("cast('1000-01-01T00:00:00+01:00' || '' as timestamp)", FAULT),
    ("cast(timestamp '2026-04-08T17:00:00.5Z' as text)", "2026-04-08 17:00:00.5"),
    ("cast(timestamp '2026-04-08T23:30:00-02:00' as date)", date(2026, 4, 9)),
    ("cast(date '2026-04-08' as timestamp)", at("2026-04-08 00:00:00")),
    ("hour(timestamp '2026-04-08T17:05:59Z')", 17),
    ("minute(timestamp '2026-04-08T17:05:59Z')", 5),
    ("second(timestamp '2026-04-08T17:05:59.9Z')", 59),
    ("seconds_between(timestamp '2026-04-08T17:00Z', timestamp '2026-04-08T17:00:00.000001Z')", Decimal("0.000001")),
    ("seconds_between(timestamp '1000-01-01T00:00Z', timestamp '9999-12-31T23:59:59.999999Z')",
     Decimal("284012524799.999999")),
    ("seconds_between(timestamp '2026-04-08T17:00Z', timestamp '2026-04-08T16:59Z')", Decimal("-60.000000")),
    ("add_seconds(timestamp '2026-02-28T23:59:59Z', 1)", at("2026-03-01 00:00:00")),
    ("add_seconds(timestamp '9999-12-31T23:59:59Z', 1)", FAULT),
    ("add_seconds(timestamp '2026-02-28T23:59:59Z', -999999999999999999)", FAULT),
    # Exact numbers.
    ("divide(1, 3, 4)", Decimal("0.3333")),
    ("divide(2, 3, 4)", Decimal("0.6667")),
    ("divide(-1, 8, 2)", Decimal("-0.13")),
    ("divide(1, -8, 2)", Decimal("-0.13")),
    ("divide(0.05, 0.2, 1)", Decimal("0.3")),
    ("divide(7, 2, 0)", 4),
    ("divide(-7, 2, 0)", -4),
    ("divide(12345678901234567890.12, 0.01, 2)", Decimal("1234567890123456789012.00")),
    ("divide(1, 0, 2)", FAULT),
    ("divide(null, 0, 2)", None),
    ("ceil_div(95863.00, 500)", 192),
    ("ceil_div(96000.00, 500)", 192),
    ("ceil_div(-1, 500)", 0),
    ("ceil_div(1, -500)", 0),
    ("ceil_div(-501, -500)", 2),
    ("ceil_div(1, 0)", FAULT),
    ("floor_div(-1, 500)", -1),
    ("floor_div(999.99, 500)", 1),
    ("floor_div(-1000, -500)", 2),
    ("floor(-1.5)", -2),
    ("ceil(-1.5)", -1),
    ("ceil(99999999999999999999.01)", 100000000000000000000),
    ("sign(-0.01)", -1),
    ("greatest(1, null, 2.5)", Decimal("2.5")),
    ("least(null, null)", None),
    ("round(2.345, 2)", Decimal("2.35")),
    # Dates.
    ("add_days(date '2024-02-28', 2)", date(2024, 3, 1)),
    ("add_days(date '9999-12-31', 1)", FAULT),
    ("add_days(date_of(1, 1, 1), -1)", FAULT),
    ("add_days(date '2024-01-01', 999999999999)", FAULT),
    ("add_months(date '2024-01-31', 1)", date(2024, 2, 29)),
    ("add_months(date '2024-03-31', -1)", date(2024, 2, 29)),
    ("add_months(date '2024-03-31', 999999)", FAULT),
    ("add_years(date '2024-02-29', 1)", date(2025, 2, 28)),
    ("add_years(date '2024-02-29', 4)", date(2028, 2, 29)),
    ("last_day(date '2023-02-01')", date(2023, 2, 28)),
    ("weekday(date '2024-01-01')", 1),
    ("days_between(date '2024-01-01', date '2024-03-01')", 60),
    ("months_between(date '2024-01-31', date '2024-02-29')", 1),
    ("months_between(date '2024-01-31', date '2024-02-28')", 0),
    ("months_between(date '2024-03-15', date '2024-01-16')", -1),
    ("calendar_months_between(date '2024-01-31', date '2024-02-01')", 1),
    ("years_between(date '2000-02-29', date '2018-02-28')", 18),
    ("years_between(date '2000-03-01', date '2018-02-28')", 17),
    ("date_of(2024, 2, 29)", date(2024, 2, 29)),
    ("date_of(2023, 2, 29)", FAULT),
    ("date_of(10000, 1, 1)", FAULT),
    # Business days; Thursday 4 July and Wednesday 25 December 2024 are holidays.
    ("is_business_day(date '2024-07-03')", True),
    ("is_business_day(date '2024-07-04')", False),
    ("is_business_day(date '2024-07-06')", False),
    ("add_business_days(date '2024-07-03', 1)", date(2024, 7, 5)),
    ("add_business_days(date '2024-07-05', 1)", date(2024, 7, 8)),
    ("add_business_days(date '2024-07-06', 1)", date(2024, 7, 8)),
    ("add_business_days(date '2024-07-06', -1)", date(2024, 7, 5)),
    ("add_business_days(date '2024-07-04', -1)", date(2024, 7, 3)),
    ("add_business_days(date '2024-07-08', -2)", date(2024, 7, 3)),
    ("add_business_days(date '2024-07-06', 0)", date(2024, 7, 6)),
    ("add_business_days(date_of(1, 1, 3), -3)", FAULT),
    ("add_business_days(date '9999-12-31', 1)", FAULT),
    ("add_business_days(date '2024-07-06', 999999999999)", FAULT),
    ("business_days_between(date '2024-07-03', date '2024-07-08')", 2),
    ("business_days_between(date '2024-07-08', date '2024-07-03')", -2),
    ("business_days_between(date '2024-07-06', date '2024-07-07')", 0),
    # Texts and lists.
    ("has_word('Cloud, and more', 'cloud')", True),
    ("has_word('Cloudy', 'cloud')", False),
    ("has_word('on-prem (C++)', 'c++')", True),
    ("has_word('it''s', 'it''s')", True),
    ("extract('ref B-2418/17', 'B-([0-9]+)')", "2418"),
    ("extract('none', 'B-([0-9]+)')", None),
    ("list_length(split(' a; b ;;', ';'))", 2),
    ("has_all(split('a;b;c', ';'), split('c;a', ';'))", True),
    ("has_all(split('a;b', ';'), split('c;a', ';'))", False),
    ("has_any(split('a;b', ';'), split('c;a', ';'))", True),
    ("has_any(split('', ';'), split('c;a', ';'))", False),
    ("list_distinct_length(split('a,b,a', ','))", 2),
    ("list_length(names('Doe, J. Jr; ET AL;Acme (2) Co', ';', 'jr et al'))", 2),
    ("has_start(split('541511;518210', ';'), '5415')", True),
    ("has_start(split('541511;518210', ';'), '15')", False),
    ("has_start(split('', ';'), '')", False),
    ("has_start(split('a', ';'), null)", None),
    ("has_start(split(null, ';'), 'a')", None),
    ("has_all(names('Bowie Ruth G', ';'), split('BOWIE RUTH', ';'))", True),
    ("closest(names('Bowie Ruth;Lloyd Ann', ';'), names('LLOYD ANNE', ';'))", Decimal("0.466667")),
    ("closest(split('', ';'), split('a', ';'))", None),
    ("nearest(split('a;bc', ';'), split('bc', ';'))", Decimal("1.000000")),
    ("nearest(split('a', ';'), split('', ';'))", Decimal("0.000000")),
    ("similarity('MARTHA', 'MARHTA')", Decimal("0.961111")),
    ("similarity('DIXON', 'DICKSONX')", Decimal("0.813333")),
    ("similarity('', '')", Decimal("0.000000")),
    # Columns by pattern: both cpe columns hold 1.00 and NULL.
    ("given(each('cpe_*'))", 1),
    ("all_of('cpe_*', it is null or it > 0)", True),
    ("any_of('cpe_*', it > 1)", None),
]  # fmt: skip
VALUES: dict[str, Any] = {"cpe_a": Decimal("1.00"), "cpe_b": None, "note": "a", "day": date(2024, 1, 1)}


TO = Compiler(lambda node: f'"{node.name}"' if isinstance(node, Field) else None)


def in_python(text: str) -> Any:
    node, mistakes = build(text, COLUMNS)
    assert mistakes == []
    slots = {name: at for at, name in enumerate(VALUES)}
    return run(compile_node(node, Places(slots, {}, {}, {}, {}, frozenset())), list(VALUES.values()))


def in_duckdb(text: str) -> Any:
    node, mistakes = build(text, COLUMNS)
    assert mistakes == []
    row = "SELECT 1.00::DECIMAL(10,2) AS cpe_a, NULL::DECIMAL(10,2) AS cpe_b, 'a' AS note, DATE '2024-01-01' AS day"
    found = duckdb.execute(f"SELECT {TO.value(node)}, {TO.fault(node) or 'false'} FROM ({row})").fetchall()[0]
    return FAULT if found[1] else found[0]


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_both_twins_give_what_is_expected(text: str, expected: Any) -> None:
    for found in (in_python(text), in_duckdb(text)):
        assert (found, type(found) is bool) == (expected, type(expected) is bool)


ROWS = [("a", None), ("b", 0), (None, 1), ("", -1), ("a b", 2), ("12", 7), ("808401234567893", 3), ("912828U24", 8)]
MIXED = [
    "nearest(split(t, ' '), split('a x', ' '))", "nearest(split('a x', ' '), split(t, ' '))",
    "closest(split(t, ' '), split('b a', ' '))", "closest(split('b a', ' '), names(t, ' '))",
    "has_start(split('a b', ' '), t)", "has_start(split(t, ' '), 'a')",
    "has_any(split('a b', ' '), split(t, ' '))", "has_all(split(t, ' '), split('a', ' '))",
    "divide(n, 3, 2)", "divide(3, n, 2)", "divide(n, n, 2)", "ceil_div(5, n)", "floor_div(n, 5)",
    "add_days(date '2024-01-31', n)", "add_months(date '2024-01-31', n)", "date_of(2024, n, 3)", "date_of(n, 1, 3)",
    "add_business_days(date '2024-07-01', n)",
    "business_days_between(date '2024-07-01', add_days(date '2024-07-01', n))",
    "luhn_valid(t)", "mod97_valid(t)", "mod10_alnum_valid(t)", "luhn_alnum_valid(t)", "similarity('a', t)",
]  # fmt: skip


@pytest.mark.parametrize("text", MIXED)
def test_constants_beside_columns_do_not_stand_for_every_row(text: str) -> None:
    node, mistakes = build(text, Scope(fields={"t": TEXT, "n": INTEGER}, holidays=HOLIDAYS))
    assert mistakes == []
    rows = ", ".join(f"({'NULL' if t is None else repr(t)}, {'NULL' if n is None else n}::BIGINT)" for t, n in ROWS)
    found = duckdb.execute(
        f"SELECT {TO.value(node)}, {TO.fault(node) or 'false'} FROM (VALUES {rows}) AS rows(t, n)"
    ).fetchall()
    closure = compile_node(node, Places({"t": 0, "n": 1}, {}, {}, {}, {}, frozenset()))
    assert [FAULT if fault else value for value, fault in found] == [run(closure, list(row)) for row in ROWS]


def run(closure: Any, slots: list[Any]) -> Any:
    try:
        return closure(slots)
    except Fault:
        return FAULT


@given(st.text(max_size=12), st.text(max_size=12))
def test_similarity_is_that_of_duckdb(left: str, right: str) -> None:
    sql = "SELECT CAST(jaro_winkler_similarity($1, $2) AS DECIMAL(7,6))"
    assert duckdb.execute(sql, [left, right]).fetchall() == [(jaro_winkler(left, right),)]


@given(st.text("abc", max_size=9), st.text("abc", max_size=9))
def test_similarity_of_texts_of_few_letters_is_that_of_duckdb(left: str, right: str) -> None:
    sql = "SELECT CAST(jaro_winkler_similarity($1, $2) AS DECIMAL(7,6))"
    assert duckdb.execute(sql, [left, right]).fetchall() == [(jaro_winkler(left, right),)]


DAYS = st.dates(date(2024, 6, 1), date(2025, 2, 1))


@given(DAYS, st.integers(-60, 60))
def test_business_days_are_those_one_counts_on_the_fingers(day: date, count: int) -> None:
    step = timedelta(days=1 if count > 0 else -1)
    counted, found = 0, day
    while counted < abs(count):
        found += step
        counted += found.isoweekday() < 6 and found not in HOLIDAYS
    add, between = (FUNCTIONS[name].python for name in ("add_business_days", "business_days_between"))
    assert add(day, count, HOLIDAYS) == found
    first, last = sorted([day, found])
    days = [first + timedelta(days=at) for at in range(1, (last - first).days + 1)]
    assert between(first, last, HOLIDAYS) == sum(one.isoweekday() < 6 and one not in HOLIDAYS for one in days)


def test_every_function_stands_among_the_random_expressions() -> None:
    written = " ".join(text for texts in TEMPLATES.values() for text in texts)
    assert [name for name in FUNCTIONS if f"{name}(" not in written] == []


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("divide(cpe_a, cpe_b)", "divide takes two numbers and a number of decimals"),
        ("divide(cpe_a, 3, note)", "divide the number of decimals must be a whole number from 0 to 12, written out"),
        (
            "divide(cast(cpe_a as decimal(38,2)), cpe_b, 2)",
            "divide of decimal(38,2) by decimal(10,2) with 2 decimals needs more than 37 digits; cast to fewer first",
        ),
        ("cpe_a / 3", "/ is not exact; write divide(x, y, decimals)"),
        ("add_days(day, cpe_a)", "add_days argument 2 must be integer, not decimal(10,2)"),
        ("add_days(note, 1)", "add_days argument 1 must be date, not text"),
        ("split(note, note)", "split the separator must be a text of 1 to 10 characters, written out"),
        ("extract(note, 'a(b')", "extract the pattern must be an RE2 pattern"),
        ("extract(note, 'ab')", "extract the pattern must have one group in parentheses"),
        ("has_any(note, note)", "has_any takes two lists"),
        ("has_start(note, note)", "has_start takes a list of texts and a text"),
        ("given(each('gone_*'))", "0 fields match gone_*; 1 to 200 are expected (limit columns)"),
        ("given(each(note))", "a pattern of fields is a text such as 'cpe_*', written out"),
        ("all_of('cpe_*')", "all_of takes a pattern of fields and a condition about it"),
        ("all_of('*', it > 1)", "compares text with integer"),
        ("all_of('cpe_*', any_of('cpe_*', it > 1))", "any_of does not stand inside another"),
        ("it > 1", "unknown field it"),
        ("is_business_day(note)", "is_business_day argument 1 must be date, not text"),
        ("add_business_days(day)", "add_business_days takes 2 arguments, not 1"),
        ("luhn_vald(note)", "unknown function luhn_vald; luhn_valid is known"),
        *((f"{name}()", reason) for name, reason in REFUSED.items()),
    ],
)
def test_a_call_that_does_not_fit_is_a_mistake(text: str, mistake: str) -> None:
    _, mistakes = build(text, COLUMNS)
    assert mistake in [one.message for one in mistakes]


@pytest.mark.parametrize("outer", ["add_months({}, 1)", "date_of(ceil_div(days_between(day, {}), 365), 1, 1)"])
def test_calls_within_calls_stay_short(outer: str) -> None:
    text = "day"
    for _ in range(12):
        text = outer.format(text)
    node, mistakes = build(text, COLUMNS)
    assert mistakes == []
    assert len(TO.value(node)) < 50 * len(text)
