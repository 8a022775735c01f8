"""JSON bodies as typed values: what is missing, unknown or of another type is refused by name."""

import re
from typing import Any, TypeVar

import msgspec

from tenants.problems import ValidationProblem

Body = TypeVar("Body")
# E.g. "Object missing required field `category` - at `$.records[0]`".
PLACE = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
NAMED = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>[^`]*)`")


def body_as(kind: type[Body], data: Any) -> Body:
    """`data`, as the parser read it, as a `msgspec.Struct`. Raises `ValidationProblem` that names the field."""
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        raise told(str(error)) from error


def told(text: str) -> ValidationProblem:
    """msgspec's message with the field it is about."""
    place = PLACE.match(text)
    reason, path = (place["reason"], place["path"] or "") if place else (text, "")
    if named := NAMED.fullmatch(reason):
        reason = "required" if named["what"].startswith("missing") else "unknown field"
        path = ".".join(filter(None, [path, named["name"]]))
    field = re.sub(r"\[(\d+)\]", r".\1", path)
    return ValidationProblem(f"{field}: {reason}" if field else reason, fields={field: reason})
