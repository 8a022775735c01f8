"""The conditions of a query, as they can be asked: of the rows a WHERE picks from, and of the groups a HAVING does."""

from __future__ import annotations

from collections.abc import Iterator

from rulepacks.engine.compile_sql import Compiler, quoted
from rulepacks.engine.evaluation.queries import Query
from rulepacks.engine.explanation.outline import Splitter
from rulepacks.engine.explanation.sight import OUTCOME, Sight
from rulepacks.engine.expressions.tree import Aggregate, Field, JoinField, Node
from rulepacks.engine.queries.sql import BROKEN_AT, picked_from
from rulepacks.engine.queries.tree import Select


def query_sights(statement: Query) -> Iterator[Sight]:
    """Each WHERE and HAVING, parts named by WITH first."""
    query = statement.body.query
    for name, union in (*query.withs, ("", query.body)):
        for select in union.parts:
            for word, condition in (("where", select.where), ("having", select.having)):
                if condition is not None and any(_leaves(condition)):
                    yield _sight(statement, select, f"{name} {word}".strip(), condition, groups=word == "having")


def _sight(statement: Query, select: Select, name: str, condition: Node, *, groups: bool) -> Sight:
    leaves = {node: f"value:{at}" for at, node in enumerate(dict.fromkeys(_leaves(condition)))}
    sql = picked_from(statement.body.query, select, statement.relations(), leaves, groups=groups)
    to = Compiler(
        lambda node: quoted(leaves[node]) if node in leaves else None,
        lambda node: quoted(BROKEN_AT + leaves[node]) if isinstance(node, Aggregate) else None,
    )
    outline = Splitter(statement.session.pack).split(condition)
    return Sight(statement.session, f"SELECT *, 'pass' AS {OUTCOME} FROM ({sql})", to, [(name, outline)], to.value)


def _leaves(node: Node) -> Iterator[Node]:
    """The values a condition is made of: columns, and aggregates as a whole."""
    if isinstance(node, Field | JoinField | Aggregate):
        yield node
        return
    for child in node.children:
        yield from _leaves(child)
