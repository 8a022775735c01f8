"""The functions of the expression language in Python: the twin of the SQL in `expressions.functions`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from rulepacks.engine.cell_values import lower, upper
from rulepacks.engine.expressions.functions import BLANKS
from rulepacks.engine.expressions.types import MAX_DIGITS, Type

Slots = list[Any]
Closure = Callable[[Slots], Any]


class Fault(Exception):
    """A value could not be computed: neither a value nor NULL."""


WIDE = Context(prec=4 * MAX_DIGITS)


def as_text(value: Any, kind: Type) -> str:
    """A value written as DuckDB writes its type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if kind.kind == "decimal":
        number = Decimal(value)
        text = format(number or number.copy_abs(), f".{kind.scale}f")
        # DuckDB writes no zero before the point where it has no room for one.
        return text.replace("0.", ".", 1) if kind.width == kind.scale else text
    return str(value)


def _round(value: Any, decimals: int) -> Any:
    if isinstance(value, int):
        return value
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, WIDE)


def _substr(text: str, start: int, length: int) -> str:
    return text[start - 1 : start - 1 + length]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "lower": lower,
    "upper": upper,
    "trim": lambda text: text.strip(BLANKS),
    "length": len,
    "left": lambda text, length: text[:length],
    "right": lambda text, length: text[-length:] if length else "",
    "substr": _substr,
    "lpad": lambda text, length, padding: text[:length].rjust(length, padding),
    "replace": lambda text, old, new: text.replace(old, new),
    "contains": lambda text, part: part in text,
    "starts_with": lambda text, part: text.startswith(part),
    "ends_with": lambda text, part: text.endswith(part),
    "abs": lambda value: value.copy_abs() if isinstance(value, Decimal) else abs(value),
    "round": _round,
    "year": lambda day: day.year,
    "month": lambda day: day.month,
    "day": lambda day: day.day,
}


def _coalesce(arguments: Sequence[Closure]) -> Closure:
    def run(slots: Slots) -> Any:
        for argument in arguments:
            value = argument(slots)
            if value is not None:
                return value
        return None

    return run


def _nullif(arguments: Sequence[Closure]) -> Closure:
    first, second = arguments

    def run(slots: Slots) -> Any:
        value, other = first(slots), second(slots)
        return None if value == other else value

    return run


def _concat_ws(arguments: Sequence[Closure]) -> Closure:
    separator, *parts = arguments

    def run(slots: Slots) -> str | None:
        between, texts = separator(slots), [part(slots) for part in parts]
        return None if between is None else between.join([text for text in texts if text is not None])

    return run


def _zero_if_blank(arguments: Sequence[Closure]) -> Closure:
    (number,) = arguments

    def run(slots: Slots) -> Any:
        value = number(slots)
        return 0 if value is None else value

    return run


def _given(arguments: Sequence[Closure]) -> Closure:
    return lambda slots: sum([argument(slots) is not None for argument in arguments])


OWN_NULLS: dict[str, Callable[[Sequence[Closure]], Closure]] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "concat_ws": _concat_ws,
    "zero_if_blank": _zero_if_blank,
    "given": _given,
}
