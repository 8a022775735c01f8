"""Parameters: their declaration, and values given for a run."""

from collections.abc import Mapping
from typing import cast

from rulepacks.engine.cell_values import text_reader
from rulepacks.engine.expressions.tree import Value
from rulepacks.engine.expressions.types import Type
from rulepacks.engine.expressions.typing import type_from_text
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Data, Document
from rulepacks.engine.problems import ParameterError
from rulepacks.engine.spec import Pack, Parameter


def read_parameters(context: Context, document: Document, data: Mapping[str, Data]) -> None:
    """Fill the context's parameters from the section of pack.yaml."""
    for name, raw in data.items():
        given = cast("dict[str, Data]", raw)
        kind = declared_type(str(given["type"]))
        if kind is None:
            context.problems.add(document.place(("parameters", name, "type")), f"{given['type']} is not a type")
            context.broken.add(("parameter", name))
            continue
        values: list[Value] = []
        for key in ("default", "allowed"):
            listed = given.get(key, [])
            for item in listed if isinstance(listed, list) and key == "allowed" else [listed] if key in given else []:
                try:
                    values.append(convert(item, kind))
                except ValueError as error:
                    context.problems.add(document.place(("parameters", name, key)), str(error))
        default = values.pop(0) if "default" in given and values else None
        context.parameters[name] = Parameter(
            name, kind, bool(given.get("required", False)), default, str(given.get("description", "")), tuple(values)
        )


def declared_type(text: str) -> Type | None:
    """A type as parameters declare it; None when it is none."""
    if text.startswith("list of "):
        element = type_from_text(text.removeprefix("list of "))
        return Type("list", element=element.kind) if element else None
    return type_from_text(text)


def bind_parameters(pack: Pack, given: Mapping[str, object]) -> dict[str, Value]:
    """Values for all parameters of a pack, typed. Raises ParameterError naming every misfit."""
    wrong = [f"unknown parameter {name}" for name in sorted(set(given) - set(pack.parameters))]
    bound: dict[str, Value] = {}
    for name, parameter in pack.parameters.items():
        value = given.get(name)
        if value is None or value == "":
            bound[name] = parameter.default
            if parameter.required and parameter.default is None:
                wrong.append(f"{name} is required ({parameter.type})")
            continue
        try:
            bound[name] = convert(value, parameter.type)
        except ValueError as error:
            wrong.append(f"{name}: {error}")
            continue
        if parameter.allowed and bound[name] not in parameter.allowed:
            wrong.append(f"{name}: {value} is none of {', '.join(map(str, parameter.allowed))}")
    if wrong:
        raise ParameterError(wrong)
    return bound


def parameter_text(value: object) -> str | None:
    """A bound value as a text that is bound to the same value."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else None if value is None else str(value)


def convert(value: object, kind: Type) -> Value:
    """A given value as a value of a type. Raises ValueError."""
    text = str(value).strip()
    if kind.kind == "list":
        items = value if isinstance(value, list | tuple) else [part for part in text.split(",") if part.strip()]
        return cast("Value", [convert(item, Type(kind.element, 18)) for item in items])
    if kind.kind == "text":
        return str(value)
    found = text_reader(kind)(text)
    if found is None:
        raise ValueError(f"{text[:60]!r} is not {kind}")
    return found
