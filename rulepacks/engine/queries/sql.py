"""Tree of a query -> DuckDB SQL, with every name and literal quoted.

A value that cannot be computed ends the statement: which rows it would have left out cannot be told.
"""

from collections.abc import Mapping

from rulepacks.engine.compile_sql import Compiler, aggregate, aggregate_fault, quoted, sql_type
from rulepacks.engine.expressions.tree import Aggregate, Field, JoinField, Node
from rulepacks.engine.expressions.types import Type
from rulepacks.engine.queries.tree import Query, Relation, Select, Union

BROKEN_AT = "broken:"
"""Before the name of a value, for whether it cannot be computed."""
PREFIX = "q:"
"""Before the names of the columns a query gives, which would else meet those of the rows it is about."""


def query_sql(query: Query, relations: Mapping[str, str]) -> str:
    """The statement; `relations` gives the SELECT of each relation the query reads."""
    return f"{_named(query, relations)} {_union(query.body, PREFIX)}"


def picked_from(
    query: Query, select: Select, relations: Mapping[str, str], leaves: Mapping[Node, str], *, groups: bool
) -> str:
    """The statement of what the WHERE of a select picks from, or its HAVING: values and faults of `leaves` by name."""
    to = compiler(select)
    listed = [f"{to.value(node)} AS {quoted(name)}, {to.fault(node) or 'false'} AS {quoted(BROKEN_AT + name)}"
              for node, name in leaves.items()]  # fmt: skip
    sql = f"{_named(query, relations)} SELECT {', '.join(listed)}{_from(select, to)}"
    return sql + (_where(select, to) + _groups(select, to) if groups else "")


def _named(query: Query, relations: Mapping[str, str]) -> str:
    """The relations a query reads, and its own parts, by name."""
    parts = [f"{quoted(name)} AS ({sql})" for name, sql in relations.items()]
    parts += [f"{quoted(name)} AS ({_union(union, '')})" for name, union in query.withs]
    return f"WITH {', '.join(parts)}"


def _union(union: Union, prefix: str) -> str:
    return " UNION ALL ".join(_select(part, union.columns, prefix) for part in union.parts)


def _select(select: Select, types: Mapping[str, Type], prefix: str) -> str:
    to = compiler(select)
    listed = [
        f"CAST({to.strict(node)} AS {sql_type(kind)}) AS {quoted(prefix + name)}"
        for (_, node), (name, kind) in zip(select.columns, types.items(), strict=True)
    ]
    sql = f"SELECT {'DISTINCT ' if select.distinct else ''}{', '.join(listed)}{_from(select, to)}{_where(select, to)}"
    sql += _groups(select, to)
    return sql + (f" AND {to.strict(select.having)}" if select.having is not None else "")


def _from(select: Select, to: Compiler) -> str:
    sql = f" FROM {_relation(select.source)}"
    for join in select.joins:
        sql += f" {join.kind.upper()} JOIN {_relation(join.relation)} ON {to.strict(join.on)}"
    return sql


def _where(select: Select, to: Compiler) -> str:
    return f" WHERE {to.strict(select.where)}" if select.where is not None else ""


def _groups(select: Select, to: Compiler) -> str:
    """The groups of a select that has some; no rows are no group, also where all rows make one."""
    by = ", ".join(to.strict(node) for node in select.by) or "ALL"
    return f" GROUP BY {by} HAVING count(*) > 0" if select.grouped else ""


def _relation(relation: Relation) -> str:
    return f"{quoted(relation.name)} AS {quoted(relation.alias)}"


def compiler(select: Select) -> Compiler:
    """Expressions of a select as SQL."""

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
