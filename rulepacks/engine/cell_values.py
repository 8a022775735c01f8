"""How the delivered text of a cell becomes a value in Python: the twin of `cells`, which says it in SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from rulepacks.engine.cells import CLOCK_PATTERNS, DATE_PATTERNS, DAY_CELL_PATTERN, DEFAULT_DATE, MOMENT_PATTERN
from rulepacks.engine.expressions.letters import BLANKS, lower, upper
from rulepacks.engine.expressions.types import Type
from rulepacks.engine.python_numbers import fits_type
from rulepacks.engine.spec import Field

Value = str | int | Decimal | bool | date | None
Read = Callable[[str], Value]
"""The value of a text, None when it is not such a value."""

_COLLAPSE = re.compile(r"[ \t\r\n\f\v]+")
_BIGGEST = 2**63
_SIGNS = {"+", "-"}
_TRUTH = {"true": True, "false": False}
_FIRST_YEAR = 1000
_MARKS = frozenset("\"'(),:=[]{}\\")
_MOMENT = re.compile(MOMENT_PATTERN)
_DAY_CELL = re.compile(DAY_CELL_PATTERN)


NORMALISE: dict[str, Callable[[str], str]] = {
    "trim": lambda text: text.strip(BLANKS),
    "upper": upper,
    "lower": lower,
    "collapse": lambda text: text if text.isalnum() else _COLLAPSE.sub(" ", text),
    "strip_zeros": lambda text: text.lstrip("0"),
}


def as_text(value: Any, kind: Type) -> str:
    """A value written as DuckDB writes its type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind.kind == "timestamp":
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if kind.kind == "decimal":
        number = Decimal(value)
        text = format(number or number.copy_abs(), f".{kind.scale}f")
        # DuckDB writes no zero before the point where it has no room for one.
        return text.replace("0.", ".", 1) if kind.width == kind.scale else text
    if kind.kind == "list":
        element = Type(kind.element)
        return f"[{', '.join('NULL' if item is None else _item_text(as_text(item, element)) for item in value)}]"
    return str(value)


def _item_text(text: str) -> str:
    """An item of a list, in quotes where it could be taken for something else."""
    plain = text and text.lower() != "null" and text == text.strip(BLANKS) and _MARKS.isdisjoint(text)
    return text if plain else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def moment_text(value: datetime) -> str:
    """A timestamp as text: 2026-05-04 06:00:13, with as many decimals of the second as it has."""
    text = value.isoformat(" ")
    return text.rstrip("0") if value.microsecond else text


def conversion(source: Type, target: Type) -> Callable[[Any], Any]:
    """A function from a value of one type to another; it gives None where there is no such value."""
    if target.kind == "text":
        return lambda value: as_text(value, source)
    if source.kind == "text":
        return text_reader(target)
    if target.kind == "date":
        return datetime.date if source.kind == "timestamp" else lambda value: value
    if target.kind == "timestamp":
        return lambda value: datetime.combine(value, time.min) if source.kind == "date" else value
    whole = target.kind == "integer"
    return lambda value: None if not fits_type(value, target) else int(value) if whole else value


def text_cell(field: Field) -> Callable[[str | None], str | None]:
    """A function from the delivered text of a text field to its value."""
    steps = [NORMALISE[step] for step in field.normalise]
    empty_is_null = field.normalise[:1] == ("trim",) and "strip_zeros" not in field.normalise

    def read(raw: str | None) -> str | None:
        if raw is None:
            return None
        text = raw
        for step in steps:
            text = step(text)
        if field.keep_blank:
            return text
        blank = not text if empty_is_null else not raw.strip(BLANKS)
        return None if blank else text

    return read


def text_reader(kind: Type, date_format: str | None = None) -> Read:
    """A function that reads a text strictly as a type."""
    if kind.kind == "boolean":
        return lambda text: _TRUTH.get(lower(text))
    if kind.kind == "date":
        return _date_reader(date_format or DEFAULT_DATE)
    if kind.kind == "timestamp":
        return _written_moment_reader(date_format) if date_format else read_moment
    return _integer_reader(kind) if kind.kind == "integer" else _decimal_reader(kind)


def cell_reader(field: Field) -> Read:
    """A function that reads a cell of a field that is no text."""
    written = text_reader(field.type, field.date_format)
    if field.type.kind == "date":
        return _either(written, _day_cell)
    return _either(written, read_moment) if field.type.kind == "timestamp" and field.date_format else written


def _either(first: Read, second: Read) -> Read:
    def read(text: str) -> Value:
        found = first(text)
        return second(text) if found is None else found

    return read


def _day_cell(text: str) -> Value:
    return _iso_day(text[:10]) if _DAY_CELL.fullmatch(text) else None


def _date_reader(form: str) -> Read:
    matches = re.compile(DATE_PATTERNS[form][0]).fullmatch
    year, month, day = form.index("YYYY"), form.index("MM"), form.index("DD")

    def read(text: str) -> Value:
        if matches(text) is None:
            return None
        try:
            return date.fromisoformat(f"{text[year : year + 4]}-{text[month : month + 2]}-{text[day : day + 2]}")
        except ValueError:
            return None

    return read


_iso_day = _date_reader(DEFAULT_DATE)


def read_moment(text: str) -> datetime | None:
    """The UTC time of an ISO 8601 text, without a time zone of its own; None when it is none."""
    if _MOMENT.fullmatch(text) is None:
        return None
    try:
        given = datetime.fromisoformat(text)
        moment = given.astimezone(UTC).replace(tzinfo=None) if given.tzinfo else given
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _FIRST_YEAR else None


def _written_moment_reader(form: str) -> Read:
    day_form, clock_form = form.split(" ")
    day, clock = _date_reader(day_form), re.compile(CLOCK_PATTERNS[clock_form][0])

    def read(text: str) -> Value:
        day_text, _, clock_text = text.partition(" ")
        found = day(day_text)
        if not isinstance(found, date) or clock.fullmatch(clock_text) is None:
            return None
        return datetime.combine(found, time.fromisoformat(clock_text))

    return read


def _integer_reader(kind: Type) -> Read:
    digits = max(1, kind.whole_digits)

    def read(text: str) -> Value:
        bare = text[1:] if text[:1] in _SIGNS else text
        if not (bare.isascii() and bare.isdigit()):
            return None
        if len(bare) > digits:
            # Python makes no number of thousands of digits, be they zeros.
            bare = bare.lstrip("0") or "0"
            if len(bare) > digits:
                return None
            text = f"-{bare}" if text[0] == "-" else bare
        value = int(text)
        return value if -_BIGGEST <= value < _BIGGEST else None

    return read


def _decimal_reader(kind: Type) -> Read:
    digits, scale = kind.whole_digits, max(kind.scale, 0)

    def read(text: str) -> Value:
        bare = text[1:] if text[:1] in _SIGNS else text
        whole, point, decimals = bare.partition(".")
        if not (whole + decimals).isdigit() or not bare.isascii() or (point and not decimals):
            return None
        if len(whole) > digits and len(whole.lstrip("0")) > digits:
            return None
        if len(decimals) <= scale:
            return Decimal(text)
        sign = "-" if text[0] == "-" else ""
        return None if decimals[scale:].strip("0") else Decimal(f"{sign}{whole or '0'}.{decimals[:scale]}")

    return read
