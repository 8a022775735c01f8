"""`sequence`: rows in order, each compared with those around it. Becomes a row rule over a join of its own."""

from dataclasses import replace

from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Found, Node
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.expressions.windows import Windows
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.rules import Reading, RuleType
from rulepacks.engine.spec import JoinSpec, RowBody, SequenceSpec


def read(draft: Draft) -> Reading:
    """Read a sequence rule."""
    rows = draft.row_scope()
    by = tuple(draft.expression("by", index, scope=rows) for index in range(len(draft.data["by"])))
    order = _order(draft, "order", rows)
    ties = () if draft.data["ties"] == "row_number" else _order(draft, "ties", rows)
    where = draft.optional("where", rows, BOOLEAN)
    first, falls = order[0]
    windows = Windows(f"{draft.code}:", None if falls else first.type)
    scope = replace(rows, windows=windows)
    left, right, require = draft.comparison(scope)
    sequence = SequenceSpec(by, (*order, *ties), where, windows.found)
    join = JoinSpec(windows.join, draft.input, "sequence", draft.input, (), {}, sequence=sequence)
    draft.context.joins[join.name] = join
    if require is None:
        return Reading((), scope)
    return Reading((({}, RowBody(require, left, right)),), scope, Found(join=join.name))


def _order(draft: Draft, key: str, scope: Scope) -> tuple[tuple[Node, bool], ...]:
    """Expressions with whether they fall."""
    parts = []
    for index, part in enumerate(draft.data[key]):
        falls = isinstance(part, dict)
        way = (key, index, "falling") if falls else (key, index)
        parts.append((draft.expression(*way, scope=scope), falls))
    return tuple(parts)


RULE_TYPE = RuleType("sequence", read)
