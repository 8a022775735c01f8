"""Conditions split into clauses, before any value is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from rulepacks.engine.evaluation.reads import join_nodes
from rulepacks.engine.explanation.trace import Kind, Role
from rulepacks.engine.expressions.tree import (
    Aggregate,
    Binary,
    Case,
    Field,
    Found,
    In,
    IsNull,
    JoinField,
    Like,
    Literal,
    Logical,
    Node,
    Parameter,
    Raw,
    Unary,
)
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.expressions.written import written
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.spec import Input, JoinSpec, Pack

COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">=", "is", "is not"})
Reached = tuple[tuple[Node, bool], ...]
"""Conditions that must be TRUE, or must not be, for a clause to be looked at."""


@dataclass(frozen=True)
class Outline:
    """A clause without values: the expressions that give them."""

    text: str
    kind: Kind
    node: Node
    role: Role = ""
    sides: tuple[Node, Node] | None = None
    difference: Node | None = None
    reads: Mapping[str, Node] | None = None
    reached: Reached = ()
    parts: tuple[Outline, ...] = ()

    def walk(self) -> Iterator[Outline]:
        """The clause and all below it, parents first."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def asked(self) -> Iterator[Node]:
        """The expressions whose values the clause and all below it show."""
        for one in self.walk():
            yield one.node
            yield from one.sides or ()
            yield from [one.difference] if one.difference is not None else []
            yield from (one.reads or {}).values()


@dataclass(frozen=True)
class Splitter:
    """Splits conditions of a pack; with `source` also derived fields of that input that are conditions."""

    pack: Pack
    source: Input | None = None

    def split(self, node: Node, reached: Reached = (), role: Role = "") -> Outline:
        """The clauses of a condition, down to what has no `and`, `or`, `not` or `case` in it."""
        whole = Outline(self.text(node), "test", node, role, reached=reached)
        if isinstance(node, Logical):
            parts = tuple(self.split(part, reached) for part in node.operands)
            return replace(whole, kind="and" if node.op == "and" else "or", parts=parts)
        if isinstance(node, Case):
            return replace(whole, kind="case", parts=self._branches(node, reached))
        if isinstance(node, Unary) and node.op == "not" and not isinstance(node.operand, IsNull | In | Like | Found):
            return replace(whole, kind="not", parts=(self.split(node.operand, reached),))
        if isinstance(node, Field) and (definition := self._definition(node)) is not None:
            return replace(whole, kind="derived", parts=(self.split(definition, reached),))
        return self._leaf(whole, node)

    def _branches(self, node: Case, reached: Reached) -> tuple[Outline, ...]:
        parts: list[Outline] = []
        for test, value in node.branches:
            parts.append(self.split(test, reached, "when"))
            parts.append(self.split(value, (*reached, (test, True)), "then"))
            reached = (*reached, (test, False))
        return (*parts, self.split(node.otherwise, reached, "else"))

    def _definition(self, node: Field) -> Node | None:
        if self.source is None or node.type != BOOLEAN:
            return None
        return self.source.derived.get(node.name)

    def _leaf(self, whole: Outline, node: Node) -> Outline:
        # What stands in an aggregate is about rows, not about their group.
        inside = () if isinstance(node, Unary | Aggregate) else filter(_has_clauses, node.children)
        parts = tuple(self.split(child, whole.reached) for child in inside)
        one = replace(whole, reads=self.reads(node), parts=parts)
        if not (isinstance(node, Binary) and node.op in COMPARISONS):
            return one
        sides = (node.left, node.right)
        return replace(one, kind="comparison", sides=sides, difference=difference_node(*sides))

    def reads(self, node: Node) -> dict[str, Node]:
        """The values an expression reads by the name they are shown under; of aggregates, what they come to."""
        found: dict[str, Node] = {}
        for part in self._read(node):
            found.setdefault(written(part), part)
        return found

    def _read(self, node: Node) -> Iterator[Node]:
        if isinstance(node, Aggregate | Field | Raw | JoinField | Parameter):
            yield node
        elif isinstance(node, Found):
            for part in join_nodes(self.pack.joins[node.join]):
                yield from self._read(part)
        for child in () if isinstance(node, Aggregate) else node.children:
            yield from self._read(child)

    def text(self, node: Node) -> str:
        """The condition as written; a join by what it looks for where it stands alone, or has no name of its own."""
        if isinstance(node, Found):
            return _sought(self.pack.joins[node.join])
        if isinstance(node, Unary) and isinstance(node.operand, Found):
            return _sought(self.pack.joins[node.operand.join], "not ")
        own = next((part for part in _founds(node) if part.join.endswith(":")), None)
        return written(node) if own is None else written(node).replace(written(own), self.text(own))


def _has_clauses(node: Node) -> bool:
    """Whether a condition inside a clause is one of its own to look at."""
    return node.type == BOOLEAN and not isinstance(node, Literal | Parameter | Field | JoinField | Raw | Aggregate)


def _sought(join: JoinSpec, negation: str = "") -> str:
    if join.kind == "sequence":
        return f"{negation}in the sequence"
    keys = ", ".join(written(node) for _, node in join.on)
    where = f" where {written(join.where)}" if join.where is not None else ""
    as_of = f" as of {written(join.as_of)}" if join.as_of is not None else ""
    return f"{keys if len(join.on) == 1 else f'({keys})'} {negation}in {join.target}{where}{as_of}"


def _founds(node: Node) -> Iterator[Found]:
    if isinstance(node, Found):
        yield node
    for child in node.children:
        yield from _founds(child)
