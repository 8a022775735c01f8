"""The JSON Schema of the pack format, and its complaints said with places."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from rulepacks.engine.loading.document import Document, Path_
from rulepacks.engine.problems import ProblemList

PLAIN = re.compile("[A-Za-z0-9_.-]+")
SCHEMA = Path(__file__).parent.parent / "schema"


@cache
def rule_schema(kind: str) -> dict[str, Any]:
    """The schema of one rule type: its own keys beside those every rule knows."""
    base = json.loads((SCHEMA / "rule.json").read_text(encoding="utf-8"))
    own = json.loads((SCHEMA / "rules" / f"{kind}.json").read_text(encoding="utf-8"))
    return {
        **base,
        **own,
        "properties": {**base["properties"], **own["properties"]},
        "required": base["required"] + own["required"],
        "$defs": {**base["$defs"], **own.get("$defs", {})},
        "additionalProperties": False,
    }


@cache
def _validator(kind: str) -> Any:
    if kind in {"pack", "cases"}:
        return jsonschema_rs.validator_for(json.loads((SCHEMA / f"{kind}.json").read_text(encoding="utf-8")))
    return jsonschema_rs.validator_for(rule_schema(kind))


@dataclass(frozen=True)
class Complaint:
    """What is not as the schema says. `unknown_key`: the last step of the path should not be there."""

    path: Path_
    unknown_key: bool = False


def check_pack(document: Document, problems: ProblemList) -> list[Complaint]:
    """What of pack.yaml has not the shape of a pack; said in the list of problems too."""
    return _check(_validator("pack"), document.data, document, (), problems, "")


def check_cases(document: Document, problems: ProblemList) -> list[Complaint]:
    """What of a file of cases has not the shape of one."""
    return _check(_validator("cases"), document.data, document, (), problems, "")


def check_rule(
    kind: str, data: object, document: Document, path: Path_, problems: ProblemList, code: str
) -> list[Complaint]:
    """What of a rule has not the shape of its type."""
    return _check(_validator(kind), data, document, path, problems, code)


def _check(
    validator: Any, data: object, document: Document, base: Path_, problems: ProblemList, code: str
) -> list[Complaint]:
    errors = [best for error in validator.iter_errors(data) for best in _best(error)]
    complaints: list[Complaint] = []
    for error in errors:
        path = (*base, *error.instance_path)
        if error.kind.name in {"additionalProperties", "unevaluatedProperties"}:
            for key in error.kind.unexpected:
                complaints.append(Complaint((*path, key), unknown_key=True))
                hint = "" if PLAIN.fullmatch(key) else "; an expression with a comma in it needs quotes"
                problems.add(document.place((*path, key), key=True), f"unknown key {key}{hint}", code)
        elif error.kind.name == "propertyNames":
            _bad_key(document, path, error, problems, code)
        else:
            complaints.append(Complaint(path))
            problems.add(document.place(path), _message(error), code)
    return complaints


def _best(error: Any) -> list[Any]:
    """The complaints of the one alternative that was meant, when it can be told which."""
    if error.kind.name not in {"oneOf", "anyOf"}:
        return [error]
    meant = [
        branch for branch in error.kind.context
        if not any(part.kind.name == "type" and part.instance_path == error.instance_path for part in branch)
    ]  # fmt: skip
    if len(meant) != 1 or all(part.kind.name == "required" for part in meant[0]):
        return [error]
    return [best for part in meant[0] for best in _best(part)]


def fits(kind: str, data: object) -> bool:
    """Whether a pack, a file of cases or a rule of some type has its shape, but for the spelling of names."""
    return all(error.kind.name == "propertyNames" for error in _validator(kind).iter_errors(data))


def _bad_key(document: Document, path: Path_, error: Any, problems: ProblemList, code: str) -> None:
    message = str(error.message)
    named = next((key for *way, key in document.keys if tuple(way) == path and f'"{key}"' in message), None)
    place = document.place((*path, named), key=True) if named is not None else document.place(path)
    problems.add(place, f"{named or 'a key'} is not a name: lower-case letters, digits and underscores", code)


def _message(error: Any) -> str:
    kind = error.kind
    if kind.name == "required":
        return f"{kind.property} is missing"
    if kind.name == "enum":
        return f"{_shown(error.instance)} is none of {', '.join(str(option) for option in kind.options)}"
    if kind.name == "type":
        return f"{_shown(error.instance)} is not {' or '.join(_words(kind.types))}"
    if kind.name == "pattern":
        return f"{_shown(error.instance)} is not written as expected"
    if kind.name in {"oneOf", "anyOf"}:
        return _alternatives(error)
    if kind.name == "const":
        return f"{_shown(error.instance)} is not {kind.expected_value}"
    return str(error.message)


def _alternatives(error: Any) -> str:
    instance = error.instance
    if isinstance(instance, dict) and len(error.schema_path) <= 3:
        return _keys_together(error.kind.context)
    return f"{_shown(instance)} is not written in any accepted form"


def _keys_together(ways: Sequence[Sequence[Any]]) -> str:
    """What is missing for each way keys may go together; several ways are fulfilled when nothing is."""
    missing = [" and ".join(part.kind.property for part in way if part.kind.name == "required") for way in ways]
    return f"{' or '.join(missing)} is missing" if all(missing) else "the keys given exclude each other"


def _words(types: Any) -> list[str]:
    names = {"string": "a text", "integer": "a whole number", "boolean": "true or false", "object": "keys and values",
             "array": "a list", "null": "empty"}  # fmt: skip
    return [names.get(str(name), str(name)) for name in (types if isinstance(types, list | tuple) else [types])]


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "what stands here"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
