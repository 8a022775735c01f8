"""What the functions of the expression language give, for arguments that are not NULL."""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import accumulate

import re2

from rulepacks.engine.expressions.letters import BLANKS, lower, upper
from rulepacks.engine.tests.oracle.values import Fault, Value

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORDS = r"[^A-Z0-9]+"
DAYS = date.max.toordinal()


def rounded(number: Fraction, decimals: Fraction) -> Fraction:
    """Halves away from zero."""
    scale = 10 ** int(decimals)
    return Fraction(math.floor(abs(number) * scale + Fraction(1, 2)), scale) * (1 if number >= 0 else -1)


def divided(top: Fraction, below: Fraction, decimals: Fraction = Fraction(0)) -> Fraction:
    return rounded(quotient(top, below), decimals)


def quotient(top: Fraction, below: Fraction) -> Fraction:
    if below == 0:
        raise Fault
    return top / below


def day_after(day: date, count: Fraction) -> date:
    return date_at(day.toordinal() + int(count))


def date_at(ordinal: int) -> date:
    if not 1 <= ordinal <= DAYS:
        raise Fault
    return date.fromordinal(ordinal)


def months_after(day: date, count: Fraction) -> date:
    months = day.year * 12 + day.month - 1 + int(count)
    year, month = months // 12, months % 12 + 1
    if not 1 <= year <= 9999:
        raise Fault
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def calendar_months(first: date, last: date) -> Fraction:
    return Fraction((last.year - first.year) * 12 + last.month - first.month)


def whole_months(first: date, last: date) -> Fraction:
    """The most months after the first that are not beyond the last."""
    if last < first:
        return -whole_months(last, first)
    months = calendar_months(first, last)
    return months if months_after(first, months) <= last else months - 1


def whole_years(first: date, last: date) -> Fraction:
    months = whole_months(first, last)
    return Fraction(int(abs(months)) // 12) * (1 if months >= 0 else -1)


def date_of(year: Fraction, month: Fraction, day: Fraction) -> date:
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        raise Fault from None


def seconds_after(moment: datetime, count: Fraction) -> datetime:
    try:
        moved = moment + timedelta(seconds=int(count))
    except OverflowError:
        raise Fault from None
    if moved.year < 1000:
        raise Fault
    return moved


def seconds_between(first: datetime, last: datetime) -> Fraction:
    return Fraction((last - first) // timedelta(microseconds=1), 10**6)


@cache
def business_days(holidays: tuple[date, ...]) -> array[int]:
    """How many business days there are up to each day, by its ordinal."""
    closed = {day.toordinal() for day in holidays}
    return array("l", accumulate(at > 0 and (at - 1) % 7 < 5 and at not in closed for at in range(DAYS + 1)))


def is_business_day(day: date, holidays: tuple[date, ...]) -> bool:
    return day.isoweekday() < 6 and day not in holidays


def business_between(first: date, last: date, holidays: tuple[date, ...]) -> Fraction:
    days = business_days(holidays)
    return Fraction(days[last.toordinal()] - days[first.toordinal()])


def business_day_after(day: date, count: Fraction, holidays: tuple[date, ...]) -> date:
    """The count-th business day after the day, or before it."""
    days, at = business_days(holidays), day.toordinal()
    if count == 0:
        return day
    wanted = days[at] + int(count) if count > 0 else days[at - 1] + 1 + int(count)
    if not 1 <= wanted <= days[DAYS]:
        raise Fault
    return date_at(bisect_left(days, wanted))


def luhn(digits: str) -> bool:
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * 2 if at % 2 else int(digit)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def expanded(text: str) -> str:
    return "".join(str(LETTERS.index(letter)) for letter in text)


def mod10(text: str) -> bool:
    values = [(LETTERS + "*@#").index(letter) for letter in text[:-1]]
    doubled = [value * 2 if at % 2 else value for at, value in enumerate(values)]
    return (sum(sum(map(int, str(value))) for value in doubled) + int(text[-1])) % 10 == 0


def checked(pattern: str, check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: bool(re.fullmatch(pattern, text)) and len(text) <= 64 and check(text)


def like(text: str, pattern: str) -> bool:
    """% any text, _ one character."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(like(text[at:], pattern[1:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and like(text[1:], pattern[1:])


def found(pattern: str, text: str, *, whole: bool = False) -> re2._Match | None:
    options = re2.Options()
    options.log_errors = False
    compiled = re2.compile(pattern, options)
    return compiled.fullmatch(text) if whole else compiled.search(text)


def extract(text: str, pattern: str) -> str | None:
    match = found(pattern, text)
    return (match.group(1) or None) if match else None


def has_word(text: str, word: str) -> bool:
    other = r"[^\pL\pN_]"
    return found(f"(?i)(^|{other}){re2.escape(word)}($|{other})", text) is not None


def similarity(left: str, right: str) -> Fraction:
    """Jaro-Winkler over the bytes of UTF-8: see `expressions.similarity` for sources."""
    one, other = left.encode(), right.encode()
    reach = max(0, max(len(one), len(other)) // 2 - 1)
    pairs: list[tuple[int, int]] = []
    for at, letter in enumerate(one):
        free = (to for to in range(len(other)) if abs(to - at) <= reach and to not in [taken for _, taken in pairs])
        match = next((to for to in free if other[to] == letter), None)
        if match is not None:
            pairs.append((at, match))
    if not pairs:
        return Fraction(0)
    count = len(pairs)
    crossed = [other[to] for to in sorted(to for _, to in pairs)]
    swaps = sum(one[at] != letter for (at, _), letter in zip(pairs, crossed, strict=True)) // 2
    # In double precision, which decides what is above 0.7.
    jaro = (count / len(one) + count / len(other) + (count - swaps) / count) / 3.0
    prefix = 0
    while prefix < min(4, len(one), len(other)) and one[prefix] == other[prefix]:
        prefix += 1
    return rounded(Fraction(jaro + prefix * 0.1 * (1.0 - jaro) if jaro > 0.7 else jaro), Fraction(6))


def split(text: str, separator: str) -> list[str]:
    return [part.strip(BLANKS) for part in text.split(separator) if part.strip(BLANKS)]


def names(text: str, separator: str, dropped: str = "") -> list[str]:
    left_out = re.sub(WORDS, " ", upper(dropped)).split(" ")
    kept = [
        [word for word in re.sub(WORDS, " ", upper(part)).split(" ") if len(word) > 1 and word not in left_out]
        for part in text.split(separator)
    ]
    return [" ".join(words) for words in kept if words]


def best(parts: Sequence[str], others: Sequence[str]) -> list[Fraction]:
    return [max([similarity(part, other) for other in others], default=Fraction(0)) for part in parts]


def number(work: Callable[..., int]) -> Callable[..., Fraction]:
    return lambda *given: Fraction(work(*given))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "lower": lower, "upper": upper, "trim": lambda text: text.strip(BLANKS), "length": number(len),
    "left": lambda text, count: text[: int(count)],
    "right": lambda text, count: text[max(0, len(text) - int(count)) :],
    "substr": lambda text, start, count: text[int(start) - 1 :][: int(count)],
    "lpad": lambda text, count, letter: letter * (int(count) - len(text)) + text[: int(count)],
    "replace": lambda text, old, new: new.join(text.split(old)),
    "contains": lambda text, part: part in text,
    "starts_with": lambda text, part: text[: len(part)] == part,
    "ends_with": lambda text, part: text[len(text) - len(part) :] == part if len(part) <= len(text) else False,
    "has_word": has_word, "extract": extract, "similarity": similarity,
    "abs": abs, "sign": lambda value: Fraction((value > 0) - (value < 0)), "round": rounded,
    "floor": number(math.floor), "ceil": number(math.ceil), "divide": divided,
    "floor_div": lambda top, below: Fraction(math.floor(quotient(top, below))),
    "ceil_div": lambda top, below: Fraction(math.ceil(quotient(top, below))),
    "year": lambda day: Fraction(day.year), "month": lambda day: Fraction(day.month),
    "day": lambda day: Fraction(day.day), "weekday": lambda day: Fraction(day.isoweekday()),
    "last_day": lambda day: date(day.year, day.month, monthrange(day.year, day.month)[1]),
    "add_days": day_after, "add_months": months_after,
    "add_years": lambda day, count: months_after(day, count * 12),
    "days_between": lambda first, last: Fraction((last - first) // timedelta(days=1)),
    "months_between": whole_months, "years_between": whole_years, "calendar_months_between": calendar_months,
    "date_of": date_of, "is_business_day": is_business_day, "business_days_between": business_between,
    "add_business_days": business_day_after,
    "hour": lambda moment: Fraction(moment.hour), "minute": lambda moment: Fraction(moment.minute),
    "second": lambda moment: Fraction(moment.second),
    "add_seconds": seconds_after, "seconds_between": seconds_between,
    "split": split, "names": lambda text, separator, dropped=" ": names(text, separator, dropped),
    "list_length": number(len), "list_distinct_length": number(lambda parts: len(set(parts))),
    "closest": lambda parts, others: min(best(parts, others), default=None),
    "nearest": lambda parts, others: max(best(parts, others), default=None),
    "has_any": lambda whole, parts: any(part in whole for part in parts),
    "has_all": lambda whole, parts: all(part in whole for part in parts),
    "has_start": lambda whole, text: any(part[: len(text)] == text for part in whole),
    "luhn_valid": checked("[0-9]{2,}", luhn),
    "luhn_alnum_valid": checked("[0-9A-Z]+[0-9]", lambda text: luhn(expanded(text))),
    "mod97_valid": checked("[0-9A-Z]{2,}", lambda text: int(expanded(text)) % 97 == 1),
    "mod10_alnum_valid": checked("[0-9A-Z*@#]+[0-9]", mod10),
}  # fmt: skip
"""Functions that are NULL when an argument is."""
