"""What expressions read, down to delivered fields, joins and inputs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rulepacks.engine.bodies import (
    GroupBody,
    QueryBody,
    ReconcileBody,
    RowBody,
    ScheduleBody,
    ScoreBody,
    Side,
    UniqueBody,
)
from rulepacks.engine.compile_sql import Compiler, quoted
from rulepacks.engine.expressions.tree import Aggregate, Field, Found, JoinField, Node, Raw, walk
from rulepacks.engine.spec import Input, JoinSpec, Pack, Rule, TableSpec

FOUND = ":found"
"""Column of every table a join looks in: TRUE."""
BLOCKED = ":blocked"
FAULTED = ":faulted"
"""Columns of every join whose values come of many rows: those rows cannot be evaluated, or break. Of a join to one row
they are asked a column at a time, with its name behind a colon."""


@dataclass
class Reads:
    """Names needed of one input: declared fields, raw texts, derived fields, columns of joins, joins tested."""

    fields: set[str] = field(default_factory=set)
    raws: set[str] = field(default_factory=set)
    derived: set[str] = field(default_factory=set)
    join_columns: set[tuple[str, str]] = field(default_factory=set)
    joins: set[str] = field(default_factory=set)

    def add(self, pack: Pack, source: Input, nodes: Iterable[Node]) -> "Reads":
        """Add what nodes need, and what that needs in turn."""
        for node in (part for tree in nodes for part in walk(tree)):
            if isinstance(node, Raw):
                self.raws.add(node.name)
            elif isinstance(node, JoinField | Found):
                if isinstance(node, JoinField):
                    self.join_columns.add((node.join, node.name))
                self.join_columns |= {(node.join, mark) for mark in marks(pack, node)}
                if node.join not in self.joins:
                    self.joins.add(node.join)
                    self.add(pack, source, join_nodes(pack.joins[node.join]))
            elif isinstance(node, Field) and node.name in source.fields:
                self.fields.add(node.name)
            elif isinstance(node, Field) and node.name in source.derived and node.name not in self.derived:
                self.derived.add(node.name)
                self.add(pack, source, [source.derived[node.name]])
        return self

    def merged(self, other: "Reads") -> "Reads":
        """Both together."""
        return Reads(
            self.fields | other.fields, self.raws | other.raws, self.derived | other.derived,
            self.join_columns | other.join_columns, self.joins | other.joins,
        )  # fmt: skip

    def columns_of(self, join: str) -> list[str]:
        """The columns needed of a join."""
        return sorted(column for owner, column in self.join_columns if owner == join)

    def add_names(self, pack: Pack, source: Input, names: Iterable[str]) -> "Reads":
        """Add fields by name."""
        return self.add(pack, source, fields_of(source, names))


def marks(pack: Pack, node: JoinField | Found) -> set[str]:
    """The columns of a join that say whether what is taken of it can be told."""
    join = pack.joins[node.join]
    if join.of_many:
        return {BLOCKED, FAULTED}
    if join.kind != "input" or isinstance(node, Found):
        return set()
    target = pack.inputs[join.target]
    found = {f"{FAULTED}:{node.name}"} if node.name in target.derived else set()
    return found | ({f"{BLOCKED}:{node.name}"} if blockers(pack, target, fields_of(target, [node.name])) else set())


def join_nodes(join: JoinSpec) -> list[Node]:
    """The expressions of a join over the row that looks."""
    return [node for _, node in join.on] + ([join.as_of] if join.as_of is not None else [])


def rule_nodes(rule: Rule) -> list[Node]:
    """The expressions that decide a rule, over its own input (for a reconciliation: none)."""
    body = rule.body
    nodes: list[Node | None] = [rule.when]
    if isinstance(body, RowBody):
        nodes.append(body.require)
    elif isinstance(body, UniqueBody):
        nodes += body.key
    elif isinstance(body, GroupBody):
        nodes += [body.where, body.require]
    elif isinstance(body, ScheduleBody):
        nodes += schedule_nodes(body)
    return [node for node in nodes if node is not None]


def schedule_nodes(body: ScheduleBody) -> list[Node]:
    """What a schedule reads of the rows that expect something."""
    nodes = [node for _, node in body.on] + ([body.where] if body.where is not None else [])
    if body.dates is not None:
        nodes += [body.dates.anchor, body.dates.first, body.dates.last]
    return nodes + match_parts(body, partner=False)


def match_parts(body: ScheduleBody, *, partner: bool) -> list[Node]:
    """What the condition of a schedule reads: of the partner, or of the row that expects one."""
    parts = walk(body.match) if body.match is not None else ()
    return [
        node for node in parts if isinstance(node, Field | Raw | JoinField | Found)
        and (isinstance(node, JoinField) and node.join == body.target) == partner
    ]  # fmt: skip


def shown_nodes(rule: Rule) -> list[Node]:
    """The expressions a finding shows besides: about, message, severity, left and right."""
    nodes: list[Node | None] = [node for _, node in rule.about]
    nodes += [part.node for part in rule.message] + [node for _, node in rule.severity.branches]
    if isinstance(rule.body, RowBody | GroupBody):
        nodes += [rule.body.left, rule.body.right]
    nodes += score_nodes(rule)
    return [node for node in nodes if node is not None]


def score_nodes(rule: Rule) -> list[Node]:
    """The columns of a scoring rule's table."""
    return [node for _, node in rule.body.columns] if isinstance(rule.body, ScoreBody) else []


def parts_shown(pack: Pack, nodes: Iterable[Node]) -> Iterator[Node]:
    """The nodes whose values a finding shows, in the order they are read; for a join that was only tested, its key."""
    for node in (part for tree in nodes for part in walk(tree)):
        if isinstance(node, Found):
            yield from parts_shown(pack, join_nodes(pack.joins[node.join]))
        elif isinstance(node, Field | Raw | JoinField):
            yield node


def shown_as(node: Field | Raw | JoinField) -> str:
    """The name a value is shown under. Names a rule made for itself have its code before a colon, which is left out."""
    if isinstance(node, JoinField) and not node.join.endswith(":"):
        return f"{node.join}.{node.name}"
    return node.name if isinstance(node, JoinField) else node.name.rpartition(":")[2]


def blank_names(condition: Node) -> dict[str, Field | JoinField]:
    """What a message names when it is blank: fields of a condition and columns of its joins, none of the rule's own."""
    parts = (node for node in walk(condition) if isinstance(node, Field | JoinField))
    return {
        shown_as(node): node for node in parts if ":" not in (node.join if isinstance(node, JoinField) else node.name)
    }


def read_of(pack: Pack, rule: Rule) -> list[tuple[str, list[Node]]]:
    """The expressions that decide a rule, by the input they are read of."""
    body = rule.body
    if isinstance(body, ReconcileBody):
        return [(side.input, side_nodes(side)) for side in (body.left, body.right)]
    if isinstance(body, QueryBody):
        return [(name, fields_of(pack.inputs[name], names)) for name, names in body.reads.items()]
    own = [(rule.input, rule_nodes(rule))]
    if isinstance(body, GroupBody):
        return [(rule.input, [*rule_nodes(rule), *fields_of(pack.inputs[rule.input], body.by)])]
    if isinstance(body, ScheduleBody):
        there = (body.target, fields_of(pack.inputs[body.target], sorted(target_columns(body))))
        return [there] if body.items is not None else [*own, there]
    return own


def target_columns(body: ScheduleBody) -> set[str]:
    """What a schedule reads of the rows it looks for."""
    matched = {node.name for node in match_parts(body, partner=True) if isinstance(node, JoinField)}
    return {name for name, _ in body.on} | matched


def fields_of(source: Input, names: Iterable[str]) -> list[Node]:
    """Fields by name."""
    return [Field(name=name, type=source.type_of(name)) for name in names]


def unreadable_fields(pack: Pack, source: Input, nodes: Iterable[Node]) -> set[str]:
    """Declared fields an expression reads that may be unreadable (raw texts never are)."""
    reads = Reads().add(pack, source, nodes)
    return {name for name in reads.fields if source.fields[name].type.kind != "text"}


def blocking(pack: Pack, source: Input, nodes: Sequence[Node]) -> list[str]:
    """SQL conditions, over rows, under which expressions cannot be told: unreadable cells here, or in joined rows."""
    return list(blockers(pack, source, nodes).values())


def blockers(pack: Pack, source: Input, nodes: Sequence[Node]) -> dict[str, str]:
    """The same conditions by what they mean."""
    names = sorted(unreadable_fields(pack, source, nodes))
    return {unreadable(source, name): quoted(f"bad:{name}") for name in names} | joined_blockers(pack, source, nodes)


def joined_blockers(pack: Pack, source: Input, nodes: Sequence[Node]) -> dict[str, str]:
    """Those of them that lie in joined rows."""
    columns = sorted(Reads().add(pack, source, nodes).join_columns)
    return {_unread_behind(join, mark): said(join, mark) for join, mark in columns if mark.startswith(BLOCKED)}


def said(join: str, mark: str) -> str:
    """SQL of what a mark of a join says."""
    return f"coalesce({quoted(f'j:{join}.{mark}')}, false)"


def _unread_behind(join: str, mark: str) -> str:
    column = mark.removeprefix(BLOCKED).removeprefix(":")
    return f"{f'{column} of ' if column else ''}a row behind {join.rstrip(':')} cannot be read"


def unreadable(source: Input, name: str) -> str:
    """That a cell cannot be read, in words."""
    return f"{name} cannot be read as {source.fields[name].type}"


def faults_of(to: Compiler, nodes: Iterable[Node]) -> list[str]:
    """SQL conditions under which expressions cannot be computed."""
    return [fault for node in nodes if (fault := to.fault(node))]


def either(surely: Sequence[str], picked: str, others: Sequence[str]) -> str:
    """SQL of "one of the first, or one of the others in a row that is picked"."""
    parts = [*surely, *([f"({picked} AND ({' OR '.join(others)}))"] if others else [])]
    return f"({' OR '.join(parts) or 'false'})"


def row_nodes(pack: Pack, rule: Rule) -> list[Node]:
    """What decides a group rule of its rows: its `by` and `where`, and what stands inside aggregates."""
    assert isinstance(rule.body, GroupBody)
    by = fields_of(pack.inputs[rule.input], rule.body.by)
    return [*by, *inside(rule_nodes(rule)), *([rule.body.where] if rule.body.where is not None else [])]


def inside(nodes: Iterable[Node]) -> list[Node]:
    """What stands inside aggregates."""
    parts = (part for node in nodes for part in walk(node))
    return [child for part in parts if isinstance(part, Aggregate) for child in part.children]


def rule_where(rule: Rule) -> Node | None:
    """The rows a group rule looks at; None for all."""
    return rule.body.where if isinstance(rule.body, GroupBody) else None


def side_nodes(side: Side) -> list[Node]:
    """What a side reads of its rows."""
    return [*side.on, *inside([side.value]), *([side.where] if side.where is not None else [])]


def table_nodes(table: TableSpec, source: Input) -> list[Node]:
    """What a table reads of its rows (columns of its crosswalk left out)."""
    return [*placing_nodes(table, source), *value_nodes(table, source)]


def placing_nodes(table: TableSpec, source: Input) -> list[Node]:
    """What says to which cells of a table a row adds."""
    return [*fields_of(source, (*table.by, *table.match)), *([table.where] if table.where is not None else [])]


def value_nodes(table: TableSpec, source: Input) -> list[Node]:
    """What the value that a row adds to a table is computed of (columns of its crosswalk left out)."""
    own = own_columns(table, source)
    parts = (part for part in walk(table.value) if isinstance(part, Field | Raw | JoinField | Found))
    return [part for part in parts if not (isinstance(part, Field) and part.name in own)]


def own_columns(table: TableSpec, source: Input) -> set[str]:
    """Columns of the crosswalk that are not also fields of the rows."""
    return set(table.columns) - set(source.fields) - set(source.derived)
