"""Values for people: exact to the last digit, never rounded into a lie."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from records.dashboards import formats
from records.dashboards.formats import Piece


@pytest.mark.parametrize(
    ("text", "unit", "written"),
    [
        ("720000", "cents", "7,200.00"),
        ("-156000", "cents", "−1,560.00"),
        ("1", "cents", "0.01"),
        ("0", "cents", "0.00"),
        ("-0", "cents", "0.00"),
        ("", "cents", ""),
        (None, "cents", ""),
        ("1102340.00", "", "1,102,340.00"),
        ("1234567", "", "1,234,567"),
        ("1E+3", "", "1,000"),
        ("-0.5", "", "−0.5"),
        ("12A450", "cents", "12A450"),
        ("NaN", "", "NaN"),
        (Decimal("2.5"), "cents", "0.025"),
    ],
)
def test_an_amount_keeps_every_digit(text: str | None, unit: str, written: str) -> None:
    assert formats.amount(text, unit) == written


def test_an_amount_of_forty_digits_is_not_touched_by_a_float() -> None:
    digits = "1234567890123456789012345678901234567890"
    assert formats.amount(digits, "cents").replace(",", "") == f"{digits[:-2]}.{digits[-2:]}"


@pytest.mark.parametrize(("text", "zero"), [("0", True), ("-0.00", True), ("0.01", False), (None, False), ("x", False)])
def test_zero_is_known_from_missing(text: str | None, zero: bool) -> None:
    assert formats.is_zero(text) is zero


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (412_871, 412_906, "99.99%"),
        (412_905, 412_906, "99.99%"),
        (35, 412_906, "0.01%"),
        (1, 10**9, "0.01%"),
        (0, 10, "0%"),
        (10, 10, "100%"),
        (9, 71, "13%"),
        (44, 71, "62%"),
        (0, 0, ""),
    ],
)
def test_a_share_is_rounded_toward_the_middle_near_the_ends(part: int, whole: int, written: str) -> None:
    assert formats.percent(part, whole) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (31, "0:31"), (107, "1:47"), (8040, "2 h 14 min"), (None, "")],
)
def test_durations_read_like_a_clock(seconds: float | None, written: str) -> None:
    assert formats.duration(seconds) == written
    if seconds is not None:
        assert formats.duration(timedelta(seconds=seconds)) == written


@pytest.mark.parametrize(
    ("octets", "written"), [(999, "999 bytes"), (61_400_000, "61.4 MB"), (5 * 10**12, "5000.0 GB"), (None, "")]
)
def test_sizes_are_in_decimal_units(octets: int | None, written: str) -> None:
    assert formats.size(octets) == written


def test_moments_are_told_on_the_tenants_clock() -> None:
    now = datetime(2026, 11, 16, 20, 0, tzinfo=UTC)
    zone = "America/New_York"
    assert formats.moment(datetime(2026, 11, 16, 15, 40, tzinfo=UTC), zone, now) == "10:40"
    assert formats.moment(datetime(2026, 11, 16, 2, 0, tzinfo=UTC), zone, now) == "Nov 15"
    assert formats.moment(datetime(2025, 11, 16, 15, 0, tzinfo=UTC), zone, now) == "Nov 16, 2025"
    assert formats.moment_full(datetime(2026, 11, 16, 15, 40, 31, tzinfo=UTC), zone) == "Nov 16, 2026, 10:40:31 EST"
    assert formats.clock(datetime(2026, 11, 16, 15, 40, 31, tzinfo=UTC), zone) == "10:40:31"


def test_differing_digits_are_marked_from_the_first_to_the_last() -> None:
    assert formats.compared("148,220,914.37", "148,220,194.37") == [
        Piece("148,220,", False), Piece("91", True), Piece("4.37", False),
    ]  # fmt: skip
    assert formats.compared("5.00", "5.00") == [Piece("5.00", False)]
    assert formats.compared("1,000.00", "0.00") == [Piece("1,00", True), Piece("0.00", False)]


@pytest.mark.parametrize(
    ("number", "noun", "written"),
    [(1, "line", "line"), (2, "line", "lines"), (2, "entry", "entries"), (0, "day", "days"), (3, "batch", "batches")],
)
def test_nouns_take_their_number(number: int, noun: str, written: str) -> None:
    assert formats.plural(number, noun) == written


def test_names_of_packs_become_words() -> None:
    assert formats.spoken_status("PASSED_WITH_WARNINGS") == "Passed with warnings"
    assert formats.spoken_status("Accepted_late") == "Accepted late"
    assert formats.sentence("fiscal year") == "Fiscal year"
    assert formats.short_hash("0123456789abcdef") == "012345…cdef"
    assert formats.short_hash("short") == "short"
    assert formats.count(-1234) == "−1,234"
