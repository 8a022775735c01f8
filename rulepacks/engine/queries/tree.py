"""A query that has been read: relations and typed trees. A column is a `Field`, or with its alias a `JoinField`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rulepacks.engine.expressions.tree import Field, JoinField, Node, walk
from rulepacks.engine.expressions.types import Type

JoinKind = Literal["", "left", "semi", "anti"]


@dataclass(frozen=True)
class Relation:
    """An input, list, table or earlier part of the query, under a name of its own."""

    name: str
    alias: str


@dataclass(frozen=True)
class Joined:
    """A further relation; the empty kind is an inner join."""

    kind: JoinKind
    relation: Relation
    on: Node


@dataclass(frozen=True)
class Select:
    """One SELECT. `owners` says whose a column without an alias is; `grouped` that rows are taken together."""

    columns: tuple[tuple[str, Node], ...]
    distinct: bool
    source: Relation
    joins: tuple[Joined, ...]
    where: Node | None
    grouped: bool
    by: tuple[Node, ...]
    having: Node | None
    owners: Mapping[str, str]

    @property
    def nodes(self) -> Iterator[Node]:
        """Its expressions."""
        yield from (node for _, node in self.columns)
        yield from (join.on for join in self.joins)
        yield from self.by
        yield from (node for node in (self.where, self.having) if node is not None)


@dataclass(frozen=True)
class Union:
    """The rows of all parts; columns have the names of the first part and a type that holds those of all."""

    parts: tuple[Select, ...]
    columns: Mapping[str, Type]


@dataclass(frozen=True)
class Query:
    """The parts named by WITH, each able to read those before it, and the body."""

    withs: tuple[tuple[str, Union], ...]
    body: Union

    @property
    def selects(self) -> Iterator[Select]:
        """Every SELECT in it."""
        for union in (*(union for _, union in self.withs), self.body):
            yield from union.parts

    def names(self) -> set[str]:
        """Names of all columns that are read."""
        nodes = (part for select in self.selects for node in select.nodes for part in walk(node))
        return {node.name for node in nodes if isinstance(node, Field | JoinField)}

    def relations(self) -> set[str]:
        """Names of the relations that are read and not made by the query itself."""
        made = {name for name, _ in self.withs}
        read = {
            one.name for select in self.selects for one in (select.source, *(join.relation for join in select.joins))
        }
        return read - made
