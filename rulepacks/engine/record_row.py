"""A row of one record: its slots, and the statements that fill them, once for all rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from rulepacks.engine.cell_values import cell_reader, text_cell
from rulepacks.engine.compile_python import Source
from rulepacks.engine.evaluation.reads import Reads, join_nodes
from rulepacks.engine.expressions.letters import BLANKS
from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, walk
from rulepacks.engine.python_places import Places
from rulepacks.engine.record_lists import list_lookup
from rulepacks.engine.spec import Field as DeclaredField
from rulepacks.engine.spec import Pack


@dataclass(frozen=True)
class RowPlan:
    """Where everything that is read stands, and the statements that fill it: `judged` before rules look, `shown`
    when a finding is to be rendered.

    The delivered texts come first, in the order of `delivered`, then the parameters.
    """

    delivered: tuple[str, ...]
    source: Source
    judged: tuple[str, ...]
    shown: tuple[str, ...]
    bad: Mapping[str, int]
    size: int

    @property
    def places(self) -> Places:
        """The slots of what expressions name."""
        return self.source.places

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
    to, bad = Source(places), slots("bad")
    cells = {name: _cell(to, source.fields[name], bad.get(name)) for name in declared}
    steps = _steps(pack, to, shown)
    early = {("field", name) for name in judged.fields | judged.derived} | {("join", name) for name in judged.joins}

    def fill(*, now: bool) -> tuple[str, ...]:
        read = [line for name in declared if (("field", name) in early) == now for line in cells[name]]
        worked_out = [line for item, lines in steps.items() if (item in early) == now for line in lines]
        return (*read, *worked_out)

    return RowPlan(tuple(slots("raw")), to, fill(now=True), fill(now=False), bad, len(names))


def _cell(to: Source, field: DeclaredField, bad: int | None) -> list[str]:
    """The statements that read a cell, and say whether it is unreadable; the commonest kind of text needs no call."""
    value, raw = f"v{to.places.fields[field.name]}", f"v{to.places.raws[field.name]}"
    lines: list[str] = []
    if field.blanks:
        delivered, raw = raw, to.temporary()
        stands_for_none = f"{delivered}.strip({to.constant(BLANKS)}) in {to.constant(frozenset(field.blanks))}"
        lines = [f"{raw} = None if {delivered} is None or {stands_for_none} else {delivered}"]
    if bad is not None:
        trimmed, read = to.temporary(), to.constant(cell_reader(field))
        return [
            *lines,
            f"{trimmed} = {raw} and {raw}.strip({to.constant(BLANKS)})",
            f"{value} = {read}({trimmed}) if {trimmed} else None",
            f"v{bad} = {value} is None and bool({trimmed})",
        ]
    if field.normalise == ("trim",) and not field.keep_blank:
        return [*lines, f"{value} = {raw} and {raw}.strip({to.constant(BLANKS)}) or None"]
    return [*lines, f"{value} = {to.constant(text_cell(field))}({raw})"]


def _steps(pack: Pack, to: Source, reads: Reads) -> dict[tuple[str, str], list[str]]:
    """The statements for derived fields and joins, in an order in which each finds what it needs."""
    source = pack.first_input
    nodes: dict[tuple[str, str], list[Node]] = {
        ("field", name): [source.derived[name]] for name in sorted(reads.derived)
    }
    nodes |= {("join", name): join_nodes(pack.joins[name]) for name in sorted(reads.joins)}
    ready = {("field", name) for name in source.fields}
    steps = {}
    while nodes:
        now = [item for item, trees in nodes.items() if _wants(trees) <= ready]
        for item in now:
            trees, (kind, name) = nodes.pop(item), item
            at = to.places.fields[name] if kind == "field" else to.places.joins[name]
            text = to.value(trees[0]) if kind == "field" else list_lookup(pack, pack.joins[name], to)
            steps[item] = [f"v{at} = {text}"]
            if any(to.places.may_fault(tree) for tree in trees):
                steps[item] = ["try:", f"    v{at} = {text}", "except Fault:", f"    v{at} = FAULTED"]
                to.places = to.places.with_uncertain(at)
        ready |= set(now)
    return steps


def _wants(trees: Iterable[Node]) -> set[tuple[str, str]]:
    wants: set[tuple[str, str]] = set()
    for node in (part for tree in trees for part in walk(tree)):
        if isinstance(node, Field):
            wants.add(("field", node.name))
        elif isinstance(node, JoinField | Found):
            wants.add(("join", node.join))
    return wants
