"""`query`: one SELECT returns what fails."""

from collections.abc import Mapping

from rulepacks.engine.bodies import QueryBody
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.types import INTEGER, Type
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.loading.joins import target_columns
from rulepacks.engine.queries.origins import ROW_NUMBER, numbered_by
from rulepacks.engine.queries.read import read_query
from rulepacks.engine.queries.tree import Query
from rulepacks.engine.rules import Reading, RuleType

ROW = "row"
SHOWN = ("left", "right", "difference", "message")
"""Columns with a meaning of their own."""


def read(draft: Draft) -> Reading:
    """Read a query rule."""
    context = draft.context
    for name in {"needs", "on_null", "tolerance", "when"} & set(draft.data):
        draft.problem(f"{name} has no meaning here; say it in the query", name)
    scope = Scope(parameters=context.parameter_types, holidays=context.holidays)
    text = str(draft.data["query"])
    broken = [name for kind, name in context.broken if kind in {"list", "table"}]
    query, mistakes = read_query(text, _relations(draft), broken, scope, context.limits)
    for mistake in mistakes:
        place = draft.document.within((*draft.path, "query"), mistake.at, text)
        context.problems.add(place, mistake.message, draft.code)
    if query is None:
        return Reading((), None)
    columns = query.body.columns
    body = _body(draft, query)
    return Reading((({}, body),), Scope(fields=columns, parameters=scope.parameters, holidays=scope.holidays))


def _relations(draft: Draft) -> dict[str, Mapping[str, Type]]:
    """What a query may read, with the columns of each."""
    context = draft.context
    found: dict[str, Mapping[str, Type]] = {
        name: {ROW_NUMBER: INTEGER, **target_columns(context, "input", name)} for name in context.inputs
    }
    others = {name: spec.columns for name, spec in context.lists.items()}
    others |= {name: target_columns(context, "table", name) for name in context.tables}
    return others | found


def _body(draft: Draft, query: Query) -> QueryBody:
    context, columns = draft.context, query.body.columns
    names, read = query.names(), query.relations()
    reads = {
        name: tuple(column for column in target_columns(context, "input", name) if column in names)
        for name in context.inputs if name in read
    }  # fmt: skip
    rest = read - set(reads)
    key = tuple(name for name in columns if name not in (ROW, *SHOWN))
    by_row = ROW in columns
    if by_row and columns[ROW].kind != "integer":
        draft.problem(f"{ROW} must be a row number, not {columns[ROW]}", "query")
    if by_row and draft.input not in reads:
        draft.problem(f"{ROW} means rows of {draft.input}, which the query does not read", "query")
    elif by_row and (others := numbered_by(query, ROW)) != {draft.input}:
        said = f"that of {', '.join(sorted(others))}" if others else "not made from one"
        draft.problem(f"{ROW} must be the {ROW_NUMBER} of {draft.input}; it is {said}", "query")
    if not by_row and not key:
        draft.problem(f"a column {ROW} or columns that make up a key are expected", "query")
    if ("left" in columns) != ("right" in columns):
        draft.problem("left and right stand together", "query")
    return QueryBody(
        query, reads, tuple(sorted(rest & set(context.lists))), tuple(sorted(rest - set(context.lists))), by_row, key
    )


RULE_TYPE = RuleType("query", read)
