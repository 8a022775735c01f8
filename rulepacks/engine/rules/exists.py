"""`exists`: a partner in an input, or none. Becomes a row rule over a join of its own."""

from collections.abc import Mapping

from rulepacks.engine.bodies import RowBody
from rulepacks.engine.expressions.tree import Field, Found, Node, Unary
from rulepacks.engine.expressions.types import BOOLEAN, Type
from rulepacks.engine.expressions.typing import comparison_problem
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.loading.joins import check_join, read_on, target_columns
from rulepacks.engine.rules import Reading, RuleType
from rulepacks.engine.spec import JoinSpec


def read(draft: Draft) -> Reading:
    """Read an existence rule."""
    data, scope = draft.data, draft.row_scope()
    word = "in" if "in" in data else "not_in"
    if not draft.context.known("input", data[word], draft.context.inputs, draft.place(word), draft.code):
        return Reading((), scope)
    columns = target_columns(draft.context, "input", data[word])
    if isinstance(data["on"], dict):
        path = (*draft.path, "on")
        pairs = read_on(draft.context, draft.document, path, data["on"], scope, columns, draft.code)
    else:
        pairs = _same_names(draft, columns)
    where = None
    if "where" in data:
        where = draft.expression("where", scope=draft.context.row_scope(data[word]), wanted=BOOLEAN)
    join = JoinSpec(
        f"{draft.code}:", draft.input, "input", data[word], pairs, columns, draft.optional("as_of", scope), where=where,
        not_itself=data[word] == draft.input,
    )  # fmt: skip
    if not check_join(draft.context, draft.document, draft.path, join, draft.code):
        return Reading((), scope)
    found = Found(join=draft.add_join(join))
    require = found if word == "in" else Unary(op="not", operand=found, type=BOOLEAN)
    return Reading((({}, RowBody(require)),), scope)


def _same_names(draft: Draft, columns: Mapping[str, Type]) -> tuple[tuple[str, Node], ...]:
    scope, pairs = draft.row_scope(), []
    for index, name in enumerate(draft.data["on"]):
        place = draft.place("on", index)
        here = draft.context.known("field", name, scope.fields, place, draft.code)
        if not here or not draft.context.known("column", name, columns, place, draft.code):
            continue
        if problem := comparison_problem(columns[name], scope.fields[name]):
            draft.problem(f"{name}: {problem}", "on", index)
        pairs.append((name, Field(name=name, type=scope.fields[name])))
    return tuple(pairs)


RULE_TYPE = RuleType("exists", read)
