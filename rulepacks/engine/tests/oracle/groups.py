"""Rows taken together, and the keys two sides are matched on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from rulepacks.engine.bodies import GroupBody, ReconcileBody, Side
from rulepacks.engine.expressions.tree import Aggregate, Node, walk
from rulepacks.engine.spec import Rule
from rulepacks.engine.tests.oracle.meaning import aggregated, value_of
from rulepacks.engine.tests.oracle.order import quiet
from rulepacks.engine.tests.oracle.values import Fault, Value
from rulepacks.engine.tests.oracle.world import Row, World, by_node


@dataclass
class Group:
    """Rows that agree in a key. `picked` are those a rule looks at, `unclear` those it may or may not look at.

    It is `unread` when cells that cannot be read make them unclear, `faulted` when a fault does.
    """

    key: Mapping[str, Value]
    world: World
    picked: list[Row] = field(default_factory=list)
    unclear: list[Row] = field(default_factory=list)
    unread: bool = False
    faulted: bool = False

    def field(self, name: str) -> Value:
        return self.key[name]

    def raw(self, name: str) -> str | None:
        return self.picked[0].raw(name)

    def parameter(self, name: str) -> Value:
        return (self.picked + self.unclear)[0].parameter(name)

    def joined(self, join: str, name: str) -> Value:
        return (self.picked + self.unclear)[0].joined(join, name)

    def finds(self, join: str) -> bool:
        return (self.picked + self.unclear)[0].finds(join)

    def aggregate(self, node: Aggregate) -> Value:
        """Raises Fault when one of the rows it looks at does, or when it is not known which rows those are."""
        if self.faulted:
            raise Fault
        return aggregated(node, self.picked)


def groups_of(rule: Rule, body: GroupBody, world: World) -> list[Group]:
    """The groups of a rule, by what their keys are."""
    found: dict[tuple[Value, ...], Group] = {}
    for row in world.rows(rule.input):
        key = {name: quiet(by_node(row, name), row) for name in body.by}
        group = found.setdefault(tuple(key.values()), Group(key, world))
        place(row, group, body.where, any(breaks(by_node(row, name), row) for name in body.by))
    return [group for group in found.values() if group.picked or group.unclear]


def place(row: Row, group: Group, where: Node | None, broken: bool) -> None:
    """Put a row into its group. A row whose key cannot be computed lies in the blank one, and breaks it."""
    if where is not None and row.misreads([where]):
        group.unclear.append(row)
        group.unread = True
        return
    try:
        if where is None or value_of(where, row) is True:
            group.picked.append(row)
            group.faulted |= broken
    except Fault:
        group.unclear.append(row)
        group.faulted = True


def inside(nodes: Sequence[Node]) -> list[Node]:
    """What stands inside aggregates: what is read of each row."""
    parts = [part for node in nodes for part in walk(node) if isinstance(part, Aggregate)]
    return [child for part in parts for child in part.children]


@dataclass
class Pair:
    """One key of a reconciliation, with the group on each side (None when a side lacks it)."""

    key: Mapping[str, Value]
    left: Group | None
    right: Group | None
    body: ReconcileBody
    parameters: Mapping[str, Value]

    def value(self, side: str) -> Value:
        """The value of a side; None when it is absent or blank. Raises Fault."""
        group = self.left if side == "left" else self.right
        spec = self.body.left if side == "left" else self.body.right
        return value_of(spec.value, group) if group is not None else None

    def amount(self, side: str) -> Value:
        """The same, 0 in place of None."""
        value = self.value(side)
        return Fraction(0) if value is None else value

    def field(self, name: str) -> Value:
        return self.amount(name.partition(":")[2]) if name.startswith("value:") else self.key[name]

    def parameter(self, name: str) -> Value:
        return self.parameters[name]

    def raw(self, name: str) -> str | None:
        raise TypeError("a pair has no cells")

    def joined(self, join: str, name: str) -> Value:
        raise TypeError("a pair has no joins")

    def finds(self, join: str) -> bool:
        raise TypeError("a pair has no joins")

    def aggregate(self, node: Aggregate) -> Value:
        raise TypeError("a pair has no aggregates")


def pairs_of(body: ReconcileBody, world: World, parameters: Mapping[str, Value]) -> list[Pair]:
    """All keys of both sides. A key with a blank in it is equal to none of the other side."""
    left, right = (side_groups(body.on, side, world) for side in (body.left, body.right))
    pairs = []
    for key, group in left.items():
        other = right.pop(key, None) if None not in key else None
        pairs.append(Pair(group.key, group, other, body, parameters))
    pairs += [Pair(group.key, None, group, body, parameters) for group in right.values()]
    needed = {"all": (), "left": ("left",), "right": ("right",), "both": ("left", "right")}[body.keys]
    return [pair for pair in pairs if all(getattr(pair, side) is not None for side in needed)]


def side_groups(on: Sequence[str], side: Side, world: World) -> dict[tuple[Value, ...], Group]:
    found: dict[tuple[Value, ...], Group] = {}
    for row in world.rows(side.input):
        key = {name: quiet(node, row) for name, node in zip(on, side.on, strict=True)}
        group = found.setdefault(tuple(key.values()), Group(key, world))
        place(row, group, side.where, any(breaks(node, row) for node in side.on))
    return {key: group for key, group in found.items() if group.picked or group.unclear}


def breaks(node: Node, row: Row) -> bool:
    try:
        value_of(node, row)
    except Fault:
        return True
    return False
