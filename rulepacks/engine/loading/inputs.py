"""Inputs: fields, derived fields, layouts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from rulepacks.engine.expressions.build import build
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Literal, Node
from rulepacks.engine.expressions.types import DATE, INTEGER, TEXT, UNKNOWN, Type
from rulepacks.engine.expressions.typing import comparison_problem, type_from_text
from rulepacks.engine.loading.context import Context, expression_text
from rulepacks.engine.loading.document import Data, Document, Path_
from rulepacks.engine.loading.layouts import read_layout
from rulepacks.engine.loading.lists import span
from rulepacks.engine.problems import Place
from rulepacks.engine.spec import Field, Input, LayoutField


def read_inputs(context: Context, document: Document, data: Mapping[str, Data]) -> None:
    """Fill the context's inputs with their declared fields; derived ones come with `read_derived`."""
    for name, raw in data.items():
        given = cast("dict[str, Any]", raw)
        path: Path_ = ("inputs", name)
        fields = {
            field: _field(context, document, (*path, "fields", field), field, spec, given)
            for field, spec in given["fields"].items()
        }
        context.inputs[name] = Input(
            name=name,
            title=given.get("title", name.replace("_", " ")),
            description=given.get("description", ""),
            optional=bool(given.get("optional", False)),
            key=tuple(given.get("key", ())),
            unit=tuple(given.get("unit", ())),
            effective=span(given),
            carry=tuple(given.get("carry", ())),
            fixed_width=_layout(context, document, path, given, fields),
            fields=fields,
            derived={},
        )


def _field(
    context: Context, document: Document, path: Path_, name: str, raw: Any, of_input: Mapping[str, Any]
) -> Field:
    """A field; what it does not say about normalising and blanks, its input says for all."""
    if context.is_broken("field", f"{path[1]}.{name}"):
        return Field(name, UNKNOWN)
    given = {"type": raw} if isinstance(raw, str) else cast("dict[str, Any]", raw)
    kind = type_from_text(given["type"])
    if kind is None:
        context.problems.add(document.place(path), f"{given['type']} is not a type")
        return Field(name, UNKNOWN)
    is_text = kind == TEXT
    for key, fits in (("normalise", is_text), ("blank", is_text), ("unreadable", not is_text),
                      ("format", kind.kind == _time_kind(given))):  # fmt: skip
        if key in given and not fits:
            applied = f"{key} {given[key]}" if key == "format" else key
            context.problems.add(document.place((*path, key), key=True), f"{applied} does not apply to {kind}")
    return Field(
        name=name,
        type=kind,
        aliases=tuple(given.get("aliases", ())),
        normalise=tuple(given.get("normalise", of_input.get("normalise", ()))) if is_text else (),
        keep_blank=given.get("blank") == "keep",
        blanks=tuple(given.get("blanks", of_input.get("blanks", ()))),
        optional=bool(given.get("optional", False)),
        unreadable=given.get("unreadable"),
        date_format=given.get("format"),
        unit=given.get("unit", ""),
        description=given.get("description", ""),
    )


def _time_kind(given: Mapping[str, Any]) -> str:
    """The type a format is for: with a time of the day, a timestamp."""
    return "timestamp" if "hh" in str(given.get("format")) else "date"


def _layout(
    context: Context, document: Document, path: Path_, given: Mapping[str, Any], fields: Mapping[str, Field]
) -> tuple[LayoutField, ...]:
    for index, layout in enumerate(given.get("layouts", ())):
        if isinstance(layout, dict):
            return read_layout(context, layout["fixed_width"], document.place((*path, "layouts", index)), fields)
    return ()


def read_derived(context: Context, document: Document, data: Mapping[str, Data], joins: Mapping[str, Data]) -> None:
    """Add derived fields, each of which may use those written above it, also of other inputs through joins."""
    for name, raw in data.items():
        given = cast("dict[str, Any]", raw)
        for field in given.get("derive", {}):
            source = context.inputs[name]
            path: Path_ = ("inputs", name, "derive", field)
            if field in source.fields:
                context.problems.add(document.place(path, key=True), f"{field} is already a declared field")
                continue
            if context.is_broken("field", f"{name}.{field}"):
                node: Node = Literal(value=None, type=UNKNOWN)
            else:
                node = context.expression(document, path, _derive_scope(context, name, joins))
            context.derive(name, field, node)
        _check_names(context, document, name)


def _derive_scope(context: Context, name: str, joins: Mapping[str, Data]) -> Scope:
    """Fields so far, and the joins to lists and inputs, whose own expressions are read later."""
    first = next(iter(context.inputs))
    reachable: dict[str, Mapping[str, Type]] = {}
    for join, raw in joins.items():
        given = cast("dict[str, Any]", raw)
        if given.get("from", first) != name:
            continue
        if given.get("list") in context.lists:
            reachable[join] = context.lists[given["list"]].columns
        elif given.get("input") in context.inputs and "values" in given:
            reachable[join] = _gathered(context, given)
        elif given.get("input") in context.inputs:
            there = context.inputs[given["input"]]
            reachable[join] = {field: there.type_of(field) for field in (*there.fields, *there.derived)}
    scope = context.row_scope(name)
    return replace(scope, joins={**scope.joins, **reachable})


def _gathered(context: Context, given: Mapping[str, Any]) -> dict[str, Type]:
    """Types of the values that a join gathers, as far as the fields it gathers them of are known."""
    there = replace(context.row_scope(given["input"]), aggregates=True)
    built = {name: build(expression_text(text), there, None, context.limits) for name, text in given["values"].items()}
    return {name: node.type for name, (node, mistakes) in built.items() if not mistakes}


def _check_names(context: Context, document: Document, name: str) -> None:
    source = context.inputs[name]
    fields = {**source.fields, **source.derived}
    known = {
        key: [
            context.known("field", field, fields, document.place(("inputs", name, key, index)))
            for index, field in enumerate(getattr(source, key) or ())
        ]
        for key in ("key", "unit", "effective")
    }
    if source.effective and all(known["effective"]):
        _check_span(context, document.place(("inputs", name, "effective")), *map(source.type_of, source.effective))


def _check_span(context: Context, place: Place, first: Type, last: Type) -> None:
    for kind in (first, last):
        if kind != UNKNOWN and not _is_time(kind):
            context.problems.add(place, f"a span of {kind}; dates or integers of at most 18 digits are expected")
            return
    if problem := comparison_problem(first, last):
        context.problems.add(place, problem)


def _is_time(kind: Type) -> bool:
    return kind == DATE or (kind.kind == "integer" and kind.precision <= INTEGER.precision)
