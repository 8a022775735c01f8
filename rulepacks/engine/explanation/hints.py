"""What a difference may come from: arithmetic facts about it, computed, never guessed.

The tests are those bookkeepers use: a difference that two swapped digits leave is divisible by nine; an amount on the
wrong side leaves twice itself; one that is missing or there twice leaves itself; a shifted point leaves a power of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import pairwise
from typing import Literal

HintKind = Literal["carried_forward", "decimal_shift", "sign", "transposition", "line"]
SHIFTS = (10, 100, 1000)
SHOWN_ROWS = 3
# 38 digits times 1000, and room for a sum of two.
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class Hint:
    """One thing the difference may come from, as a sentence; `rows` are the rows (of `input`) that it names."""

    kind: HintKind
    text: str
    input: str = ""
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Amount:
    """What a row adds to one of the sides."""

    input: str
    row: int
    value: Decimal


def hints(
    left: str | None, right: str | None, amounts: Sequence[Amount] = (), earlier: str | None = None
) -> tuple[Hint, ...]:
    """Everything that may explain left - right, the strongest first.

    The sides are decimal text, an absent one counts as 0. `amounts` are what the rows behind both sides add to them,
    `earlier` is the difference of the same key in the period before.
    """
    one, other = Decimal(left or 0), Decimal(right or 0)
    difference = _EXACT.subtract(one, other)
    if not difference:
        return ()
    present = [amount for amount in amounts if amount.value]
    # A side that is one row says nothing by being equal to it.
    lonely = len(present) == 1 and not (one and other)
    found = [
        *_carried(difference, Decimal(earlier or 0)),
        *_between(one, other, difference),
        *([] if lonely else _in_rows(difference, present)),
    ]
    return tuple(found)


def _carried(difference: Decimal, earlier: Decimal) -> Iterator[Hint]:
    if earlier == difference:
        yield Hint("carried_forward", "The same difference as in the period before: it may have been carried forward.")


def _between(left: Decimal, right: Decimal, difference: Decimal) -> Iterator[Hint]:
    """What can be seen from the two sides alone."""
    for factor in SHIFTS:
        if left and right and left in (_times(right, factor), _times(right, -factor)):
            yield Hint("decimal_shift", f"The left side is {factor} times the right: a shifted decimal point.")
        elif left and right and right in (_times(left, factor), _times(left, -factor)):
            yield Hint("decimal_shift", f"The right side is {factor} times the left: a shifted decimal point.")
    if left == -right:
        yield Hint("sign", "Both sides are equal but for the sign.")
    if left and right and swapped(left, right) and _by_nine(difference):
        yield Hint("transposition", "Both sides are equal but for two swapped digits.")


def _in_rows(difference: Decimal, present: Sequence[Amount]) -> Iterator[Hint]:
    """What one of the rows would account for."""
    size = abs(difference)
    tests: tuple[tuple[HintKind, str, Callable[[Decimal], bool], int], ...] = (
        ("line", "The difference is the amount of {rows}: missing on the other side, or there twice.",
         lambda value: abs(value) == size, SHOWN_ROWS),
        ("sign", "The difference is twice the amount of {rows}: on the wrong side, or with the wrong sign.",
         lambda value: _times(abs(value), 2) == size, SHOWN_ROWS),
        ("decimal_shift", "A decimal point shifted in {rows} would make the difference.",
         lambda value: any(_times(abs(value), factor - 1) in (size, _times(size, factor)) for factor in SHIFTS), 1),
        ("transposition", "Two neighbouring digits swapped in {rows} would make the difference.",
         lambda value: _by_nine(size) and size in _swaps(value), 1),
    )  # fmt: skip
    for kind, text, holds, most in tests:
        rows = [amount for amount in present if holds(amount.value)]
        # Many rows that fit are chance, and no lead.
        if 0 < len(rows) <= most:
            numbers = tuple(amount.row for amount in rows)
            yield Hint(kind, text.format(rows=_listed(numbers)), rows[0].input, numbers)


def _listed(rows: Sequence[int]) -> str:
    *others, last = map(str, rows)
    return f"rows {', '.join(others)} and {last}" if others else f"row {last}"


def _times(value: Decimal, factor: int) -> Decimal:
    return _EXACT.multiply(value, Decimal(factor))


def _digits(value: Decimal, scale: int) -> str:
    """The digits of a number with so many decimals, without sign and point."""
    return str(int(_EXACT.scaleb(abs(value), scale)))


def _scale(*values: Decimal) -> int:
    return max(0, *(-int(value.as_tuple().exponent) for value in values))


def _by_nine(difference: Decimal) -> bool:
    return int(_digits(difference, _scale(difference))) % 9 == 0


def swapped(left: Decimal, right: Decimal) -> bool:
    """Whether two numbers of one sign and length differ in exactly two digits that have changed places."""
    scale = _scale(left, right)
    one, other = _digits(left, scale), _digits(right, scale)
    if len(one) != len(other) or (left < 0) != (right < 0):
        return False
    pairs = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    return len(pairs) == 2 and pairs[0] == pairs[1][::-1]


def _swaps(value: Decimal) -> set[Decimal]:
    """By how much a number changes when two neighbouring digits change places; it keeps its length."""
    scale = _scale(value)
    digits = [int(digit) for digit in reversed(_digits(value, scale))]
    pairs = list(enumerate(pairwise(digits)))
    if digits[-2:-1] == [0]:
        pairs.pop()
    changes = (abs(low - high) * 9 * 10**place for place, (low, high) in pairs)
    return {_EXACT.scaleb(Decimal(change), -scale) for change in changes if change}
