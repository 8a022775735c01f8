"""What a difference may come from."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulepacks.engine.explanation.hints import Amount, hints, swapped

Kinds = list[tuple[str, list[int]]]


def found(left: str | None, right: str | None, *amounts: str, earlier: str | None = None) -> Kinds:
    rows = [Amount("lines", row, Decimal(value)) for row, value in enumerate(amounts, start=1)]
    return [(hint.kind, list(hint.rows)) for hint in hints(left, right, rows, earlier)]


@pytest.mark.parametrize(
    ("left", "right", "amounts", "kinds"),
    [
        ("1530", "1350", [], [("transposition", [])]),
        ("-15.30", "-13.50", [], [("transposition", [])]),
        ("1530", "1350.5", [], []),
        ("1539", "1350", [], []),
        ("12.50", "125.00", [], [("decimal_shift", [])]),
        ("-4000", "4", [], [("decimal_shift", [])]),
        ("25", "-25", [], [("sign", [])]),
        ("100", "70", ["30", "70"], [("line", [1])]),
        ("100", "70", ["30", "30", "40"], [("line", [1, 2])]),
        ("100", "70", ["15", "45", "40"], [("sign", [1])]),
        ("100", "10", ["30", "70", "100", "10"], [("decimal_shift", [])]),
        ("148.60", "130.60", ["30.25", "20.00"], [("decimal_shift", [2])]),
        ("150", "132", ["42", "60.10"], [("transposition", [1])]),
        ("500", None, ["500"], []),
        ("500", None, ["500", "0"], []),
        ("500", "500", ["500"], []),
        (None, None, [], []),
    ],
)
def test_a_hint_names_what_would_make_the_difference(
    left: str | None, right: str | None, amounts: list[str], kinds: Kinds
) -> None:
    assert found(left, right, *amounts) == kinds


def test_a_difference_that_was_there_before_is_carried_forward() -> None:
    assert found("100.00", "70", earlier="30") == [("carried_forward", [])]
    assert found("100.00", "70", earlier="-30") == []


def test_rows_are_named_in_words() -> None:
    rows = [Amount("lines", row, Decimal(30)) for row in (4, 9, 11)]
    assert hints("100", "70", rows)[0].text == (
        "The difference is the amount of rows 4, 9 and 11: missing on the other side, or there twice."
    )
    assert hints("100", "70", [*rows, *rows]) == ()


@given(st.integers(1, 10**22), st.integers(0, 20))
def test_two_swapped_digits_are_seen_and_leave_a_difference_divisible_by_nine(number: int, place: int) -> None:
    digits = list(str(number))
    one, other = place % len(digits), (place + 1) % len(digits)
    digits[one], digits[other] = digits[other], digits[one]
    changed = int("".join(digits))
    assert (number - changed) % 9 == 0
    assert swapped(Decimal(number), Decimal(changed)) == (number != changed and digits[0] != "0")
