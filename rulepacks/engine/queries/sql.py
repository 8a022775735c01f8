"""Tree of a query -> DuckDB SQL, with every name and literal quoted.

A value that cannot be computed ends the statement: which rows it would have left out cannot be told.
"""

from collections.abc import Mapping

from rulepacks.engine.compile_sql import Compiler, aggregate, aggregate_fault, quoted, sql_type, text_literal
from rulepacks.engine.expressions.tree import Aggregate, Field, JoinField, Node
from rulepacks.engine.expressions.types import Type
from rulepacks.engine.queries.tree import Query, Relation, Select, Union

BROKEN = "a value cannot be computed"
PREFIX = "q:"
"""Before the names of the columns a query gives, which would else meet those of the rows it is about."""


def query_sql(query: Query, relations: Mapping[str, str]) -> str:
    """The statement; `relations` gives the SELECT of each relation the query reads."""
    parts = [f"{quoted(name)} AS ({sql})" for name, sql in relations.items()]
    parts += [f"{quoted(name)} AS ({_union(union, '')})" for name, union in query.withs]
    return f"WITH {', '.join(parts)} {_union(query.body, PREFIX)}"


def _union(union: Union, prefix: str) -> str:
    return " UNION ALL ".join(_select(part, union.columns, prefix) for part in union.parts)


def _select(select: Select, types: Mapping[str, Type], prefix: str) -> str:
    to = _compiler(select)
    listed = [
        f"CAST({_strict(to, node)} AS {sql_type(kind)}) AS {quoted(prefix + name)}"
        for (_, node), (name, kind) in zip(select.columns, types.items(), strict=True)
    ]
    sql = f"SELECT {'DISTINCT ' if select.distinct else ''}{', '.join(listed)} FROM {_relation(select.source)}"
    for join in select.joins:
        sql += f" {join.kind.upper()} JOIN {_relation(join.relation)} ON {_strict(to, join.on)}"
    if select.where is not None:
        sql += f" WHERE {_strict(to, select.where)}"
    if select.by:
        sql += f" GROUP BY {', '.join(_strict(to, node) for node in select.by)}"
    elif select.grouped:
        # All rows make one group; no rows are no group.
        sql += " GROUP BY ALL"
    if select.grouped:
        having = _strict(to, select.having) if select.having is not None else "true"
        sql += f" HAVING count(*) > 0 AND {having}"
    return sql


def _relation(relation: Relation) -> str:
    return f"{quoted(relation.name)} AS {quoted(relation.alias)}"


def _compiler(select: Select) -> Compiler:
    def column(node: Node) -> str | None:
        if isinstance(node, Field):
            return f"{quoted(select.owners[node.name])}.{quoted(node.name)}"
        return f"{quoted(node.join)}.{quoted(node.name)}" if isinstance(node, JoinField) else None

    rows = Compiler(column)

    def resolve(node: Node) -> str | None:
        return aggregate(rows, node) if isinstance(node, Aggregate) else column(node)

    def resolve_fault(node: Node) -> str | None:
        return aggregate_fault(rows, node) if isinstance(node, Aggregate) else None

    return Compiler(resolve, resolve_fault)


def _strict(to: Compiler, node: Node) -> str:
    fault, value = to.fault(node), to.value(node)
    return f"(CASE WHEN {fault} THEN error({text_literal(BROKEN)}) ELSE {value} END)" if fault else value
