"""Parts of a pack that loads and that nothing reads."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from rulepacks.engine.bodies import GroupBody, ParseBody, QueryBody, ReconcileBody, ScheduleBody
from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, Parameter, Raw, walk
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Document
from rulepacks.engine.problems import Place
from rulepacks.engine.spec import Input, OutputSpec, Rule


def advise_unused(
    context: Context, document: Document, rules: tuple[Rule, ...], outputs: tuple[OutputSpec, ...], as_of: Node | None
) -> None:
    """Add advice on lists, joins, tables, parameters, inputs and fields without a use, and on stages without rules."""
    nodes = list(nodes_of((rules, outputs, as_of, *parts_of(context))))
    _targets(context, document, rules, outputs)
    joined = {node.join for node in nodes if isinstance(node, JoinField | Found)}
    for name in context.joins.keys() - joined:
        context.advise(document.place(("joins", name), key=True), "unused-join", f"nothing reads the join {name}")
    used = {node.name for node in nodes if isinstance(node, Parameter)}
    for name in context.parameters.keys() - used:
        place = document.place(("parameters", name), key=True)
        context.advise(place, "unused-parameter", f"nothing reads the parameter {name}")
    names = {node.name for node in nodes if isinstance(node, Field | Raw | JoinField)} | set(_named(context, rules))
    for source in context.inputs.values():
        _fields(context, document, source, names)
    judged = {rule.stage for rule in rules if not isinstance(rule.body, ParseBody)}
    for index, stage in enumerate(context.stages.values()):
        if stage.name not in judged and ("stages", index) in document.marks:
            context.advise(document.place(("stages", index)), "empty-stage", f"stage {stage.name} has no rules")


def _targets(context: Context, document: Document, rules: tuple[Rule, ...], outputs: tuple[OutputSpec, ...]) -> None:
    """Lists, tables and inputs that neither joins nor rules nor outputs look into."""
    targets = {(str(join.kind), join.target) for join in context.joins.values()}
    targets |= {("table", output.source) for output in outputs} | {("input", output.source) for output in outputs}
    targets |= {("input", table.source) for table in context.tables.values()}
    # The records are always of use: they are counted, and have units.
    targets |= {("input", next(iter(context.inputs)))}
    for rule in rules:
        targets |= set(_looks_into(rule))
    for kind, known in (("list", context.lists), ("table", context.tables), ("input", context.inputs)):
        for name in known:
            if (kind, name) not in targets:
                path = (f"{kind}s", name) if name in _section(document, f"{kind}s") else (name,)
                context.advise(document.place(path, key=True), f"unused-{kind}", f"nothing reads the {kind} {name}")


def _looks_into(rule: Rule) -> Iterator[tuple[str, str]]:
    body = rule.body
    if not isinstance(body, ParseBody):
        yield "input", rule.input
    if isinstance(body, ScheduleBody):
        yield "input", body.target
        yield "list", str(body.items)
    elif isinstance(body, ReconcileBody):
        yield from (("input", side.input) for side in (body.left, body.right))
    elif isinstance(body, QueryBody):
        for kind, names in (("input", body.reads), ("list", body.lists), ("table", body.tables)):
            yield from ((kind, name) for name in names)


def _named(context: Context, rules: tuple[Rule, ...]) -> Iterator[str]:
    """Fields that are named, not written in expressions."""
    for rule in rules:
        if isinstance(rule.body, GroupBody):
            yield from rule.body.by
        elif isinstance(rule.body, ReconcileBody):
            yield from rule.body.on
        elif isinstance(rule.body, QueryBody):
            yield from (name for read in rule.body.reads.values() for name in read)
        elif isinstance(rule.body, ScheduleBody):
            yield from (column for column, _ in rule.body.on)
    for table in context.tables.values():
        yield from (*table.by, *table.match)
    for join in context.joins.values():
        yield from (column for column, _ in join.on)


def _fields(context: Context, document: Document, source: Input, names: set[str]) -> None:
    """Derived fields nothing reads, and delivered texts; other cells are at least read as their type."""
    read = names | {*source.key, *source.unit, *(source.effective or ())}
    for field in source.derived.keys() - read:
        place = document.place(("inputs", source.name, "derive", field), key=True)
        if ":" not in field:
            context.advise(place, "unused-derived-field", f"nothing reads the derived field {field}")
    for name, declared in source.fields.items():
        if declared.type.kind == "text" and name not in read:
            place = document.place(("inputs", source.name, "fields", name), key=True)
            context.advise(place, "unused-field", f"nothing reads the field {name}; what is only shown stands in carry")


def _section(document: Document, name: str) -> Mapping[str, object]:
    section = document.data.get(name) if isinstance(document.data, dict) else None
    return section if isinstance(section, dict) else {}


def parts_of(context: Context) -> list[object]:
    """The specs of joins, tables and inputs."""
    return [spec for part in (context.joins, context.tables, context.inputs) for spec in part.values()]


def nodes_of(part: object) -> Iterator[Node]:
    """Every node anywhere in a spec."""
    if isinstance(part, Node):
        yield from walk(part)
    elif isinstance(part, dict):
        for value in part.values():
            yield from nodes_of(value)
    elif isinstance(part, tuple | list):
        for value in part:
            yield from nodes_of(value)
    elif is_dataclass(part) and not isinstance(part, Place | type):
        for member in fields(part):
            if member.name != "rows":
                yield from nodes_of(getattr(part, member.name))
