"""JSON bodies as typed values: what is missing, unknown or of another type is refused by name."""

import re
from typing import Any, TypeVar

import msgspec
from rest_framework.request import Request

from tenants.negotiation import media_type_of
from tenants.problems import ValidationProblem, unexpected
from tenants.redaction import MASK, SECRET_NAMES

Body = TypeVar("Body")
# E.g. "Object missing required field `category` - at `$.records[0]`".
PLACE = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
NAMED = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>[^`]*)`")

# E.g. "Expected `str` of length <= 120" and "Expected `str | int`, got `null`".
WANTED = re.compile(r"Expected `(?P<kinds>[^`]+)`(?: of length (?P<bound><=|>=) (?P<count>\d+))?")
WORDS = {
    "str": "a text", "int": "a whole number", "bool": "true or false", "object": "an object", "array": "a list",
    "datetime": "a time like 2026-09-30T14:30:00Z",
}  # fmt: skip
NO_TIME = "Invalid RFC3339 encoded datetime"


def body_as(kind: type[Body], data: Any) -> Body:
    """`data`, as the parser read it, as a `msgspec.Struct`. Raises `ValidationProblem` that names the field."""
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        raise told(str(error), data) from error


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """Body of an operation that needs none."""


def no_body(request: Request) -> None:
    """Raises `ValidationProblem` that names what was sent all the same; an empty form, which some add, is not read."""
    if media_type_of(request.content_type) == "application/json":
        body_as(Nothing, request.data)


def told(text: str, data: Any) -> ValidationProblem:
    """msgspec's message with the field it is about, what stood there and what was expected."""
    place = PLACE.match(text)
    reason, path = (place["reason"], place["path"] or "") if place else (text, "")
    if named := NAMED.fullmatch(reason):
        reason = "required" if named["what"].startswith("missing") else "unknown field"
        path = ".".join(filter(None, [path, named["name"]]))
    elif expected := in_words(reason):
        hidden = SECRET_NAMES.search(path)
        reason = f"{MASK}, expected {expected}" if hidden else unexpected(value_at(data, path), expected)
    field = re.sub(r"\[([^\]]*)\]", r".\1", path)
    return ValidationProblem(f"{field}: {reason}" if field else reason, fields={field: reason})


def in_words(reason: str) -> str:
    """What msgspec expected, e.g. `a text of at most 120 characters`; empty when it says something else."""
    if reason == NO_TIME:
        return WORDS["datetime"]
    wanted = WANTED.match(reason)
    if wanted is None:
        return ""
    kinds = " or ".join(WORDS.get(kind, kind) for kind in wanted["kinds"].split(" | "))
    if not wanted["count"]:
        return kinds
    return f"{kinds} of at {'most' if wanted['bound'] == '<=' else 'least'} {wanted['count']} characters"


def value_at(data: Any, path: str) -> Any:
    """What stands at msgspec's path, as far as it names it: members of a mapping it calls `[...]`."""
    for step in re.findall(r"[^.\[\]]+", path.partition("[...]")[0]):
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data
