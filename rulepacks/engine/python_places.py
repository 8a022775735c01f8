"""Where the values of a row are: a flat list of slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, Parameter, Raw, walk


class Faulted:
    """What stands in the slot of a derived field or a join that could not be computed."""


FAULTED = Faulted()


@dataclass(frozen=True)
class Places:
    """Slots of what expressions name: fields (declared and derived), raw texts, parameters, joins.

    `uncertain` are the slots that may hold `FAULTED`; `columns` gives for each join the position of each column.
    """

    fields: Mapping[str, int]
    raws: Mapping[str, int]
    parameters: Mapping[str, int]
    joins: Mapping[str, int]
    columns: Mapping[str, Mapping[str, int]]
    uncertain: frozenset[int]

    def with_uncertain(self, at: int) -> Places:
        """The same with one more slot that may hold `FAULTED`."""
        return replace(self, uncertain=self.uncertain | {at})

    def slot(self, node: Node) -> int | None:
        """The slot a node reads; None when it reads none."""
        match node:
            case Field(name=name):
                return self.fields[name]
            case Raw(name=name):
                return self.raws[name]
            case Parameter(name=name):
                return self.parameters[name]
            case JoinField(join=join) | Found(join=join):
                return self.joins[join]
        return None

    def slots(self, node: Node) -> list[int]:
        """The slots a tree reads, in order."""
        return sorted({at for part in walk(node) if (at := self.slot(part)) is not None})

    def may_fault(self, node: Node) -> bool:
        """Whether evaluating the tree can end in a fault, its own or one that stands in a slot."""
        return any(part.can_fault or self.slot(part) in self.uncertain for part in walk(node))
