"""Joins, and the order in which derived fields and joins can be computed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, cast

from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Aggregate, Node
from rulepacks.engine.expressions.types import BOOLEAN, Type
from rulepacks.engine.expressions.typing import comparison_problem
from rulepacks.engine.loading.context import AnyColumn, Context
from rulepacks.engine.loading.document import Data, Document, Path_
from rulepacks.engine.loading.order import read_order
from rulepacks.engine.problems import Place
from rulepacks.engine.spec import JoinSpec

Target = Literal["list", "input", "table"]


def read_joins(context: Context, document: Document, data: Mapping[str, Data], tables: bool) -> None:
    """Fill the context's joins to lists and inputs, or (a second time, once tables are known) to tables."""
    for name, raw in data.items():
        given = cast("dict[str, Any]", raw)
        kind: Target = "list" if "list" in given else "input" if "input" in given else "table"
        if (kind == "table") != tables:
            continue
        join = _join(context, document, name, given, kind)
        if join is None:
            context.broken.add(("join", name))
        else:
            context.joins[name] = join


def _join(context: Context, document: Document, name: str, given: Mapping[str, Any], kind: Target) -> JoinSpec | None:
    """One join; None when it is broken."""
    path: Path_ = ("joins", name)
    before, source = len(context.problems), given.get("from", next(iter(context.inputs)))
    targets: dict[str, Mapping[str, object]] = {
        "list": context.lists, "input": context.inputs, "table": context.tables,
    }  # fmt: skip
    if not context.known("input", source, context.inputs, document.place((*path, "from"))):
        return None
    for key in ("where", "values", "order"):
        if key in given and kind != "input":
            context.problems.add(document.place((*path, key), key=True), f"{key} applies to inputs only")
    known = context.known(kind, given[kind], targets[kind], document.place((*path, kind)))
    columns = target_columns(context, kind, given[kind]) if known else AnyColumn()
    scope = context.row_scope(source)
    on = read_on(context, document, (*path, "on"), given["on"], scope, columns)
    where, values = None, {}
    order: tuple[tuple[Node, bool], ...] = ()
    if kind == "input" and known:
        there = context.row_scope(given["input"])
        where = context.expression(document, (*path, "where"), there, BOOLEAN) if "where" in given else None
        values = _read_values(context, document, path, given, there)
        order = _read_order(context, document, path, given, there)
    as_of = context.expression(document, (*path, "as_of"), scope) if "as_of" in given else None
    if values:
        columns = {value: node.type for value, node in values.items()}
    join = JoinSpec(
        name, source, kind, given[kind], on, columns, as_of, tuple(given.get("wildcard", ())), where,
        values=values, order=order,
    )  # fmt: skip
    if known:
        check_join(context, document, path, join)
    return join if known and len(context.problems) == before else None


def _read_values(
    context: Context, document: Document, path: Path_, given: Mapping[str, Any], there: Scope
) -> dict[str, Aggregate]:
    """The aggregates of a join over all matching rows."""
    values = {}
    for name in given.get("values", {}):
        way = (*path, "values", name)
        node = context.expression(document, way, replace(there, aggregates=True))
        if isinstance(node, Aggregate):
            values[name] = node
        elif node.type.kind != "unknown":
            context.problems.add(document.place(way), "one aggregate is expected, such as sum(amount)")
    if values and "as_of" in given:
        context.problems.add(document.place((*path, "as_of"), key=True), "as_of does not go with values")
    return values


def _read_order(
    context: Context, document: Document, path: Path_, given: Mapping[str, Any], there: Scope
) -> tuple[tuple[Node, bool], ...]:
    """What the matching rows are ordered by."""
    if "order" not in given and "ties" not in given:
        return ()
    if not {"order", "ties"} <= set(given):
        context.problems.add(document.place(path), "order and ties stand together")
        return ()
    for key in ("as_of", "values"):
        if key in given:
            context.problems.add(document.place((*path, key), key=True), f"{key} does not go with order")
    return read_order(given, lambda way: context.expression(document, (*path, *way), there))


def target_columns(context: Context, kind: Target, target: str) -> dict[str, Type]:
    """The columns a join to a target offers."""
    if kind == "list":
        return dict(context.lists[target].columns)
    if kind == "input":
        source = context.inputs[target]
        return {name: source.type_of(name) for name in (*source.fields, *source.derived)}
    table = context.tables[target]
    source = context.inputs[table.source]
    return {**{name: source.type_of(name) for name in table.by}, "line": Type("text"), "title": Type("text"),
            "value": table.type}  # fmt: skip


def read_on(
    context: Context, document: Document, path: Path_, given: Mapping[str, Any], scope: Any,
    columns: Mapping[str, Type], rule: str = "",
) -> tuple[tuple[str, Node], ...]:  # fmt: skip
    """The pairs of a join: column over there, expression here."""
    pairs = []
    for column in given:
        place = document.place((*path, column), key=True)
        if not context.known("column", column, columns, place, rule):
            continue
        node = context.expression(document, (*path, column), scope, rule=rule)
        if problem := comparison_problem(columns[column], node.type):
            context.problems.add(place, f"{column}: {problem}", rule)
        pairs.append((column, node))
    return tuple(pairs)


def _check_as_of(context: Context, place: Place, join: JoinSpec, rule: str) -> None:
    target = context.lists.get(join.target) if join.kind == "list" else context.inputs.get(join.target)
    effective = target.effective if target is not None and join.kind != "table" else None
    if join.as_of is None:
        if effective and join.kind == "list":
            context.problems.add(place, f"{join.target} is dated, so as_of is needed", rule)
        return
    if effective is None:
        context.problems.add(place, f"{join.target} is not dated, so as_of has no meaning", rule)
        return
    if join.not_itself:
        context.problems.add(place, "as_of does not apply where rows look for others of their own input", rule)
    columns = target_columns(context, "list" if join.kind == "list" else "input", join.target)
    for column in effective:
        if problem := comparison_problem(columns[column], join.as_of.type):
            context.problems.add(place, f"as_of: {problem}", rule)


def check_join(context: Context, document: Document, path: Path_, join: JoinSpec, rule: str = "") -> bool:
    """Whether a join can find at most one row and says all it must."""
    before = len(context.problems)
    place = document.place(path)
    paired = {column for column, _ in join.on}
    if join.kind == "list" and set(context.lists[join.target].key) != paired:
        context.problems.add(
            place, f"must pair the key of {join.target}: {', '.join(context.lists[join.target].key)}", rule
        )
    _check_as_of(context, place, join, rule)
    if join.kind == "table" and paired != {*context.tables[join.target].by, "line"}:
        wanted = ", ".join((*context.tables[join.target].by, "line"))
        context.problems.add(place, f"must pair {wanted}", rule)
    if join.wildcards and (join.kind != "list" or not set(join.wildcards) <= paired):
        context.problems.add(place, "wildcard names columns of a list that are paired", rule)
    return len(context.problems) == before
