"""Outputs: files made from tables, inputs and findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from rulepacks.engine.bodies import ScoreBody
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Field, Node, Value
from rulepacks.engine.expressions.types import BOOLEAN, INTEGER, TEXT, Type
from rulepacks.engine.formats.media import MAX_SHEET_COLUMNS
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Document, Path_
from rulepacks.engine.loading.joins import target_columns
from rulepacks.engine.loading.layouts import read_layout
from rulepacks.engine.spec import SEVERITIES, LayoutField, OutputSpec, Rule

FINDINGS = "findings"
FINDING_TYPES: Mapping[str, Type] = {
    "ordinal": INTEGER, "rule": TEXT, "type": TEXT, "stage": TEXT, "severity": TEXT, "label": TEXT, "input": TEXT,
    "row": INTEGER, "key": TEXT, "unit": TEXT, "left": TEXT, "right": TEXT, "difference": TEXT, "tolerance": TEXT,
    "fields": TEXT, "rows": TEXT, "message": TEXT, "fingerprint": TEXT,
}  # fmt: skip
ROW_NUMBER, RECORD_STATUS, RECORD_RULES = "row_number", "record_status", "record_rules"

Kind = Literal["table", "input", "findings"]


@dataclass(frozen=True)
class Origin:
    """What an output is made from: the names its expressions may use, and the columns it has when it chooses none."""

    kind: Kind
    scope: Scope
    columns: Sequence[str]


def read_outputs(
    context: Context, document: Document, data: Mapping[str, Any], rules: Sequence[Rule]
) -> tuple[OutputSpec, ...]:
    """The outputs of pack.yaml."""
    statuses = {status["status"] for status in data.get("statuses", [])}
    outputs: list[OutputSpec] = []
    names: set[str] = set()
    for index, raw in enumerate(data.get("outputs", [])):
        path: Path_ = ("outputs", index)
        if context.is_broken("outputs", str(index)):
            continue
        if raw["name"] in names:
            context.problems.add(document.place((*path, "name")), f"output {raw['name']} is given twice")
        names.add(raw["name"])
        for position, status in enumerate(raw.get("units", ())):
            if status not in statuses and not context.is_broken("statuses", status):
                context.problems.add(document.place((*path, "units", position)), f"unknown status {status}")
        origin = _origin(context, document, path, raw["from"], rules)
        if origin is not None:
            outputs.append(_output(context, document, path, raw, origin))
    return tuple(outputs)


def _origin(context: Context, document: Document, path: Path_, name: str, rules: Sequence[Rule]) -> Origin | None:
    scored = {rule.code: rule for rule in rules if isinstance(rule.body, ScoreBody)}
    tables, place = {**context.tables, **scored}, document.place((*path, "from"))
    kinds: dict[str, Mapping[str, object]] = {"table": tables, "input": context.inputs, "findings": {FINDINGS: None}}
    found = [kind for kind, known in kinds.items() if name in known]
    if len(found) > 1:
        context.problems.add(place, f"{name} is the name of two things: {' and '.join(found)}")
        return None
    if not found:
        if not (context.is_broken("table", name) or context.is_broken("rule", name)):
            context.known("table or input", name, {**tables, **context.inputs, FINDINGS: None}, place)
        return None
    parameters = Scope(parameters=context.parameter_types, holidays=context.holidays, what="column")
    if found[0] == "input":
        return _input_origin(context, name)
    columns = dict(FINDING_TYPES) if found[0] == "findings" else (
        score_columns(context, scored[name]) if name in scored else target_columns(context, "table", name))  # fmt: skip
    if found[0] == "findings":
        parameters = replace(parameters, domains=finding_words(context, rules))
    return Origin("findings" if found[0] == "findings" else "table", replace(parameters, fields=columns), list(columns))


def finding_words(context: Context, rules: Sequence[Rule]) -> dict[str, frozenset[Value]]:
    """The words findings of a pack have for their rule, stage and severity."""
    codes = {rule.code for rule in rules} | {code for kind, code in context.broken if kind == "rule"}
    return {
        "rule": frozenset(codes), "stage": frozenset(context.stages), "severity": frozenset(SEVERITIES),
        "type": frozenset(rule.type for rule in rules),
    }  # fmt: skip


def _input_origin(context: Context, name: str) -> Origin:
    """Rows of an input: its fields and joins, the row number, the rules it fails, and for records their status."""
    scope, source = context.row_scope(name), context.inputs[name]
    known: dict[str, Type] = {ROW_NUMBER: INTEGER, RECORD_RULES: TEXT}
    # What scoring rules derive for themselves has a colon in its name.
    named = [name for name in source.derived if ":" not in name]
    if source == next(iter(context.inputs.values())):
        known[RECORD_STATUS] = TEXT
    return Origin("input", replace(scope, fields={**known, **scope.fields}), [*source.fields, *named])


def score_columns(context: Context, rule: Rule) -> dict[str, Type]:
    """Columns of the table of a scoring rule."""
    assert isinstance(rule.body, ScoreBody)
    source = context.inputs[rule.input]
    keys = {name: source.type_of(name) for name in source.key}
    return {ROW_NUMBER: INTEGER, **keys, **{name: node.type for name, node in rule.body.columns}}


def _output(context: Context, document: Document, path: Path_, raw: Mapping[str, Any], origin: Origin) -> OutputSpec:
    layout = _layout(context, document, path, raw)
    where = context.expression(document, (*path, "where"), origin.scope, BOOLEAN) if "where" in raw else None
    chosen = _chosen(context, document, path, raw, origin)
    if layout:
        chosen = _by_layout(context, document, path, layout, chosen, origin)
    elif not chosen:
        chosen = {name: Field(name=name, type=origin.scope.fields[name]) for name in origin.columns}
    if raw["format"] == "excel" and len(chosen) > MAX_SHEET_COLUMNS:
        message = f"{len(chosen)} columns; a sheet has room for {MAX_SHEET_COLUMNS}"
        context.problems.add(document.place((*path, "format")), message)
    return OutputSpec(
        raw["name"], raw["format"], origin.kind, raw["from"], tuple(chosen.items()), where, tuple(raw.get("units", ())),
        layout, carried=origin.kind == "input" and not layout and "columns" not in raw,
    )  # fmt: skip


def _chosen(
    context: Context, document: Document, path: Path_, raw: Mapping[str, Any], origin: Origin
) -> dict[str, Node]:
    """The columns the pack chose by their headers."""
    given = raw.get("columns", {})
    steps = (
        {str(name): at for at, name in enumerate(given)} if isinstance(given, list) else {name: name for name in given}
    )
    seen: dict[str, str] = {}
    chosen: dict[str, Node] = {}
    for header, step in steps.items():
        way, text = (*path, "columns", step), header if isinstance(given, list) else given[header]
        if header.lower() in seen:
            context.problems.add(document.place(way), f"columns {seen[header.lower()]} and {header} are named alike")
        seen[header.lower()] = header
        # A column may have the name of a word of the language, such as order or end.
        known = origin.scope.fields.get(str(text))
        node = Field(name=text, type=known) if known else context.expression(document, way, origin.scope)
        if node.type.kind == "list":
            context.problems.add(document.place(way), f"a {node.type} cannot be written into a column")
        chosen[header] = node
    return chosen


def _layout(context: Context, document: Document, path: Path_, raw: Mapping[str, Any]) -> tuple[LayoutField, ...]:
    if raw["format"] != "fixed_width":
        if "layout" in raw:
            context.problems.add(document.place((*path, "layout"), key=True), "layout applies to fixed_width only")
        return ()
    if "layout" not in raw:
        context.problems.add(document.place(path), "fixed_width needs a layout")
        return ()
    place = document.place((*path, "layout"))
    layout = tuple(sorted(read_layout(context, raw["layout"], place, None), key=lambda field: field.start))
    for one, other in pairwise(layout):
        if one.start + one.length > other.start:
            context.problems.add(place, f"{raw['layout']}: {one.name} and {other.name} overlap")
    return layout


def _by_layout(
    context: Context, document: Document, path: Path_, layout: Sequence[LayoutField], chosen: Mapping[str, Node],
    origin: Origin,
) -> dict[str, Node]:  # fmt: skip
    """A column for each field of a layout: the one chosen for it, or the one of its name."""
    for header in chosen:
        context.known("field of the layout", header, {field.name: None for field in layout},
                      document.place((*path, "columns")))  # fmt: skip
    columns: dict[str, Node] = {}
    for field in layout:
        if field.name in chosen:
            columns[field.name] = chosen[field.name]
        elif context.known("column", field.name, origin.scope.fields, document.place((*path, "layout"))):
            columns[field.name] = Field(name=field.name, type=origin.scope.fields[field.name])
    return columns
