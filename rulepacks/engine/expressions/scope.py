"""What names mean where an expression stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from rulepacks.engine.expressions.types import Type

if TYPE_CHECKING:
    from rulepacks.engine.expressions.tree import Value
    from rulepacks.engine.expressions.windows import Windows


@dataclass(frozen=True)
class Scope:
    """The names an expression may use.

    With `aggregates`, fields outside an aggregate must be in `grouped` and joins in `grouped_joins`. `growths` tells
    of derived fields (and of join.columns) how much longer than a cell their texts may be, if at all. Only with
    `windows` may an expression look at the rows around a row, only with `holidays` count business days, only with
    `over` use the window functions of queries. `domains` hold the only values
    of names, as they are written.
    """

    fields: Mapping[str, Type] = field(default_factory=dict)
    raws: frozenset[str] = frozenset()
    joins: Mapping[str, Mapping[str, Type]] = field(default_factory=dict)
    parameters: Mapping[str, Type] = field(default_factory=dict)
    aggregates: bool = False
    grouped: frozenset[str] = frozenset()
    grouped_joins: frozenset[str] = frozenset()
    what: str = "field"
    windows: "Windows | None" = None
    growths: Mapping[str, int] = field(default_factory=dict)
    holidays: tuple[date, ...] | None = None
    over: bool = False
    domains: Mapping[str, frozenset["Value"]] = field(default_factory=dict)
