"""Joins to all matching rows together, or to the first in an order: the rows of an input by key, as a table.

A key with a row whose cells cannot be read, or whose derived fields cannot be computed, is `blocked` or `faulted`.
"""

from collections.abc import Sequence

from rulepacks.engine.compile_sql import Compiler, aggregate, quoted
from rulepacks.engine.evaluation.reads import BLOCKED, FAULTED, FOUND, blocking, either, faults_of
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
    nodes, keys = [node for node in gather_nodes(join) if node is not join.where], [key for key, _ in join.on]
    picked = to.shown(join.where) if join.where is not None else "true"
    unread, lost = blocking(pack, source.input, where), faults_of(to, where)
    columns = [f"{quoted(key)} AS {quoted(f'k:{key}')}" for key in keys]
    for name, value in join.values.items():
        columns.append(f"{aggregate(to, narrowed(value, join.where))} AS {quoted(name)}")
    columns += [f"{_first(to, join, name)} AS {quoted(name)}" for name in wanted if join.order]
    marks = {
        BLOCKED: either(unread, picked, blocking(pack, source.input, nodes)),
        FAULTED: either(lost, picked, faults_of(to, nodes)),
    }
    columns += [f"coalesce(bool_or({mark}), false) AS {quoted(name)}" for name, mark in marks.items()]
    columns.append(f"true AS {quoted(FOUND)}")
    # A row of which it cannot be told whether it is meant keeps its key from being told.
    taken = " OR ".join([picked, *unread, *lost])
    given = " AND ".join(f"{quoted(key)} IS NOT NULL" for key in keys)
    return f"SELECT {', '.join(columns)} FROM ({rows}) WHERE {given} AND ({taken}) GROUP BY ALL"


def _first(to: Compiler, join: JoinSpec, name: str) -> str:
    """A column of the row that comes first."""
    order = ", ".join([*(ordered(to.value(node), falls) for node, falls in join.order), "row_number"])
    where = f" FILTER (WHERE {to.value(join.where)})" if join.where is not None else ""
    return f"first({quoted(name)} ORDER BY {order}){where}"
