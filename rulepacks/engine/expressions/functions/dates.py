"""Functions of dates. Results are dates of the years 1 to 9999."""

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from rulepacks.engine.expressions.functions.base import Fault, Function, fixed, form, plain
from rulepacks.engine.expressions.tree import Call
from rulepacks.engine.expressions.types import COUNT, DATE, INTEGER, Type

_AFTER = "DATE '10000-01-01'"
_BEFORE = "DATE '0001-01-01' - 1"
MONTHS_A_YEAR = 12


def _in_range(text: str) -> str:
    """SQL of a date, NULL outside the years 1 to 9999."""
    return f"nullif(greatest(nullif(least({text}, {_AFTER}), {_AFTER}), {_BEFORE}), {_BEFORE})"


def _shifted(unit: str) -> Callable[[Sequence[str], Call], str]:
    return lambda args, _: _in_range(f"TRY(CAST({args[0]} + {unit}(TRY_CAST({args[1]} AS INTEGER)) AS DATE))")


def _add_days(day: date, count: int) -> date:
    try:
        return day + timedelta(days=count)
    except OverflowError:
        raise Fault from None


def _add_months(day: date, count: int) -> date:
    """A day that the month does not have becomes its last."""
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + count, MONTHS_A_YEAR)
    if not date.min.year <= year <= date.max.year:
        raise Fault
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _last_day(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _months(first: date, last: date) -> int:
    """Calendar months from one to the other, days of the month left aside."""
    return (last.year - first.year) * MONTHS_A_YEAR + last.month - first.month


def _whole_months(first: date, last: date) -> int:
    if last < first:
        return -_whole_months(last, first)
    complete = last.day >= first.day or last == _last_day(last)
    return _months(first, last) - (not complete)


def _whole_years(first: date, last: date) -> int:
    months = _whole_months(first, last)
    return months // MONTHS_A_YEAR if months >= 0 else -(-months // MONTHS_A_YEAR)


def _date_of(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        raise Fault from None


def _of_two(name: str, meaning: str, template: str, python: Any) -> tuple[str, Function]:
    return name, Function(f"{name}(first, last)", meaning, fixed(COUNT, DATE, DATE), form(template), python)


def _part(name: str, meaning: str, sql: str, python: Any, result: Type = COUNT) -> tuple[str, Function]:
    return name, Function(f"{name}(date)", meaning, fixed(result, DATE), plain(sql), python)


def _shift(name: str, meaning: str, unit: str, python: Any) -> tuple[str, Function]:
    return name, Function(f"{name}(date, n)", meaning, fixed(DATE, DATE, INTEGER), _shifted(unit), python, faults=True)


FUNCTIONS: dict[str, Function] = dict([
    _part("year", "The year.", "year", attrgetter("year")),
    _part("month", "The month, 1 to 12.", "month", attrgetter("month")),
    _part("day", "The day of the month, 1 to 31.", "day", attrgetter("day")),
    _part("weekday", "The day of the week, 1 (Monday) to 7.", "isodow", date.isoweekday),
    _part("last_day", "The last day of the month.", "last_day", _last_day, DATE),
    _shift("add_days", "The date n days later, or earlier when n is negative.", "to_days", _add_days),
    _shift("add_months", "The date n months later; a day the month lacks becomes its last.", "to_months", _add_months),
    _shift("add_years", "The date n years later; 29 February becomes 28 where there is none.", "to_years",
           lambda day, count: _add_months(day, count * MONTHS_A_YEAR)),
    _of_two("days_between", "Days from the first to the last.", "({1} - {0})", lambda first, last: (last - first).days),
    _of_two("months_between", "Whole months from the first to the last; the last day of a month completes it.",
            "date_sub('month', {0}, {1})", _whole_months),
    _of_two("years_between", "Whole years from the first to the last, such as an age.",
            "date_sub('year', {0}, {1})", _whole_years),
    _of_two("calendar_months_between", "Months from the first to the last, days of the month left aside.",
            "date_diff('month', {0}, {1})", _months),
])  # fmt: skip
FUNCTIONS["date_of"] = Function(
    "date_of(year, month, day)", "The date; faults when there is no such day.",
    fixed(DATE, INTEGER, INTEGER, INTEGER),
    lambda args, _: _in_range(f"TRY(make_date({', '.join(f'TRY_CAST({arg} AS BIGINT)' for arg in args)}))"), _date_of,
    faults=True,
)  # fmt: skip
