"""The policy as a form: a field a key, blank for its default, and the severities a line each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from tenants.policies.schema import SCHEMA, Key, keys

SEVERITIES = "severities"


@dataclass(frozen=True)
class Field:
    """A key as it is asked for. `default` is what holds while the field is blank."""

    key: Key
    text: str
    default: str
    wrong: str

    @property
    def is_number(self) -> bool:
        """Whether digits are typed."""
        return bool(self.key.node["type"] == "integer")

    @property
    def choices(self) -> list[str]:
        """What is to be chosen from; empty where a number is asked for."""
        return ["yes", "no"] if self.key.node["type"] == "boolean" else list(self.key.node.get("enum", []))


@dataclass(frozen=True)
class Group:
    """The fields under one title; the severities have no fields but `text`, a line a rule."""

    name: str
    title: str
    description: str
    fields: list[Field]
    text: str = ""
    wrong: tuple[str, ...] = ()


def groups(typed: Mapping[str, str], wrong: Mapping[str, str], defaults: Mapping[str, str]) -> list[Group]:
    """The form. `typed` holds texts by field name, `wrong` what is wrong by JSON pointer."""
    fields = [
        Field(key, typed.get(key.name, ""), defaults[key.name], wrong.get(f"/{key.path[0]}/{key.path[1]}", ""))
        for key in keys()
    ]
    lines = tuple(said for place, said in wrong.items() if place.startswith(f"/{SEVERITIES}"))
    return [
        Group(
            name, node["title"], node["description"], [one for one in fields if one.key.path[0] == name],
            *((typed.get(SEVERITIES, ""), lines) if name == SEVERITIES else ()),
        )
        for name, node in SCHEMA["properties"].items()
    ]  # fmt: skip


def as_typed(document: Mapping[str, Any]) -> dict[str, str]:
    """A document as the texts of the form."""
    texts = {key.name: _text(key.value_in(document)) for key in keys()}
    rules = document.get(SEVERITIES, {}).items()
    lines = [f"{pack} {rule} {severity}" for pack, of in sorted(rules) for rule, severity in sorted(of.items())]
    return {**texts, SEVERITIES: "\n".join(lines)}


def as_document(typed: QueryDict) -> tuple[dict[str, Any], dict[str, str]]:
    """The document that the texts are, and what is wrong with lines that are none, by JSON pointer."""
    document: dict[str, Any] = {}
    for key in keys():
        if text := typed.get(key.name, "").strip():
            document.setdefault(key.path[0], {})[key.path[1]] = text if key.node["type"] == "string" else _value(text)
    severities, wrong = _severities(typed.get(SEVERITIES, ""))
    return {**document, **({SEVERITIES: severities} if severities else {})}, wrong


def _severities(text: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    wrong: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if words and len(words) != 3:
            wrong[f"/{SEVERITIES}#{number}"] = f"Line {number}: {line.strip()!r}, expected pack, rule and severity"
        elif words and words[1] in found.get(words[0], {}):
            wrong[f"/{SEVERITIES}#{number}"] = f"Line {number}: {words[1]} of {words[0]} is named twice"
        elif words:
            found.setdefault(words[0], {})[words[1]] = words[2]
    return found, wrong


def _value(text: str) -> Any:
    """What JSON would hold; a text that is neither a number nor yes or no stays, for the schema to refuse."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return {"yes": True, "no": False}.get(text, text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
