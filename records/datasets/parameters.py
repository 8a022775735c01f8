"""A pack's parameters bound for one batch: the dataset's defaults, overruled by what came with the delivery."""

from collections.abc import Mapping
from typing import Any

from rulepacks.engine.loading.parameters import convert, declared_type
from rulepacks.models import PackVersion
from tenants.problems import ValidationProblem

Value = int | str | bool
TRUE, FALSE = {"true", "1"}, {"false", "0"}


def parameters_bind(
    version: PackVersion | None, defaults: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Value]:
    """Typed values by name, as they are stored with the run: whole numbers, booleans, everything else as text.

    Without a version nothing is declared and everything is kept as text. Raises `ValidationProblem` that names each
    parameter that is unknown, missing or of another type.
    """
    merged = {**filled(defaults), **filled(given)}
    if version is None:
        return {name: str(value) for name, value in sorted(merged.items())}
    declared = {one["name"]: one for one in version.summary.get("parameters", [])}
    problems = {name: f"{version} has no parameter {name!r}" for name in given if name not in declared}
    bound: dict[str, Value] = {}
    for name, parameter in sorted(declared.items()):
        value = merged.get(name, parameter.get("default"))
        if value is None:
            if parameter.get("required"):
                problems[name] = f"Parameter {name!r} is required"
            continue
        try:
            bound[name] = typed(parameter["type"], str(value).strip())
        except ValueError:
            problems[name] = f"Parameter {name!r} is {str(value)[:80]!r}, expected {kind(parameter['type'])}"
    if problems:
        raise ValidationProblem("; ".join(problems.values()), fields=problems)
    return bound


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not blank."""
    return {name: value for name, value in values.items() if value is not None and str(value).strip()}


def typed(declared: str, text: str) -> Value:
    """The value of that declared type. Raises ValueError."""
    if declared == "boolean":
        if text.lower() not in TRUE | FALSE:
            raise ValueError(text)
        return text.lower() in TRUE
    kind_of = declared_type(declared)
    value = convert(text, kind_of) if kind_of is not None else text
    return value if isinstance(value, int) else text


def kind(declared: str) -> str:
    """The declared type in words."""
    words = {
        "integer": "a whole number", "boolean": "true or false", "date": "a date like 2026-09-30",
        "timestamp": "a time like 2026-09-30T14:30:00Z",
    }  # fmt: skip
    return words.get(declared, declared.replace("decimal", "a decimal number "))
