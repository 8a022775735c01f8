"""`match`: texts or lists of texts that must be alike. Becomes a row rule."""

from decimal import Decimal

from rulepacks.engine.bodies import RowBody
from rulepacks.engine.expressions.functions import FUNCTIONS
from rulepacks.engine.expressions.functions.lists import TEXTS
from rulepacks.engine.expressions.similarity import SIMILARITY
from rulepacks.engine.expressions.tree import Binary, Call, Node
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.loading.draft import Draft, amount
from rulepacks.engine.rules import Reading, RuleType

FUNCTION = {"all": "closest", "any": "nearest", "both": "closest"}


def read(draft: Draft) -> Reading:
    """Read a rule about likeness."""
    scope = draft.row_scope()
    left, right = (draft.expression(side, scope=scope) for side in ("left", "right"))
    kinds = {left.type.kind, right.type.kind}
    if "unknown" in kinds:
        return Reading((), scope)
    if kinds not in ({"text"}, {"list"}) or any(node.type not in (TEXTS, left.type) for node in (left, right)):
        draft.problem(f"compares {left.type} with {right.type}; two texts or two lists of text are expected", "left")
        return Reading((), scope)
    threshold = Decimal(str(draft.data["threshold"]))
    if not 0 < threshold <= 1:
        draft.problem("a similarity lies between 0 and 1", "threshold")
    if "match" in draft.data and kinds == {"text"}:
        draft.problem("match applies to lists", "match")
    similarity = _similarity(left, right, draft.data.get("match", "all"))
    op = ">=" if draft.data.get("alike", True) else "<"
    require = Binary(op=op, left=similarity, right=amount(threshold), type=BOOLEAN)
    return Reading((({}, RowBody(require, similarity, amount(threshold))),), scope)


def _similarity(left: Node, right: Node, match: str) -> Node:
    if left.type.kind == "text":
        return _call("similarity", left, right)
    if match != "both":
        return _call(FUNCTION[match], left, right)
    # Both are NULL where a side is blank. Of an empty list only the one from it is, and the other, 0, is the least.
    there, back = _call("closest", left, right), _call("closest", right, left)
    return Call(name="least", arguments=(there, back), type=SIMILARITY)


def _call(name: str, *arguments: Node) -> Call:
    return Call(name=name, arguments=arguments, type=FUNCTIONS[name].typing(arguments))


RULE_TYPE = RuleType("match", read)
