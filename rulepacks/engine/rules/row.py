"""`row`: one row, its derived fields and joins."""

from rulepacks.engine.bodies import RowBody
from rulepacks.engine.expressions.tree import Field, Found, JoinField, Literal, Raw, walk
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.rules import Reading, RuleType


def read(draft: Draft) -> Reading:
    """Read a row rule."""
    scope = draft.row_scope()
    left, right, require = draft.comparison(scope)
    if require is None:
        return Reading((), scope)
    if require.type.kind != "unknown" and not any(
        isinstance(node, Field | Raw | JoinField | Found) for node in walk(require)
    ):
        draft.problem("reads no field: the result is always the same", "require" if "require" in draft.data else "left")
    if isinstance(require, Literal):
        return Reading((), scope)
    return Reading((({}, RowBody(require, left, right)),), scope)


RULE_TYPE = RuleType("row", read)
