"""`sequence`: rows in order, each compared with those around it. Becomes a row rule over a join of its own."""

from dataclasses import replace

from rulepacks.engine.bodies import RowBody
from rulepacks.engine.expressions.tree import Found
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.expressions.windows import Windows
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.loading.order import read_order
from rulepacks.engine.rules import Reading, RuleType
from rulepacks.engine.spec import JoinSpec, SequenceSpec


def read(draft: Draft) -> Reading:
    """Read a sequence rule."""
    rows = draft.row_scope()
    by = tuple(draft.expression("by", index, scope=rows) for index in range(len(draft.data["by"])))
    order = read_order(draft.data, lambda way: draft.expression(*way, scope=rows))
    where = draft.optional("where", rows, BOOLEAN)
    first, falls = order[0]
    windows = Windows(f"{draft.code}:", None if falls else first.type)
    scope = replace(rows, windows=windows)
    left, right, require = draft.comparison(scope)
    sequence = SequenceSpec(by, order, where, windows.found)
    join = JoinSpec(windows.join, draft.input, "sequence", draft.input, (), {}, sequence=sequence)
    draft.context.joins[join.name] = join
    if require is None:
        return Reading((), scope)
    return Reading((({}, RowBody(require, left, right)),), scope, Found(join=join.name))


RULE_TYPE = RuleType("sequence", read)
