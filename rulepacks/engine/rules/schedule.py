"""`schedule`: what is expected, row by row or date by date, is there."""

from dataclasses import replace
from typing import Any

from rulepacks.engine.bodies import DatesSpec, ScheduleBody
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.expressions.types import BOOLEAN, DATE
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.loading.joins import read_on, target_columns
from rulepacks.engine.rules import Reading, RuleType

DUE = "due"


def read(draft: Draft) -> Reading:
    """Read a schedule rule."""
    data, context = draft.data, draft.context
    rows = _rows_scope(draft)
    if rows is None or not context.known("input", data["in"], context.inputs, draft.place("in"), draft.code):
        return Reading((), None)
    scope, key = rows
    for name in {"needs", "on_null", "tolerance"} & set(data):
        draft.problem(f"{name} has no meaning here", name)
    dates = _dates(draft, scope) if "dates" in data else None
    if dates is not None:
        scope = replace(scope, fields={**scope.fields, dates.name: DATE})
    target = data["in"]
    columns = target_columns(context, "input", target)
    pairs = read_on(context, draft.document, (*draft.path, "on"), data["on"], scope, columns, draft.code)
    if target in scope.joins:
        draft.problem(f"a join is called {target} too: {target}.column could mean either", "in")
    both = replace(scope, joins={**scope.joins, target: columns})
    body = ScheduleBody(
        data.get("list"), draft.optional("where", rows[0], BOOLEAN), (*key, *([dates.name] if dates else ())),
        dates, target, pairs, draft.optional("match", both, BOOLEAN),
    )  # fmt: skip
    return Reading((({}, body),), scope)


def _rows_scope(draft: Draft) -> tuple[Scope, tuple[str, ...]] | None:
    """Names over a row that expects something, and its key; None after a problem."""
    context, name = draft.context, draft.data.get("list")
    if name is None:
        return draft.row_scope(), context.inputs[draft.input].key
    if "input" in draft.data:
        draft.problem("list and input exclude each other", "list")
    if not context.known("list", name, context.lists, draft.place("list"), draft.code):
        return None
    found = context.lists[name]
    return Scope(fields=found.columns, parameters=context.parameter_types, holidays=context.holidays), found.key


def _dates(draft: Draft, scope: Scope) -> DatesSpec:
    given: dict[str, Any] = draft.data["dates"]
    name = given.get("as", DUE)
    if name in scope.fields:
        draft.problem(f"{name} is already a field; choose another name with as", "dates")
    first, last = _date(draft, scope, "first"), _date(draft, scope, "last")
    anchor = _date(draft, scope, "anchor") if "anchor" in given else first
    step = given["every"]
    return DatesSpec(
        name, anchor, first, last, step.get("months", 0), step.get("days", 0), bool(given.get("month_end"))
    )


def _date(draft: Draft, scope: Scope, key: str) -> Node:
    return draft.expression("dates", key, scope=scope, wanted=DATE)


RULE_TYPE = RuleType("schedule", read)
