"""What was delivered, as rows that know their fields and what is joined to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rulepacks.engine.expressions.letters import upper
from rulepacks.engine.expressions.tree import Aggregate, Field, Found, JoinField, Node, walk
from rulepacks.engine.spec import Input, JoinSpec, Pack
from rulepacks.engine.tests.oracle.meaning import aggregated, holds_true, value_of
from rulepacks.engine.tests.oracle.order import Ordered, in_order
from rulepacks.engine.tests.oracle.values import Fault, Value, cell, plain, text_of

Delivered = Mapping[str, str | None]


@dataclass
class World:
    """The rows of one stage: those of units that a gate leaves out are not among them."""

    pack: Pack
    delivered: Mapping[str, Sequence[Delivered]]
    parameters: Mapping[str, Any]
    gated: frozenset[str] = frozenset()
    kept: dict[str, list[Row]] = field(default_factory=dict)
    sequences: dict[str, Ordered] = field(default_factory=dict)

    def rows(self, name: str) -> list[Row]:
        """The rows of an input, by row number."""
        if name not in self.kept:
            rows = [Row(self, self.pack.inputs[name], given) for given in self.delivered[name]]
            self.kept[name] = sorted(
                (row for row in rows if row.unit() not in self.gated), key=lambda row: row.row_number
            )
        return self.kept[name]

    def sequence(self, join: JoinSpec) -> Ordered:
        """The rows of a sequence in order."""
        if join.name not in self.sequences:
            assert join.sequence is not None
            self.sequences[join.name] = Ordered(join.sequence, self.rows(join.target))
        return self.sequences[join.name]


@dataclass(eq=False)
class Row:
    """One delivered row."""

    world: World
    input: Input
    delivered: Mapping[str, Any]
    known: dict[str, Value] = field(default_factory=dict)

    @property
    def row_number(self) -> int:
        return int(self.delivered["row_number"])

    def raw(self, name: str) -> str | None:
        """The delivered cell of a field, under its name or one of its aliases."""
        named = {header(column): column for column in reversed(list(self.delivered))}
        for word in (name, *self.input.fields[name].aliases):
            if header(word) in named:
                text: str | None = self.delivered[named[header(word)]]
                return text
        return None

    def unreadable(self, name: str) -> bool:
        return name in self.input.fields and cell(self.input.fields[name], self.raw(name))[1]

    def misreads(self, nodes: Iterable[Node]) -> bool:
        """Whether expressions read a cell of it that is unreadable, or come down to many rows that are."""
        fields, joins = reached(nodes, self.input, self.world.pack)
        return any(map(self.unreadable, fields)) or any(
            self._blocked(self.world.pack.joins[name], column) for name, column in joins
        )

    def _blocked(self, join: JoinSpec, column: str) -> bool:
        """Whether the many rows that a join finds cannot be read, or the column of the one it finds ('' for none)."""
        if join.sequence is not None:
            return self.world.sequence(join).blocked(self)
        try:
            if join.of_many:
                return unread_partners(self, join)
            found = partner(self, join) if column else None
        except Fault:
            return False
        return isinstance(found, _Fields) and found.row.misreads([by_node(found.row, column)])

    def field(self, name: str) -> Value:
        if name in self.input.fields:
            return cell(self.input.fields[name], self.raw(name))[0]
        if name not in self.known:
            try:
                self.known[name] = value_of(self.input.derived[name], self)
            except Fault:
                self.known[name] = Fault
        if self.known[name] is Fault:
            raise Fault
        return self.known[name]

    def unclear(self, name: str) -> bool:
        """Whether a field cannot be read or computed: its value is not known, which is not the same as blank."""
        try:
            self.field(name)
        except Fault:
            return True
        return self.misreads([Field(name=name, type=self.input.type_of(name))])

    def text(self, name: str) -> str | None:
        """A field as text; blank where it faults."""
        try:
            return text_of(self.field(name), self.input.type_of(name))
        except Fault:
            return None

    def parameter(self, name: str) -> Value:
        return plain(self.world.parameters[name])

    def aggregate(self, node: Aggregate) -> Value:
        raise TypeError("a row has no aggregates")

    def finds(self, join: str) -> bool:
        spec = self.world.pack.joins[join]
        if spec.sequence is not None:
            return self.world.sequence(spec).takes_part(self)
        if spec.of_many:
            return bool(partners(self, spec))
        return partner(self, spec) is not None

    def joined(self, join: str, name: str) -> Value:
        spec = self.world.pack.joins[join]
        if spec.sequence is not None:
            return self.world.sequence(spec).window(self, name)
        if spec.values:
            return aggregated(spec.values[name], partners(self, spec))
        if spec.order:
            first = in_order(partners(self, spec), spec.order)[:1]
            return _Fields(first[0])[name] if first else None
        found = partner(self, spec)
        if isinstance(found, _Fields):
            return found.row.field(name)
        return None if found is None else found[name]

    def unit(self) -> str | None:
        """Its unit; None for inputs that do not hold all its columns."""
        names = self.world.pack.first_input.unit
        if not names or not all(name in self.input.fields or name in self.input.derived for name in names):
            return None
        return joined_texts([self.text(name) for name in names])


def joined_texts(texts: Sequence[str | None]) -> str | None:
    """A unit of its parts."""
    return None if all(text is None for text in texts) else "|".join(text or "" for text in texts)


def header(name: str) -> str:
    """Headers are equal whatever their case, and whichever of blank, - and _ they are written with."""
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def by_node(row: Row, name: str) -> Node:
    return Field(name=name, type=row.input.type_of(name))


def reached(nodes: Iterable[Node], source: Input, pack: Pack) -> tuple[set[str], set[tuple[str, str]]]:
    """The declared fields that expressions come down to, texts as delivered left out, and the columns of joins."""
    fields: set[str] = set()
    joins: set[tuple[str, str]] = set()
    for node in (part for tree in nodes for part in walk(tree)):
        further: list[Node] = []
        if isinstance(node, Field) and node.name in source.fields:
            fields.add(node.name)
        elif isinstance(node, Field) and node.name in source.derived:
            further = [source.derived[node.name]]
        elif isinstance(node, JoinField | Found):
            join = pack.joins[node.join]
            joins.add((join.name, node.name if isinstance(node, JoinField) else ""))
            further = [*(part for _, part in join.on), *([join.as_of] if join.as_of is not None else [])]
        if further:
            more = reached(further, source, pack)
            fields, joins = fields | more[0], joins | more[1]
    return fields, joins


def partner(row: Row, join: JoinSpec) -> Mapping[str, Value] | None:
    """The matching row over there. Raises Fault when the key does."""
    wanted = {column: value_of(node, row) for column, node in join.on}
    now = value_of(join.as_of, row) if join.as_of is not None else None
    if join.kind == "list":
        return list_row(row.world.pack, join, wanted, now)
    if join.kind == "input":
        return input_row(row, join, wanted, now)
    raise TypeError(f"a join of kind {join.kind}")


def partners(row: Row, join: JoinSpec) -> list[Row]:
    """All matching rows of an input. Raises Fault when a row, or whether it matches, cannot be computed."""
    found = []
    for other in matching(row, join):
        if join.where is None or value_of(join.where, other) is True:
            for node in gathered(join):
                value_of(node, other)
            found.append(other)
    return found


def gathered(join: JoinSpec) -> list[Node]:
    """What a join to many rows reads of each."""
    return [child for value in join.values.values() for child in value.children] + [node for node, _ in join.order]


def unread_partners(row: Row, join: JoinSpec) -> bool:
    """Whether a row that matches, or may match, cannot be read."""
    where = [] if join.where is None else [join.where]
    return any(
        other.misreads(where) or (holds_true(join.where, other) and other.misreads(gathered(join)))
        for other in matching(row, join)
    )


def matching(row: Row, join: JoinSpec) -> list[Row]:
    """The rows of an input that have the key, whatever `where` says."""
    wanted = {column: value_of(node, row) for column, node in join.on}
    rows = [(other, _Fields(other)) for other in row.world.rows(join.target)]
    return [
        other for other, there in rows
        if all(there[column] is not None and there[column] == value for column, value in wanted.items())
    ]  # fmt: skip


def list_row(pack: Pack, join: JoinSpec, wanted: Mapping[str, Value], now: Value) -> Mapping[str, Value] | None:
    """The row of a list with the fewest wildcards, those further to the right first."""
    spec = pack.lists[join.target]
    found: list[tuple[int, list[int], int, Mapping[str, Value]]] = []
    for values in spec.rows:
        there = dict(zip(spec.columns, map(plain, values), strict=True))
        wild = [column for column in spec.columns if column in join.wildcards and there[column] is None]
        keys = [column for column in spec.key if column not in wild]
        if join.fold_case:
            there |= {column: upper(there[column]) for column in keys if isinstance(there[column], str)}
        equal = all(there[column] is not None and there[column] == wanted[column] for column in keys)
        if equal and (join.as_of is None or in_force(there, spec.effective, now)):
            found.append((len(wild), [list(spec.columns).index(column) for column in wild], len(found), there))
    return min(found, key=lambda one: one[:3])[3] if found else None


def input_row(row: Row, join: JoinSpec, wanted: Mapping[str, Value], now: Value) -> Mapping[str, Value] | None:
    """The first row of an input, by row number."""
    dated = row.world.pack.inputs[join.target].effective if join.as_of is not None else None
    for other in row.world.rows(join.target):
        there = _Fields(other)
        if join.not_itself and other.row_number == row.row_number:
            continue
        if any(there[column] is None or there[column] != value for column, value in wanted.items()):
            continue
        if not holds_true(join.where, other):
            continue
        if dated is None or (not any(map(other.unclear, dated)) and in_force(there, dated, now)):
            return there
    return None


def in_force(row: Mapping[str, Value], effective: tuple[str, str] | None, now: Value) -> bool:
    assert effective is not None
    first, last = row[effective[0]], row[effective[1]]
    return now is not None and (first is None or first <= now) and (last is None or now <= last)


class _Fields(dict[str, Value]):
    """The fields of a row, looked up when asked for; NULL where one faults."""

    def __init__(self, row: Row) -> None:
        self.row = row

    def __missing__(self, name: str) -> Value:
        try:
            return self.row.field(name)
        except Fault:
            return None
