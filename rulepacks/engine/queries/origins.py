"""Whose row numbers a column of a query holds."""

from collections.abc import Iterator

from rulepacks.engine.expressions.tree import Field, JoinField, walk
from rulepacks.engine.queries.tree import Query, Select, Union

ROW_NUMBER = "row_number"


def numbered_by(query: Query, column: str) -> set[str]:
    """Names of the relations whose row_number a column of the result is made from."""
    return set(_of_union(query, query.body, list(query.body.columns).index(column)))


def _of_union(query: Query, union: Union, at: int) -> Iterator[str]:
    for select in union.parts:
        for node in walk(select.columns[at][1]):
            if isinstance(node, Field | JoinField):
                alias = node.join if isinstance(node, JoinField) else select.owners[node.name]
                yield from _of_column(query, _relation(select, alias), node.name)


def _of_column(query: Query, relation: str, name: str) -> Iterator[str]:
    made = dict(query.withs).get(relation)
    if made is not None:
        yield from _of_union(query, made, list(made.columns).index(name))
    elif name == ROW_NUMBER:
        yield relation


def _relation(select: Select, alias: str) -> str:
    relations = [select.source, *(join.relation for join in select.joins)]
    return next(one.name for one in relations if one.alias == alias)
