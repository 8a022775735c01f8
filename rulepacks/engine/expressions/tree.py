"""The typed tree both compilers read.

Meaning of a tree, the same in DuckDB and in Python:
- Values are text, exact numbers, booleans, dates, timestamps (UTC, whole microseconds) or NULL; logic is
  three-valued.
- A node whose `can_fault` is true may meet a value it cannot work on (a cast of "abc" to a number, a sum of
  more than 38 digits). That is a *fault*: neither value nor NULL. A fault passes through every node, except that
  FALSE wins over it in `and`, TRUE wins over it in `or`, and a `case` or `coalesce` meets only the faults of the
  parts it had to look at. A rule whose condition ends in a fault has the outcome `error` for that row.
- `at` is the offset of the node in the text of its expression; it takes no part in equality.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from rulepacks.engine.expressions.types import BOOLEAN, DATES, TEXT, Type

Value = str | int | Decimal | bool | date | None


@dataclass(frozen=True, kw_only=True)
class Node:
    """Base of all nodes."""

    type: Type
    at: int = field(default=0, compare=False)

    @property
    def children(self) -> "tuple[Node, ...]":
        return ()

    @property
    def can_fault(self) -> bool:
        """Whether this node itself (not only its children) may fault."""
        return False


@dataclass(frozen=True, kw_only=True)
class Literal(Node):
    """A value written in the pack. Decimal literals keep the digits they were written with."""

    value: Value


@dataclass(frozen=True, kw_only=True)
class Field(Node):
    """A declared or derived field of the row."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Raw(Node):
    """The delivered text of a declared field: not trimmed, not typed; NULL only when nothing was delivered."""

    name: str
    type: Type = TEXT


@dataclass(frozen=True, kw_only=True)
class Parameter(Node):
    """A parameter of the run, `$name`."""

    name: str


@dataclass(frozen=True, kw_only=True)
class JoinField(Node):
    """A column of the matching row of a join; NULL when there is none."""

    join: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Found(Node):
    """Whether a join has a matching row: TRUE or FALSE, never NULL. A NULL key finds nothing."""

    join: str
    type: Type = BOOLEAN


@dataclass(frozen=True, kw_only=True)
class Unary(Node):
    """`not` or `-`."""

    op: str
    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, kw_only=True)
class Binary(Node):
    """`= <> < <= > >=`, `is` and `is not` (nulls are equal), `+ - * %`, `||`.

    Comparisons of numbers are exact. `overflows` says that a result may have more than 38 digits, which faults.
    `%` takes the sign of its left side and faults on zero.
    """

    op: str
    left: Node
    right: Node
    overflows: bool = False

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    @property
    def can_fault(self) -> bool:
        return self.overflows or self.op == "%"


@dataclass(frozen=True, kw_only=True)
class Logical(Node):
    """`and` or `or` over two or more operands, three-valued."""

    op: str
    operands: tuple[Node, ...]
    type: Type = BOOLEAN

    @property
    def children(self) -> tuple[Node, ...]:
        return self.operands


@dataclass(frozen=True, kw_only=True)
class IsNull(Node):
    """`x is null`; `is not null` is its negation. TRUE or FALSE, never NULL."""

    operand: Node
    type: Type = BOOLEAN

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, kw_only=True)
class Case(Node):
    """First branch whose condition is TRUE; `otherwise` when none is. `case x when v` arrives as `x = v`."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (*(node for branch in self.branches for node in branch), self.otherwise)


@dataclass(frozen=True, kw_only=True)
class In(Node):
    """`x in (…)`: NULL when x is NULL, or when nothing equals x and an option is NULL.

    The options are a tuple of nodes, or one parameter of a list type.
    """

    operand: Node
    options: tuple[Node, ...]
    type: Type = BOOLEAN

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand, *self.options)


@dataclass(frozen=True, kw_only=True)
class Like(Node):
    """`x like 'pattern'`: `%` any text, `_` one character; case-sensitive, no escape."""

    operand: Node
    pattern: str
    type: Type = BOOLEAN

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, kw_only=True)
class Matches(Node):
    """`matches(x, 'pattern')`: the whole text matches the RE2 pattern."""

    operand: Node
    pattern: str
    type: Type = BOOLEAN

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, kw_only=True)
class Call(Node):
    """A function of `functions`; `faults` says that it has no value for some arguments."""

    name: str
    arguments: tuple[Node, ...]
    faults: bool = False

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments

    @property
    def can_fault(self) -> bool:
        return self.faults


@dataclass(frozen=True, kw_only=True)
class Holidays(Node):
    """The holidays of the pack's calendar that are no Saturday or Sunday, in order."""

    days: tuple[date, ...]
    type: Type = DATES


@dataclass(frozen=True, kw_only=True)
class Cast(Node):
    """`cast(x as type)`. Text to number or date is strict and faults on text that is not exactly such a value."""

    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    @property
    def can_fault(self) -> bool:
        return self.operand.type != self.type and self.type.kind != "text"


@dataclass(frozen=True, kw_only=True)
class Aggregate(Node):
    """`sum count min max any every`, over the rows where `where` is TRUE.

    `count` without an operand counts rows. Over no rows (or only NULL ones) `sum` and `count` are 0, `any` is FALSE,
    `every` is TRUE, `min` and `max` are NULL.
    """

    name: str
    operand: Node | None
    where: Node | None = None
    distinct: bool = False

    @property
    def children(self) -> tuple[Node, ...]:
        return tuple(node for node in (self.operand, self.where) if node is not None)


def narrowed(node: Aggregate, where: Node | None) -> Aggregate:
    """The aggregate over only those of its rows where a condition is TRUE."""
    both = tuple(part for part in (where, node.where) if part is not None)
    fewer = Logical(op="and", operands=both) if len(both) > 1 else both[0] if both else None
    return replace(node, where=fewer)


@dataclass(frozen=True, kw_only=True)
class Over(Node):
    """A window function of a query; `order` pairs expressions with whether they fall, NULL always last."""

    name: str
    operand: Node | None
    steps: int
    partition: tuple[Node, ...]
    order: tuple[tuple[Node, bool], ...]

    @property
    def children(self) -> tuple[Node, ...]:
        operand = (self.operand,) if self.operand is not None else ()
        return (*operand, *self.partition, *(node for node, _ in self.order))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def faults(node: Node) -> bool:
    """Whether evaluating the tree can end in a fault."""
    return any(part.can_fault for part in walk(node))
