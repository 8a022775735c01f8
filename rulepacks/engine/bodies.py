"""What a rule of each type comes to, once read: its body."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.queries.tree import Query


@dataclass(frozen=True)
class RowBody:
    """Types row, lookup, exists, sequence. `require` must be TRUE where `when` is. Left and right are only shown."""

    require: Node
    left: Node | None = None
    right: Node | None = None


@dataclass(frozen=True)
class ScoreBody(RowBody):
    """Type score: a row rule whose left side is the total. `columns` make up the table of all scored rows.

    `points` are the conditions that a component adds more than its floor, by component.
    """

    columns: tuple[tuple[str, Node], ...] = ()
    points: tuple[tuple[str, Node], ...] = ()
    gates: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True)
class UniqueBody:
    """Rows equal in `key` (nulls are equal) repeat each other; `later` reports all but the first."""

    key: tuple[Node, ...]
    key_names: tuple[str, ...]
    report: Literal["all", "later"]


@dataclass(frozen=True)
class GroupBody:
    """Per group of `by` over the rows where `where` is TRUE: `require` must be TRUE."""

    by: tuple[str, ...]
    where: Node | None
    require: Node
    left: Node | None
    right: Node | None


@dataclass(frozen=True)
class Side:
    """One side of a reconciliation: `value` aggregates the rows where `where` is TRUE, per key `on`."""

    input: str
    on: tuple[Node, ...]
    where: Node | None
    value: Node


@dataclass(frozen=True)
class ReconcileBody:
    """Two sides matched on `on`, over the keys of `keys`. `part`: which kind of result this rule's code stands for."""

    on: tuple[str, ...]
    left: Side
    right: Side
    missing_is_zero: bool
    ignore_zero: bool
    keys: Literal["all", "left", "right", "both"]
    part: Literal["any", "differs", "only_left", "only_right"]


@dataclass(frozen=True)
class DatesSpec:
    """The dates from `first` to `last` that lie whole steps of months or days before or after `anchor`.

    With `month_end` an anchor that ends its month gives the ends of months.
    """

    name: str
    anchor: Node
    first: Node
    last: Node
    months: int
    days: int
    month_end: bool


@dataclass(frozen=True)
class ScheduleBody:
    """Each row of an input or list where `where` is TRUE expects a partner, or with `dates` one on each date.

    `on` pairs columns of the input `target` with expressions over what is expected; `match` is one over both, in
    which the target's columns are those of a join of its name.
    """

    items: str | None
    where: Node | None
    key: tuple[str, ...]
    dates: DatesSpec | None
    target: str
    on: tuple[tuple[str, Node], ...]
    match: Node | None


@dataclass(frozen=True)
class QueryBody:
    """A query that gives what fails: with a column `row`, rows of the rule's input; else keys of the other columns.

    `reads` gives for each input the columns that are read of it. Columns `left`, `right`, `difference` and `message`
    are shown as such.
    """

    query: Query
    reads: Mapping[str, tuple[str, ...]]
    lists: tuple[str, ...]
    tables: tuple[str, ...]
    by_row: bool
    key: tuple[str, ...]


@dataclass(frozen=True)
class ParseBody:
    """The built-in rule: cells of these fields (by input) must be readable as their type."""

    fields: Mapping[str, tuple[str, ...]]


Body = RowBody | UniqueBody | GroupBody | ReconcileBody | ScheduleBody | QueryBody | ParseBody
