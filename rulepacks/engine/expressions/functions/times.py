"""Functions of timestamps: UTC, whole microseconds, years 1000 to 9999."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any

from rulepacks.engine.cells import moments
from rulepacks.engine.expressions.functions.base import Fault, Function, fixed, plain
from rulepacks.engine.expressions.tree import Call
from rulepacks.engine.expressions.types import INTEGER, TIMESTAMP, decimal

MICROSECOND = timedelta(microseconds=1)
FIRST = datetime.fromisoformat("1000-01-01")
SECONDS = decimal(18, 6)
"""The years 1000 to 9999 have 3 * 10^11 seconds."""


def _add_seconds(moment: datetime, count: int) -> datetime:
    try:
        moved = moment + timedelta(seconds=count)
    except OverflowError:
        raise Fault from None
    if moved < FIRST:
        raise Fault
    return moved


def _add_seconds_sql(args: Sequence[str], _: Call) -> str:
    return moments(f"TRY({args[0]} + to_seconds(TRY_CAST({args[1]} AS BIGINT)))")


def _seconds_between(first: datetime, last: datetime) -> Decimal:
    return Decimal((last - first) // MICROSECOND).scaleb(-SECONDS.scale)


def _seconds_between_sql(args: Sequence[str], _: Call) -> str:
    passed = f"CAST(date_diff('microsecond', {args[0]}, {args[1]}) AS DECIMAL(18,0))"
    return f"CAST({passed} * CAST(0.000001 AS DECIMAL(7,6)) AS DECIMAL(18,6))"


def _part(name: str, meaning: str, python: Any) -> tuple[str, Function]:
    return name, Function(f"{name}(timestamp)", meaning, fixed(INTEGER, TIMESTAMP), plain(name), python)


FUNCTIONS: dict[str, Function] = dict([
    _part("hour", "The hour of the day, 0 to 23.", attrgetter("hour")),
    _part("minute", "The minute of the hour, 0 to 59.", attrgetter("minute")),
    _part("second", "The second of the minute, 0 to 59.", attrgetter("second")),
    ("add_seconds", Function(
        "add_seconds(timestamp, n)", "The timestamp n seconds later, or earlier when n is negative.",
        fixed(TIMESTAMP, TIMESTAMP, INTEGER), _add_seconds_sql, _add_seconds, faults=True,
    )),
    ("seconds_between", Function(
        "seconds_between(first, last)", "Seconds from the first timestamp to the last, exact to the microsecond.",
        fixed(SECONDS, TIMESTAMP, TIMESTAMP), _seconds_between_sql, _seconds_between,
    )),
])  # fmt: skip
