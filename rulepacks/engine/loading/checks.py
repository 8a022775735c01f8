"""Checks over the whole pack, once every part has been read by itself."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from rulepacks.engine.bodies import GroupBody, QueryBody, ReconcileBody, ScheduleBody
from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, Parameter, Raw, walk
from rulepacks.engine.expressions.typing import comparison_problem
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.cycles import check_cycles
from rulepacks.engine.loading.document import Document
from rulepacks.engine.problems import Place
from rulepacks.engine.spec import OutputSpec, Rule


def check_pack(
    context: Context, document: Document, rules: tuple[Rule, ...], outputs: tuple[OutputSpec, ...], as_of: Node | None
) -> None:
    """All checks that need more than one part of the pack."""
    by_code = {code: rule for rule in rules for code in (rule.code, *rule.aliases)}
    entangled = _entangled(context, rules, by_code)
    for rule in rules:
        _check_needs(context, rule, by_code, entangled)
        _check_effective(context, rule, as_of)
        _check_gate(context, rule)
        _check_sequence(context, rule)
    _check_unreadable(context, document, by_code)
    if len(context.problems) == 0:
        # What is read only by a broken part is of use.
        _check_unused(context, document, rules, outputs)
    # A query's own names for what it reads are no joins.
    stated = [rule for rule in rules if not isinstance(rule.body, QueryBody)]
    check_cycles(context, document, _nodes((*stated, outputs, *_parts(context))))


def _check_needs(context: Context, rule: Rule, by_code: Mapping[str, Rule], entangled: set[str]) -> None:
    order = list(context.stages)
    for code in rule.needs:
        needed = by_code.get(code)
        if needed is None and context.is_broken("rule", code):
            continue
        if needed is None:
            context.problems.add(rule.place, f"needs the unknown rule {code}", rule.code)
        elif needed is rule:
            context.problems.add(rule.place, "needs itself", rule.code)
        elif rule.stage in order and needed.stage in order and order.index(needed.stage) > order.index(rule.stage):
            context.problems.add(rule.place, f"needs {code}, which runs in a later stage", rule.code)
        elif needed.input != rule.input or not needed.row_level:
            context.problems.add(rule.place, f"needs {code}, which is not about rows of {rule.input}", rule.code)
        elif rule.row_level and needed.type == "unique" and needed.stage == rule.stage:
            context.problems.add(rule.place, f"needs {code}: a unique rule must stand in an earlier stage", rule.code)
        elif {rule.code, needed.code} <= entangled:
            context.problems.add(rule.place, f"needs {code}, which needs {rule.code}", rule.code)


def _entangled(context: Context, rules: tuple[Rule, ...], by_code: Mapping[str, Rule]) -> set[str]:
    """Rules that need each other: what is left when those whose needs are met are taken away, step by step."""
    waiting = {rule.code: {by_code[code].code for code in rule.needs if code in by_code} for rule in rules}
    for step in itertools.count():
        ready = {code for code, needs in waiting.items() if not needs & waiting.keys()}
        if not ready:
            break
        if step > context.limits.chain:
            first = next(rule for rule in rules if rule.code in ready)
            problem = context.limits.said("chain", "more than {} rules need one another in a row")
            context.problems.add(first.place, problem, first.code)
            return set()
        waiting = {code: needs for code, needs in waiting.items() if code not in ready}
    needed = set().union(*waiting.values()) if waiting else set()
    return waiting.keys() & needed


def _check_effective(context: Context, rule: Rule, as_of: Node | None) -> None:
    for end in rule.effective:
        if end is None:
            continue
        if as_of is None:
            context.problems.add(rule.place, "effective needs as_of in the pack", rule.code)
            return
        if problem := comparison_problem(as_of.type, end.type):
            context.problems.add(rule.place, f"effective: {problem}", rule.code)


def _check_gate(context: Context, rule: Rule) -> None:
    stage = context.stages.get(rule.stage)
    if stage is None or not stage.gate_unit:
        return
    first = next(iter(context.inputs.values()))
    unit = set(first.unit)
    keys: Iterable[str] | None = None
    if isinstance(rule.body, GroupBody):
        keys = rule.body.by
    elif isinstance(rule.body, ReconcileBody):
        keys = rule.body.on
    elif isinstance(rule.body, QueryBody):
        keys = None if rule.body.by_row else rule.body.key
    elif isinstance(rule.body, ScheduleBody):
        source = context.inputs[rule.input]
        keys = () if rule.body.items is not None else {**source.fields, **source.derived}
    if keys is not None and not unit <= set(keys):
        missing = ", ".join(sorted(unit - set(keys)))
        context.problems.add(
            rule.place, f"stage {rule.stage} is gated by unit, so the key must hold {missing}", rule.code
        )


def _check_sequence(context: Context, rule: Rule) -> None:
    join = context.joins.get(f"{rule.code}:")
    if join is not None and join.sequence is not None and not join.sequence.windows:
        message = "looks at no other row: write a row rule, or use prev(…), next(…), position() and the like"
        context.problems.add(rule.place, message, rule.code)


def _check_unreadable(context: Context, document: Document, by_code: Mapping[str, Rule]) -> None:
    for name, source in context.inputs.items():
        for field in source.fields.values():
            if field.unreadable is None:
                continue
            rule = by_code.get(field.unreadable)
            if rule is None and context.is_broken("rule", field.unreadable):
                continue
            if rule is None or not rule.row_level or rule.type == "unique" or rule.input != name:
                place = document.place(("inputs", name, "fields", field.name, "unreadable"))
                context.problems.add(place, f"{field.unreadable} is not a rule about single rows of {name}")


def _check_unused(
    context: Context, document: Document, rules: tuple[Rule, ...], outputs: tuple[OutputSpec, ...]
) -> None:
    """Lists, joins, tables, parameters and derived fields that nothing reads."""
    nodes = list(_nodes((rules, outputs, *_parts(context))))
    joined = {node.join for node in nodes if isinstance(node, JoinField | Found)}
    targets = {(str(join.kind), join.target) for join in context.joins.values()}
    targets |= {("list", str(rule.body.items)) for rule in rules if isinstance(rule.body, ScheduleBody)}
    targets |= {("table", output.source) for output in outputs}
    queries = [rule.body for rule in rules if isinstance(rule.body, QueryBody)]
    targets |= {("list", name) for body in queries for name in body.lists}
    targets |= {("table", name) for body in queries for name in body.tables}
    for kind, known in (("list", context.lists), ("table", context.tables)):
        for name in known:
            if (kind, name) not in targets:
                path = (f"{kind}s", name) if name in _section(document, f"{kind}s") else (name,)
                context.problems.add(document.place(path, key=True), f"nothing reads the {kind} {name}")
    for name in context.joins:
        if name not in joined:
            context.problems.add(document.place(("joins", name), key=True), f"nothing reads the join {name}")
    _check_unused_inputs(context, document, rules, nodes)


def _check_unused_inputs(context: Context, document: Document, rules: tuple[Rule, ...], nodes: list[Node]) -> None:
    read = {node.name for node in nodes if isinstance(node, Field | Raw | JoinField)}
    listed = {name for rule in rules if isinstance(rule.body, GroupBody) for name in rule.body.by}
    listed |= {name for rule in rules if isinstance(rule.body, ReconcileBody) for name in rule.body.on}
    listed |= {name for table in context.tables.values() for name in (*table.by, *table.match)}
    listed |= {column for join in context.joins.values() for column, _ in join.on}
    for name, source in context.inputs.items():
        for field in source.derived:
            if field not in read | listed | {*source.key, *source.unit, *(source.effective or ())}:
                place = document.place(("inputs", name, "derive", field), key=True)
                context.problems.add(place, f"nothing reads the derived field {field}")
    used = {node.name for node in nodes if isinstance(node, Parameter)}
    for name in context.parameters:
        if name not in used and not _as_of_reads(document, name):
            context.problems.add(document.place(("parameters", name), key=True), f"nothing reads the parameter {name}")


def _section(document: Document, name: str) -> Mapping[str, object]:
    section = document.data.get(name) if isinstance(document.data, dict) else None
    return section if isinstance(section, dict) else {}


def _as_of_reads(document: Document, name: str) -> bool:
    data = document.data
    return isinstance(data, dict) and f"${name}" in str(data.get("as_of", ""))


def _parts(context: Context) -> list[object]:
    """The specs of joins, tables and inputs."""
    return [spec for part in (context.joins, context.tables, context.inputs) for spec in part.values()]


def _nodes(part: object) -> Iterator[Node]:
    """Every node anywhere in a spec."""
    if isinstance(part, Node):
        yield from walk(part)
    elif isinstance(part, dict):
        for value in part.values():
            yield from _nodes(value)
    elif isinstance(part, tuple | list):
        for value in part:
            yield from _nodes(value)
    elif is_dataclass(part) and not isinstance(part, Place | type):
        for member in fields(part):
            if member.name != "rows":
                yield from _nodes(getattr(part, member.name))
