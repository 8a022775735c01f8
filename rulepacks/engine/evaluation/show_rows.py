"""Findings about rows."""

from collections.abc import Mapping, Sequence

from rulepacks.engine.bodies import ParseBody, RowBody, UniqueBody
from rulepacks.engine.compile_sql import Compiler, quoted, text_literal
from rulepacks.engine.evaluation.carried import carried_columns
from rulepacks.engine.evaluation.findings import NOTHING, Shown, Writer, message_sql, severity_sql
from rulepacks.engine.evaluation.joins import unit_sql
from rulepacks.engine.evaluation.reads import Reads, blank_names, parts_shown, rule_nodes, shown_as, shown_nodes
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.source import Source, column
from rulepacks.engine.evaluation.state import UNIT_HITS, State
from rulepacks.engine.evaluation.unique import repeats
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.expressions.tree import Field, JoinField, Node, Raw
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.spec import Input, Pack, Rule

CACHED_ROWS = 50_000
SHOWN_KEY = 8
SHOWN_CELL = 80


def cache_failing(state: State, work: Work, rules: Sequence[Rule]) -> str | None:
    """A table of the rows that fail, with all that their findings show, when they are few."""
    session, reads = state.session, Reads()
    failed = [rule for rule in rules if session.tallies[rule.code].failed]
    for rule in failed:
        if isinstance(rule.body, ParseBody):
            reads.raws |= set(work.parse)
        elif rule in work.rules:
            reads = reads.merged(_reads_shown(session, work.input, rule))
    selects = [f"SELECT row_number FROM {work.failing}"]
    selects += [repeats(rule) for rule in work.rules if isinstance(rule.body, UniqueBody)]
    rows = " UNION ".join(selects)
    count = session.one(f"SELECT count(*) FROM ({rows})")[0]
    if not 0 < count <= CACHED_ROWS:
        return None
    name = quoted(f"failed:{work.plan.label}:{work.input.name}")
    reads = reads.merged(_reads_shown(session, work.input, None))
    selected = Source(session, work.input, state.joins).select(reads, f"row_number IN ({rows})")
    session.run(f"CREATE OR REPLACE TEMP TABLE {name} AS {_with_carried(session, work.input, selected, rows)}")
    return name


def show_rule(state: State, work: Work, rule: Rule, cached: str | None, writer: Writer) -> None:
    """Write the findings of one rule about rows, and count them by unit."""
    writer.write(rule, row_shown(state, work, rule, failing_rows(work, rule), cached, None))


def failing_rows(work: Work, rule: Rule) -> str:
    """SELECT of the numbers of the rows a rule is a finding about."""
    if isinstance(rule.body, UniqueBody):
        return repeats(rule)
    return f"SELECT row_number FROM {work.failing} WHERE {work.places[rule.code].test('fail')}"


def show_parse(state: State, work: Work, rule: Rule, cached: str | None, writer: Writer) -> None:
    """Write the findings of the built-in rule for one input, field by field."""
    for name, bit in work.parse.items():
        rows = f"SELECT row_number FROM {work.failing} WHERE {bit.test('parse')}"
        if state.session.one(f"SELECT count(*) FROM ({rows})")[0]:
            writer.write(rule, row_shown(state, work, rule, rows, cached, name))


def count_units(state: State, work: Work, rule: Rule) -> None:
    """Count the findings of a rule about rows by unit and severity."""
    session, judged = state.session, bool(rule.severity.branches) and not isinstance(rule.body, ParseBody)
    if judged:
        source = judged_severity(state, work, rule)
    elif isinstance(rule.body, UniqueBody):
        source = f"(SELECT unit FROM {work.name} WHERE row_number IN ({repeats(rule)}))" if work.has_unit else ""
    elif isinstance(rule.body, ParseBody):
        sums = [f"SELECT unit FROM {work.failing} WHERE {bit.test('parse')}" for bit in work.parse.values()]
        source = f"({' UNION ALL '.join(sums)})" if sums else ""
    else:
        source = f"(SELECT unit FROM {work.failing} WHERE {work.places[rule.code].test('fail')})"
    if not source:
        return
    severity = "severity" if judged else text_literal(rule.severity.otherwise)
    session.run(
        f"INSERT INTO {UNIT_HITS} SELECT unit, {text_literal(rule.code)}, {text_literal(rule.stage)}, {severity}, "
        f"{text_literal(rule.label)}, count(*) FROM {source} GROUP BY ALL"
    )


def judged_severity(state: State, work: Work, rule: Rule) -> str:
    """A relation of the row number, unit and severity of a rule's findings, where the severity depends on the row."""
    session, source = state.session, Source(state.session, work.input, state.joins)
    nodes = [node for _, node in rule.severity.branches]
    reads = Reads().add(session.pack, work.input, nodes)
    unit = unit_sql(session, work.input.name)
    if unit:
        reads.add_names(session.pack, work.input, session.pack.first_input.unit)
    to, rows = source.compiler(), failing_rows(work, rule)
    severity = severity_sql(rule.severity, [to.shown(node) for node in nodes])
    failing = source.select(reads, f"row_number IN ({rows})")
    return f"(SELECT {unit or NOTHING} AS unit, row_number, {severity} AS severity FROM ({failing}))"


def row_shown(state: State, work: Work, rule: Rule, rows: str, cached: str | None, parse_field: str | None) -> Shown:
    """What findings show of rows; `rows` is a SELECT of their numbers."""
    session, given = state.session, work.input
    source = Source(session, given, state.joins)
    nodes = [Raw(name=parse_field)] if parse_field else _nodes_shown(rule)
    unit = unit_sql(session, given.name)
    to, carried = source.compiler(), carried_columns(session, given)
    slots = _slots(rule, to)
    if cached:
        selected = f"SELECT * FROM {cached} WHERE row_number IN ({rows})"
    else:
        reads = _reads_shown(session, given, None if parse_field else rule)
        reads.raws |= {parse_field} if parse_field else set()
        selected = _with_carried(session, given, source.select(reads, f"row_number IN ({rows})"), rows)
    return Shown(
        source=f"({selected})",
        key={name: quoted(name) for name in given.key} | {name: to.shown(node) for name, node in rule.about},
        fields=_fields(session.pack, given, nodes, carried),
        order=["row_number"],
        severity=severity_sql(rule.severity, [to.shown(node) for _, node in rule.severity.branches]),
        message=_message(rule, given, to, slots, parse_field),
        input=given.name,
        row="row_number",
        unit=unit or NOTHING,
        cell=parse_field or "",
        **{name: f"CAST({value} AS VARCHAR)" for name, value in slots.items()},
    )


def _nodes_shown(rule: Rule) -> list[Node]:
    """What a finding reads. A key of many fields would repeat the whole row in each finding, so it is left out."""
    nodes = rule_nodes(rule)
    if isinstance(rule.body, UniqueBody) and len(rule.body.key) > SHOWN_KEY:
        nodes = nodes[: -len(rule.body.key)]
    return nodes + shown_nodes(rule)


def _reads_shown(session: Session, given: Input, rule: Rule | None) -> Reads:
    """What a finding needs of its row; without a rule, what every finding needs."""
    nodes = _nodes_shown(rule) if rule is not None else []
    reads = Reads().add(session.pack, given, nodes).add_names(session.pack, given, given.key)
    if unit_sql(session, given.name):
        reads.add_names(session.pack, given, session.pack.first_input.unit)
    reads.raws |= {name for name in reads.fields if given.fields[name].type.kind != "text"}
    return reads


def _with_carried(session: Session, given: Input, selected: str, rows: str) -> str:
    """The rows with the delivered columns that are only carried."""
    carried = carried_columns(session, given)
    if not carried:
        return selected
    listed = ", ".join(f"{quoted(name)} AS {quoted(f'carry:{name}')}" for name in carried)
    relation = session.relations[given.name]
    delivered = f"SELECT row_number, {listed} FROM {relation} WHERE row_number IN ({rows})"
    return f"SELECT * FROM ({selected}) JOIN ({delivered}) USING (row_number)"


def _slots(rule: Rule, to: Compiler) -> dict[str, str]:
    body = rule.body
    if not isinstance(body, RowBody) or body.left is None or body.right is None:
        return dict.fromkeys(("left", "right", "difference"), "NULL")
    difference = difference_node(body.left, body.right)
    return {
        "left": to.shown(body.left),
        "right": to.shown(body.right),
        "difference": to.shown(difference) if difference is not None else "NULL",
    }


def _message(rule: Rule, given: Input, to: Compiler, slots: Mapping[str, str], parse_field: str | None) -> str:
    if parse_field:
        start = text_literal(f"{parse_field} cannot be read as {given.fields[parse_field].type}: ")
        return f"concat({start}, {quoted(f'raw:{parse_field}')}[1:{SHOWN_CELL}], '.')"
    values = {
        index: read_value(given, to.shown(part.node), part.node)
        for index, part in enumerate(rule.message)
        if part.node is not None
    }
    message = message_sql(rule, values, slots, text_literal(f"{rule.title}: not satisfied."))
    if not isinstance(rule.body, RowBody):
        return message
    return f"concat({message}, {_blank_note(rule, to.value(rule.body.require))})"


def read_value(given: Input, value: str, node: Node) -> str:
    """A value as shown: the delivered text where the cell could not be read."""
    fields = given.fields
    if isinstance(node, Field) and node.name in fields and fields[node.name].type.kind != "text":
        return f"coalesce(CAST({value} AS VARCHAR), nullif({quoted(f'raw:{node.name}')}, ''))"
    return value


def _fields(pack: Pack, given: Input, nodes: Sequence[Node], carried: Sequence[str]) -> dict[str, str]:
    """SQL of the values read, by the name they are shown under."""
    shown: dict[str, str] = {}
    for node in parts_shown(pack, nodes):
        name = column(node) or "NULL"
        if isinstance(node, JoinField):
            shown.setdefault(shown_as(node), name)
        elif isinstance(node, Field | Raw):
            shown.setdefault(shown_as(node), read_value(given, name, node))
    return shown | {name: quoted(f"carry:{name}") for name in carried}


def _blank_note(rule: Rule, require: str) -> str:
    """SQL of the note that names blank fields when they are why the condition is unknown."""
    assert isinstance(rule.body, RowBody)
    names = blank_names(rule.body.require)
    if not names:
        return "''"
    texts = ", ".join(f"CASE WHEN {column(node)} IS NULL THEN {text_literal(name)} END" for name, node in names.items())
    blanks = f"concat_ws(', ', {texts})"
    return f"CASE WHEN ({require}) IS NULL AND {blanks} <> '' THEN concat(' Blank: ', {blanks}, '.') ELSE '' END"
