"""What a policy may say: its JSON Schema, and every mistake of a document against it at once."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jsonschema_rs

from tenants.problems import unexpected

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text())
_VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
_KINDS = {"object": "an object", "boolean": "true or false", "string": "a text"}


@dataclass(frozen=True)
class Mistake:
    """What is wrong at one place of a document. `pointer` is a JSON pointer (RFC 6901)."""

    pointer: str
    message: str


@dataclass(frozen=True)
class Key:
    """A key with a single value, by its path in the document: what a form asks for and a change is told by."""

    path: tuple[str, str]
    node: Mapping[str, Any]

    @property
    def name(self) -> str:
        """E.g. `approvals.required`."""
        return ".".join(self.path)

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.node["title"])

    def value_in(self, document: Mapping[str, Any]) -> Any:
        """What the document says, None when it leaves the key out."""
        return document.get(self.path[0], {}).get(self.path[1])


def keys() -> list[Key]:
    """All keys with a single value, in the order of the schema."""
    groups = SCHEMA["properties"].items()
    return [Key((group, name), node) for group, of in groups for name, node in of.get("properties", {}).items()]


def mistakes(document: Any) -> list[Mistake]:
    """Everything the schema has against the document, in the order of their places."""
    found = {mistake for error in _VALIDATOR.iter_errors(document) for mistake in _of(error)}
    return sorted(found, key=lambda one: one.pointer)


def sound_parts(document: Any, found: Iterable[Mistake]) -> dict[str, Any]:
    """The keys at the top of a document in which none of the mistakes stands."""
    wrong = {one.pointer.split("/")[1] if one.pointer else "" for one in found}
    return {} if "" in wrong else {name: value for name, value in document.items() if name not in wrong}


def pointer(path: Iterable[str | int]) -> str:
    """The path as a JSON pointer."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _of(error: jsonschema_rs.ValidationError) -> Iterator[Mistake]:
    node = _node(error.schema_path)
    if error.schema_path[-1] == "additionalProperties":
        known, given = node["properties"], cast("dict[str, Any]", error.instance)
        for name in sorted(given.keys() - known.keys()):
            said = unexpected(given[name], f"nothing: there is no such key; keys are {', '.join(known)}")
            yield Mistake(pointer([*error.instance_path, name]), said)
    else:
        yield Mistake(pointer(error.instance_path), unexpected(error.instance, expected(node)))


def _node(schema_path: Iterable[str | int]) -> Mapping[str, Any]:
    """The part of the schema whose keyword was not satisfied."""
    node: Any = SCHEMA
    for step in list(schema_path)[:-1]:
        node = node[step]
    return dict(node)


def expected(node: Mapping[str, Any]) -> str:
    """What may stand at a place, e.g. `a whole number from 1 to 90`."""
    if "x-expected" in node:
        return str(node["x-expected"])
    if "enum" in node:
        return f"one of {', '.join(node['enum'])}"
    if node["type"] == "integer":
        least, most = node["minimum"], node.get("maximum")
        return f"a whole number from {least} to {most}" if most else f"a whole number of at least {least}"
    most = node.get("maxProperties")
    return f"an object with at most {most} names" if most else _KINDS[node["type"]]
