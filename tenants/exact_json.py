"""JSON in and out without losing a digit, strict about what it takes: the parser and the renderer of the API."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from tenants.problems import TooLarge, ValidationProblem

MAX_DEPTH = 64
MAX_DIGITS = 4300
MAX_EXPONENT = 6144
"""Of a decimal128 number; what is larger in a request is a mistake or an attack."""


class Unacceptable:
    """Stands in the parsed value where something was read that JSON, or a database, cannot hold."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def parse(data: bytes) -> Any:
    """The value of a JSON text; numbers with a point or exponent become Decimal.

    Raises `ValidationProblem`, with a JSON pointer where the text is JSON but its content unacceptable.
    """
    try:
        value = json.loads(
            data.decode("utf-8-sig"),
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=lambda name: Unacceptable(f"{name} is not a number in JSON"),
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise ValidationProblem(f"The body is not UTF-8: byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise ValidationProblem(f"The body is not JSON: line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ValidationProblem(f"The body is nested deeper than {MAX_DEPTH} levels") from error
    for path, reason in _faults(value):
        raise ValidationProblem(
            f"{reason} (at {path or 'the top'})", fields={path.strip("/").replace("/", "."): reason}
        )
    return value


def text_fault(text: str) -> str:
    """Why a text cannot be stored, or an empty text."""
    if "\0" in text:
        return "Null bytes not allowed"
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        return "Lone surrogates not allowed"
    return ""


def _faults(value: Any) -> Iterator[tuple[str, str]]:
    """Pointer and reason of each fault; a stack, because the nesting is not to be trusted yet."""
    stack: list[tuple[str, int, Any]] = [("", 1, value)]
    while stack:
        path, depth, current = stack.pop()
        match current:
            case Unacceptable():
                yield path, current.reason
            case str() if reason := text_fault(current):
                yield path, reason
            case dict() | list() if depth > MAX_DEPTH:
                yield path, f"Nested deeper than {MAX_DEPTH} levels"
            case dict():
                for name, inner in current.items():
                    if reason := text_fault(name):
                        yield path, f"{reason} in a name"
                    stack.append((f"{path}/{name}", depth + 1, inner))
            case list():
                stack.extend((f"{path}/{index}", depth + 1, inner) for index, inner in enumerate(current))


def _integer(text: str) -> object:
    return Unacceptable(f"A number of more than {MAX_DIGITS} digits") if len(text) > MAX_DIGITS else int(text)


def _decimal(text: str) -> object:
    if len(text) > MAX_DIGITS:
        return Unacceptable(f"A number of more than {MAX_DIGITS} digits")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Unacceptable("A number out of range")
    return number if abs(number.adjusted()) <= MAX_EXPONENT else Unacceptable("A number out of range")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        found[name] = Unacceptable("The name appears twice") if name in found else value
    return found


class ExactJSONParser(JSONParser):
    """Request bodies through `parse`."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body; an empty one is an empty object. Raises `TooLarge` before it is in memory."""
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise TooLarge(f"The body is larger than {limit:,} bytes")
        return parse(data) if data.strip() else {}


class ExactJSONRenderer(JSONRenderer):
    """Decimals go out as JSON numbers with the digits they came with."""

    encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=str)

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """UTF-8 JSON; nothing at all for None."""
        return b"" if data is None else self.encoder.encode(data)
