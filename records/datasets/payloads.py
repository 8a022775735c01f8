"""Payloads of single records: JSON whose numbers keep every digit, on both databases."""

import json
from decimal import Decimal
from typing import Any

import msgspec

from tenants.problems import ValidationProblem

MAX_EXPONENT = 1000
_exact = msgspec.json.Encoder(decimal_format="number")


class ExactEncoder(json.JSONEncoder):
    """Writes a Decimal as a JSON number with all its digits."""

    def encode(self, o: Any) -> str:
        return _exact.encode(o).decode()


class ExactDecoder(json.JSONDecoder):
    """Reads numbers with a point or exponent as Decimal."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "parse_float": Decimal})


def payload_check(payload: Any) -> None:
    """Raises `ValidationProblem` for anything but an object, and for values neither database can hold."""
    if not isinstance(payload, dict):
        raise ValidationProblem("The payload is not a JSON object", fields={"payload": "expected an object"})
    reason = unstorable(payload)
    if reason:
        raise ValidationProblem(f"The payload {reason}", fields={"payload": reason})


def unstorable(value: Any) -> str:
    """Why this value cannot be kept, or an empty text."""
    match value:
        case str():
            if "\0" in value:
                return "contains the character NUL"
            return (
                "" if value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value) else "is not valid Unicode"
            )
        case Decimal():
            finite = value.is_finite() and abs(value.adjusted()) <= MAX_EXPONENT
            return "" if finite else "contains a number out of range"
        case float():
            return "" if abs(value) < float("inf") else "contains a number out of range"
        case dict():
            return next(filter(None, map(unstorable, [*value, *value.values()])), "")
        case list():
            return next(filter(None, map(unstorable, value)), "")
    return ""
