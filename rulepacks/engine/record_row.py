"""A row of one record: a flat list of slots, filled once, that closures read by position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from rulepacks.engine.cell_values import text_cell, typed_cell
from rulepacks.engine.compile_python import FAULTED, Places, compile_node, may_fault
from rulepacks.engine.evaluation.reads import Reads, join_nodes
from rulepacks.engine.expressions.functions.base import Closure, Fault, Slots
from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, Value, walk
from rulepacks.engine.record_lists import list_lookup
from rulepacks.engine.spec import Pack

Step = tuple[int, Closure]


@dataclass(frozen=True)
class Fill:
    """Cells to read and values to compute, in this order."""

    texts: tuple[tuple[int, int, Callable[[str | None], str | None]], ...]
    typed: tuple[tuple[int, int, int, Callable[[str | None], tuple[Value, bool]]], ...]
    steps: tuple[Step, ...]

    def apply(self, slots: Slots) -> None:
        """Fill slots from the delivered texts."""
        for raw, at, text in self.texts:
            slots[at] = text(slots[raw])
        for raw, at, bad, value in self.typed:
            slots[at], slots[bad] = value(slots[raw])
        for at, compute in self.steps:
            try:
                slots[at] = compute(slots)
            except Fault:
                slots[at] = FAULTED


@dataclass(frozen=True)
class RowPlan:
    """How slots are filled: `judged` before rules look, `shown` when a finding is to be rendered.

    The delivered texts come first, in the order of `delivered`, then the parameters.
    """

    delivered: tuple[str, ...]
    places: Places
    judged: Fill
    shown: Fill
    bad: Mapping[str, int]
    size: int

    def fill(self, delivered: list[str | None], parameters: Iterable[Value]) -> Slots:
        """The slots of one row as rules need them; `parameters` are all of the pack's, in its order."""
        slots: Slots = [*delivered, *parameters]
        slots += [None] * (self.size - len(slots))
        self.judged.apply(slots)
        return slots

    def bad_slots(self, names: Iterable[str]) -> list[int]:
        """Slots that say whether the cells of these fields are unreadable; text cells never are."""
        return [self.bad[name] for name in names if name in self.bad]


def delivered_text(value: object) -> str | None:
    """A value of a payload as a cell: the text a file with the same value would have delivered."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        # A positive exponent was written as one; any other number was written out.
        return str(value) if int(value.as_tuple().exponent) > 0 else format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    return msgspec.json.encode(value, order="deterministic").decode()


def plan_row(pack: Pack, judged: Reads, shown: Reads) -> RowPlan:
    """Give everything that is read a slot, and say in which order slots are filled; `shown` includes `judged`."""
    source = pack.first_input
    declared = sorted(shown.fields)
    typed = [name for name in declared if source.fields[name].type.kind != "text"]
    names = [
        *(("raw", name) for name in sorted(shown.fields | shown.raws)),
        *(("parameter", name) for name in pack.parameters),
        *(("field", name) for name in [*declared, *sorted(shown.derived)]),
        *(("bad", name) for name in typed),
        *(("join", name) for name in sorted(shown.joins)),
    ]
    at = {name: number for number, name in enumerate(names)}

    def slots(kind: str) -> dict[str, int]:
        return {name: number for (given, name), number in at.items() if given == kind}

    columns = {
        name: {column: spot for spot, column in enumerate(pack.lists[pack.joins[name].target].columns)}
        for name in shown.joins
    }
    places = Places(slots("field"), slots("raw"), slots("parameter"), slots("join"), columns, frozenset())
    places, steps = _steps(pack, places, shown)
    early = {at["field", name] for name in judged.derived} | {at["join", name] for name in judged.joins}

    def fill(*, now: bool) -> Fill:
        fields = [name for name in declared if (name in judged.fields) == now]
        return Fill(
            tuple(
                (at["raw", name], at["field", name], text_cell(source.fields[name]))
                for name in fields
                if name not in typed
            ),
            tuple(
                (at["raw", name], at["field", name], at["bad", name], typed_cell(source.fields[name]))
                for name in fields
                if name in typed
            ),
            tuple(step for step in steps if (step[0] in early) == now),
        )

    return RowPlan(tuple(slots("raw")), places, fill(now=True), fill(now=False), slots("bad"), len(names))


def _steps(pack: Pack, places: Places, reads: Reads) -> tuple[Places, tuple[Step, ...]]:
    """Derived fields and joins in an order in which each finds what it needs."""
    source = pack.first_input
    nodes: dict[tuple[str, str], list[Node]] = {
        ("field", name): [source.derived[name]] for name in sorted(reads.derived)
    }
    nodes |= {("join", name): join_nodes(pack.joins[name]) for name in sorted(reads.joins)}
    ready = {("field", name) for name in source.fields}
    steps: list[Step] = []
    while nodes:
        now = [item for item, trees in nodes.items() if _wants(trees) <= ready]
        for item in now:
            trees, (kind, name) = nodes.pop(item), item
            at = places.fields[name] if kind == "field" else places.joins[name]
            compute = compile_node(trees[0], places) if kind == "field" else list_lookup(pack, pack.joins[name], places)
            steps.append((at, compute))
            if any(may_fault(tree, places) for tree in trees):
                places = places.with_uncertain(at)
        ready |= set(now)
    return places, tuple(steps)


def _wants(trees: Iterable[Node]) -> set[tuple[str, str]]:
    wants: set[tuple[str, str]] = set()
    for node in (part for tree in trees for part in walk(tree)):
        if isinstance(node, Field):
            wants.add(("field", node.name))
        elif isinstance(node, JoinField | Found):
            wants.add(("join", node.join))
    return wants
