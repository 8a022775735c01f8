"""Values of the oracle: text, Fraction, bool, date, list or None; and how cells become values and values texts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rulepacks.engine.expressions.letters import BLANKS, lower, upper
from rulepacks.engine.expressions.types import Type
from rulepacks.engine.spec import Field

Value = Any
DATE_FORMS = {
    "YYYY-MM-DD": r"(?P<y>[1-9]\d{3})-(?P<m>\d\d)-(?P<d>\d\d)",
    "YYYYMMDD": r"(?P<y>[1-9]\d{3})(?P<m>\d\d)(?P<d>\d\d)",
    "MM/DD/YYYY": r"(?P<m>\d\d)/(?P<d>\d\d)/(?P<y>[1-9]\d{3})",
    "DD.MM.YYYY": r"(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<y>[1-9]\d{3})",
    "DD-MM-YYYY": r"(?P<d>\d\d)-(?P<m>\d\d)-(?P<y>[1-9]\d{3})",
    "DD/MM/YYYY": r"(?P<d>\d\d)/(?P<m>\d\d)/(?P<y>[1-9]\d{3})",
}
CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d)"
SECONDS = r"(:(?P<second>\d\d)(\.(?P<part>\d{1,6})0*)?)?"
MOMENT = rf"{DATE_FORMS['YYYY-MM-DD']}[T ]{CLOCK}{SECONDS}(?P<offset>Z|[-+]\d\d:?\d\d)?"
NORMALISED = {
    "trim": lambda text: text.strip(BLANKS),
    "upper": upper,
    "lower": lower,
    "collapse": lambda text: re.sub("[" + BLANKS + "]+", " ", text),
    "strip_zeros": lambda text: text.lstrip("0"),
}


class Fault(Exception):
    """Neither a value nor NULL: it could not be computed."""


class Unreadable(Exception):
    """A text that is no value of a type."""


def plain(value: Any) -> Value:
    """A value of the pack or of a parameter as one of the oracle."""
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Fraction(value)
    return value


def cell(field: Field, raw: str | None) -> tuple[Value, bool]:
    """The value of a delivered cell, and whether it is unreadable."""
    if raw is not None and raw.strip(BLANKS) in field.blanks:
        return None, False
    if field.type.kind == "text":
        text = raw
        for step in field.normalise:
            text = None if text is None else NORMALISED[step](text)
        blank = raw is None or not raw.strip(BLANKS)
        return (None if blank and not field.keep_blank else text), False
    if raw is None or not raw.strip(BLANKS):
        return None, False
    try:
        return parsed(raw.strip(BLANKS), field.type, field.date_format), False
    except Unreadable:
        return by_itself(raw.strip(BLANKS), field)


def by_itself(text: str, field: Field) -> tuple[Value, bool]:
    """A cell that is a date or a time by itself has one way to be written, whatever the field says."""
    try:
        if field.type.kind == "date":
            written = text[:10] if re.fullmatch(r".{10}([T ]00:00(:00(\.0+)?)?)?", text) else ""
            return parsed(written, field.type), False
        if field.type.kind == "timestamp" and field.date_format:
            return parsed(text, field.type), False
    except Unreadable:
        pass
    return None, True


def parsed(text: str, kind: Type, form: str | None = None) -> Value:
    """A text that is exactly a value of a type. Raises Unreadable."""
    if kind.kind == "boolean":
        if lower(text) in {"true", "false"}:
            return lower(text) == "true"
        raise Unreadable
    if kind.kind == "date":
        return day(matched(DATE_FORMS[form or "YYYY-MM-DD"], text))
    if kind.kind == "timestamp":
        return moment(text, form)
    point = r"(\d+(\.\d+)?|\.\d+)" if kind.kind == "decimal" else r"\d+"
    if not re.fullmatch(f"[-+]?{point}", text, re.ASCII):
        raise Unreadable
    number = Fraction(text)
    if not holds(kind, number) or (number * 10**kind.scale).denominator != 1:
        raise Unreadable
    return number


def matched(pattern: str, text: str) -> re.Match[str]:
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None:
        raise Unreadable
    return match


def day(match: re.Match[str]) -> date:
    try:
        return date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError:
        raise Unreadable from None


def moment(text: str, form: str | None) -> datetime:
    """A time in UTC. A form has no offset."""
    if form is not None:
        written, clock = form.split(" ")
        seconds = r":(?P<second>\d\d)" if clock == "hh:mm:ss" else "(?P<second>)"
        match = matched(f"{DATE_FORMS[written]} {CLOCK}{seconds}", text)
        offset, part = "", None
    else:
        match = matched(MOMENT, text)
        offset, part = (match["offset"] or "").replace("Z", "").replace(":", ""), match["part"]
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    away = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:])) if offset else timedelta()
    if max(hour, 23) > 23 or max(minute, second) > 59 or away >= timedelta(hours=15) or offset[3:] > "59":
        raise Unreadable
    try:
        local = datetime.combine(day(match), datetime.min.time(), UTC)
        local += timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int((part or "0").ljust(6, "0")))
        utc = local + away if offset[:1] == "-" else local - away
    except OverflowError:
        raise Unreadable from None
    if utc.year < 1000:
        raise Unreadable
    return utc.replace(tzinfo=None)


def holds(kind: Type, number: Fraction) -> bool:
    """Whether a number has no more digits before the point than a type."""
    return bool(abs(number) < 10**kind.whole_digits)


def text_of(value: Value, kind: Type) -> str | None:
    """A value as findings show it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Fraction):
        scaled = value * 10**kind.scale
        assert scaled.denominator == 1, f"{value} has more than {kind.scale} decimals"
        digits = str(abs(int(scaled))).rjust(kind.scale + 1, "0")
        whole, decimals = digits[: len(digits) - kind.scale], digits[len(digits) - kind.scale :]
        return ("-" if scaled < 0 else "") + whole + (f".{decimals}" if decimals else "")
    if isinstance(value, datetime) and value.microsecond:
        return str(value).rstrip("0")
    if kind.kind == "list":
        # The items of the parameters here need no quotes.
        return f"[{', '.join(map(str, value))}]"
    return str(value)
