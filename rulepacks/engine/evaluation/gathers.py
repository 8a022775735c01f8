"""Joins to all matching rows together, or to the first in an order: the rows of an input by key, as a table.

A key with a row whose cells cannot be read, or whose derived fields cannot be computed, is `blocked` or `faulted`.
"""

from collections.abc import Iterable, Sequence

from rulepacks.engine.compile_sql import Compiler, aggregate, quoted
from rulepacks.engine.evaluation.reads import BLOCKED, FAULTED, FOUND, blocking
from rulepacks.engine.evaluation.sequences import ordered
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.expressions.tree import Node, narrowed
from rulepacks.engine.spec import JoinSpec


def gather_nodes(join: JoinSpec) -> list[Node]:
    """All such a join reads of the rows over there, but for its key."""
    inside = [child for value in join.values.values() for child in value.children]
    return [*inside, *(node for node, _ in join.order), *([join.where] if join.where is not None else [])]


def gathered(source: Source, join: JoinSpec, wanted: Sequence[str], rows: str) -> str:
    """SELECT of the key, the values or columns, `blocked`, `faulted` and `found` over rows of the target."""
    pack, to = source.session.pack, source.compiler()
    where = [join.where] if join.where is not None else []
    keys = [key for key, _ in join.on]
    bad, unclear = blocking(pack, source.input, gather_nodes(join)), blocking(pack, source.input, where)
    faults = [fault for node in gather_nodes(join) if (fault := to.fault(node))]
    columns = [f"{quoted(key)} AS {quoted(f'k:{key}')}" for key in keys]
    for name, value in join.values.items():
        columns.append(f"{aggregate(to, narrowed(value, join.where))} AS {quoted(name)}")
    columns += [f"{_first(to, join, name)} AS {quoted(name)}" for name in wanted if join.order]
    marks = {BLOCKED: _some(bad), FAULTED: _some(faults), FOUND: "true"}
    columns += [f"{mark} AS {quoted(name)}" for name, mark in marks.items()]
    # A row of which it cannot be told whether it is meant keeps its key from being told.
    taken = " OR ".join([*(f"({to.value(node)})" for node in where), *unclear]) if where else "true"
    given = " AND ".join(f"{quoted(key)} IS NOT NULL" for key in keys)
    return f"SELECT {', '.join(columns)} FROM ({rows}) WHERE {given} AND ({taken}) GROUP BY ALL"


def _first(to: Compiler, join: JoinSpec, name: str) -> str:
    """A column of the row that comes first."""
    order = ", ".join([*(ordered(to.value(node), falls) for node, falls in join.order), "row_number"])
    where = f" FILTER (WHERE {to.value(join.where)})" if join.where is not None else ""
    return f"first({quoted(name)} ORDER BY {order}){where}"


def _some(conditions: Iterable[str]) -> str:
    return f"coalesce(bool_or({' OR '.join(conditions) or 'false'}), false)"
