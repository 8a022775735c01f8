"""The types of the expression language."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "decimal", "boolean", "date", "timestamp", "list", "null", "unknown"]

MAX_DIGITS = 38


@dataclass(frozen=True)
class Type:
    """A type. Numbers carry their greatest number of digits in all and after the point.

    `null` is the type of a bare NULL and fits everywhere; `unknown` stands for what could not be typed, so
    that one mistake is reported once. Lists (of parameters only) name the kind of their elements.
    """

    kind: Kind
    precision: int = 0
    scale: int = 0
    element: Kind = "unknown"

    @property
    def numeric(self) -> bool:
        return self.kind in {"integer", "decimal"}

    @property
    def whole_digits(self) -> int:
        return self.precision - self.scale

    @property
    def width(self) -> int:
        """Digits DuckDB keeps: one before the point at least, or it would write .5 for 0.5."""
        return min(MAX_DIGITS, max(self.precision, self.scale + 1))

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.kind == "list":
            return f"list of {self.element}"
        return self.kind


TEXT = Type("text")
INTEGER = Type("integer", 18)
COUNT = Type("integer", 7)
"""A count of days, or of anything longer, between two dates: the years 1 to 9999 have 3.7 million days."""
BOOLEAN = Type("boolean")
DATE = Type("date")
TIMESTAMP = Type("timestamp")
DATES = Type("list", element="date")
NULL = Type("null")
UNKNOWN = Type("unknown")


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", precision, scale)


def number(whole_digits: int, scale: int, *, integer: bool) -> Type:
    """The number type with room for so many digits, cut to 38 in all (whole digits give way)."""
    precision = min(MAX_DIGITS, max(1, whole_digits + scale))
    return Type("integer" if integer else "decimal", precision, scale)


def fits(given: Type, wanted: Type) -> bool:
    """Whether a value of one type may stand where the other is wanted."""
    if "unknown" in {given.kind, wanted.kind} or given.kind == "null":
        return True
    return given.kind == wanted.kind or (given.numeric and wanted.numeric)


def common(first: Type, second: Type) -> Type | None:
    """The type both fit into, or None. Numbers keep all digits of both as far as 38 digits reach."""
    if first.kind in {"null", "unknown"}:
        return second
    if second.kind in {"null", "unknown"}:
        return first
    if first.numeric and second.numeric:
        integer = first.kind == second.kind == "integer"
        scale = max(first.scale, second.scale)
        return number(max(first.whole_digits, second.whole_digits), scale, integer=integer)
    return first if first.kind == second.kind else None


def comparable_exactly(first: Type, second: Type) -> bool:
    """Whether the common type of two numbers holds every value of both."""
    if not (first.numeric and second.numeric):
        return True
    return max(first.whole_digits, second.whole_digits) + max(first.scale, second.scale) <= MAX_DIGITS
