"""`group`: rows that agree in some fields, taken together."""

from dataclasses import replace

from rulepacks.engine.bodies import GroupBody
from rulepacks.engine.expressions.tree import Aggregate, Found, JoinField, walk
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.rules import Reading, RuleType


def read(draft: Draft) -> Reading:
    """Read a group rule."""
    by = tuple(draft.data["by"])
    scope = draft.group_scope(draft.input, by)
    known = draft.fields_known("by", draft.input)
    if not known:
        scope = replace(scope, grouped=frozenset(scope.fields), grouped_joins=frozenset(scope.joins))
    where = draft.optional("where", draft.row_scope(), BOOLEAN)
    left, right, require = draft.comparison(scope)
    if require is None or not known:
        return Reading((), scope)
    sides = [node for node in (require, left, right) if node is not None]
    if not any(isinstance(node, Aggregate | Found | JoinField) for side in sides for node in walk(side)):
        draft.problem("reads neither an aggregate nor a join: write a row rule")
    return Reading((({}, GroupBody(by, where, require, left, right)),), scope)


RULE_TYPE = RuleType("group", read)
