"""Functions of business days: Monday to Friday without the holidays of the pack's calendar.

Days are counted from 1 January of year 1, a Monday. The number of weekdays up to a day follows from the number of
weeks; less the holidays up to it, it is the number of business days, which can be turned round again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from rulepacks.engine.expressions.functions.base import Arguments, Fault, Function, arguments, let
from rulepacks.engine.expressions.tree import Call
from rulepacks.engine.expressions.types import BOOLEAN, COUNT, DATE, INTEGER, Type

START = date.min
WEEK, WORK = 7, 5
_LAST = "DATE '9999-12-31'"


def weekdays(day: date) -> int:
    """Days from Monday to Friday up to and including a day."""
    weeks, rest = divmod((day - START).days, WEEK)
    return weeks * WORK + min(rest + 1, WORK)


def _business_days(day: date, holidays: Sequence[date]) -> int:
    return weekdays(day) - bisect_right(holidays, day)


def _is_business_day(day: date, holidays: Sequence[date]) -> bool:
    at = bisect_left(holidays, day)
    return day.isoweekday() <= WORK and (at == len(holidays) or holidays[at] != day)


def _between(first: date, last: date, holidays: Sequence[date]) -> int:
    return _business_days(last, holidays) - _business_days(first, holidays)


def _add(day: date, count: int, holidays: Sequence[date]) -> date:
    if count == 0:
        return day
    wanted = _business_days(day, holidays) + count
    if count < 0 and not _is_business_day(day, holidays):
        wanted += 1
    # A holiday lies before the day wanted when fewer business days than that lie before it.
    before = [weekdays(holiday) - at for at, holiday in enumerate(holidays, start=1)]
    weeks, rest = divmod(wanted + bisect_left(before, wanted) - 1, WORK)
    try:
        if wanted < 1:
            raise Fault
        return START + timedelta(days=weeks * WEEK + rest)
    except OverflowError:
        raise Fault from None


def _weekdays_sql(day: str) -> str:
    days = f"({day} - DATE '0001-01-01')"
    return f"({days} // 7 * 5 + least({days} % 7 + 1, 5))"


def _count_sql(day: str) -> str:
    return f"({_weekdays_sql(day)} - len(list_filter(v.h, lambda h: h <= {day})))"


_IS_SQL = "(isodow(v.d) <= 5 AND NOT list_contains(v.h, v.d))"


def _is_business_day_sql(args: Sequence[str], _: Call) -> str:
    return let(_IS_SQL, d=args[0], h=args[1])


def _between_sql(args: Sequence[str], _: Call) -> str:
    return let(f"{_count_sql('v.z')} - {_count_sql('v.a')}", a=args[0], z=args[1], h=args[2])


def _add_sql(args: Sequence[str], _: Call) -> str:
    wanted = let(
        f"{_count_sql('v.d')} + v.n + CASE WHEN v.n < 0 AND NOT {_IS_SQL} THEN 1 ELSE 0 END",
        d=args[0], n=args[1], h=args[2],
    )  # fmt: skip
    before = f"list_transform(v.h, lambda h, i: {_weekdays_sql('h')} - i)"
    index = f"(v.t + len(list_filter({before}, lambda c: c < v.t)) - 1)"
    days = let(f"CASE WHEN v.t >= 1 THEN {index} // 5 * 7 + {index} % 5 END", t=wanted, h=args[2])
    found = f"TRY(DATE '0001-01-01' + TRY_CAST({days} AS INTEGER))"
    return let(
        f"CASE WHEN v.n = 0 THEN v.d WHEN v.x <= {_LAST} THEN v.x END", d=args[0], n=args[1], x=found
    )  # fmt: skip


def _typing(result: Type, *wanted: Type) -> Callable[[Arguments], Type]:
    def typing(given: Arguments) -> Type:
        arguments(given[:-1], *wanted)
        return result

    return typing


def _function(usage: str, meaning: str, result: Type, wanted: Sequence[Type], sql: Any, python: Any) -> Function:
    return Function(usage, meaning, _typing(result, *wanted), sql, python, faults=result == DATE)


FUNCTIONS = {
    "is_business_day": _function(
        "is_business_day(date)", "Whether it is a day from Monday to Friday and no holiday of the pack's calendar.",
        BOOLEAN, (DATE,), _is_business_day_sql, _is_business_day,
    ),
    "business_days_between": _function(
        "business_days_between(first, last)", "Business days after the first up to and including the last.",
        COUNT, (DATE, DATE), _between_sql, _between,
    ),
    "add_business_days": _function(
        "add_business_days(date, n)", "The n-th business day after the date, or before it when n is negative.",
        DATE, (DATE, INTEGER), _add_sql, _add,
    ),
}  # fmt: skip
