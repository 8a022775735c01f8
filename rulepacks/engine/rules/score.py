"""`score`: points for each row, and what they decide. Becomes a row rule over derived fields of its own.

The fields are called `CODE:component`, `CODE:total`, `CODE:gates` and `CODE:decision`.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from rulepacks.engine.bodies import ScoreBody
from rulepacks.engine.expressions.functions import FUNCTIONS
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Binary, Call, Case, Field, In, IsNull, Literal, Node, Unary
from rulepacks.engine.expressions.types import BOOLEAN, NULL, TEXT, UNKNOWN
from rulepacks.engine.loading.draft import Draft, amount, computed
from rulepacks.engine.rules import Reading, RuleType

DECIMALS = 2
BETWEEN = "; "


def read(draft: Draft) -> Reading:
    """Read a scoring rule."""
    scope = draft.row_scope()
    parts = {name: _component(draft, scope, name) for name in draft.data["components"]}
    gates = {name: draft.expression("gates", name, scope=scope, wanted=BOOLEAN) for name in draft.data.get("gates", {})}
    bands = _bands(draft)
    if bands is None or any(node.type.kind == "unknown" for node in [*parts.values(), *gates.values()]):
        return Reading((), scope)
    fields = {name: draft.derive(name, node) for name, node in parts.items()}
    total = draft.derive("total", _rounded(_sum(list(fields.values())), draft.data.get("total_decimals")))
    unmet = [(name, Unary(op="not", operand=_holds(node), type=BOOLEAN)) for name, node in gates.items()]
    failed = draft.derive("gates", _joined(unmet))
    decision = draft.derive("decision", _decided(total, failed, bands))
    points = {
        name: Binary(op=">", left=fields[name], right=amount(_floor(part)), type=BOOLEAN)
        for name, part in draft.data["components"].items()
    }
    reasons = _joined([
        (str(part["reason"]), points[name])
        for name, part in draft.data["components"].items() if isinstance(part, dict) and "reason" in part
    ])  # fmt: skip
    columns = {**fields, "total": total, "gates_failed": failed, "decision": decision, "reasons": reasons}
    accepted = [name for name, _ in bands if name not in draft.data.get("findings", ())]
    require = In(operand=decision, options=tuple(Literal(value=name, type=TEXT) for name in accepted), at=0)
    least = min((least for name, least in bands if name in accepted and least is not None), default=Decimal(0))
    body = ScoreBody(require, total, amount(least), tuple(columns.items()), tuple(points.items()), tuple(gates.items()))
    return Reading((({}, body),), draft.row_scope())


def _component(draft: Draft, scope: Scope, name: str) -> Node:
    """The points of a component: weighted, kept between floor and cap, rounded."""
    given = draft.data["components"][name]
    plain = not isinstance(given, dict)
    way = ("components", name) if plain else ("components", name, "value")
    value = draft.expression(*way, scope=scope)
    if not value.type.numeric:
        if value.type.kind != "unknown":
            draft.problem(f"{name} must be a number, not {value.type}", *way)
        return Literal(value=None, type=UNKNOWN)
    part: dict[str, Any] = {} if plain else given
    if "weight" in part:
        value = computed("*", value, amount(Decimal(str(part["weight"]))))
    value = draft.derive(f"{name} before limits", value)
    branches = [(Binary(op="<", left=value, right=amount(_floor(part)), type=BOOLEAN), amount(_floor(part)))]
    if "cap" in part:
        cap = amount(Decimal(str(part["cap"])))
        branches.append((Binary(op=">", left=value, right=cap, type=BOOLEAN), cap))
    kept = draft.one_type([*(node for _, node in branches), value], *way)
    limited = Case(branches=tuple(branches), otherwise=value, type=kept, at=value.at)
    return _rounded(limited, draft.data.get("decimals", DECIMALS))


def _rounded(value: Node, decimals: int | None) -> Node:
    if decimals is None or value.type.scale <= decimals:
        return value
    arguments = (value, Literal(value=decimals, type=amount(Decimal(decimals)).type))
    return Call(name="round", arguments=arguments, type=FUNCTIONS["round"].typing(arguments))


def _floor(part: Any) -> Decimal:
    return Decimal(str(part.get("floor", 0)) if isinstance(part, dict) else "0")


def _bands(draft: Draft) -> list[tuple[str, Decimal | None]] | None:
    """Decisions with the least total of each, None for the last; None after a problem."""
    given = draft.data["decisions"]
    names = [str(band["decision"]) for band in given]
    limits = [Decimal(str(band["from"])) if "from" in band else None for band in given]
    before = len(draft.context.problems)
    if limits[-1] is not None or None in limits[:-1]:
        draft.problem("every decision but the last has a from", "decisions")
    elif any(upper <= lower for upper, lower in pairwise(limit for limit in limits if limit is not None)):
        draft.problem("the decisions must stand from the highest down", "decisions")
    if len(set(names)) < len(names):
        draft.problem("a decision is given twice", "decisions")
    for index, name in enumerate(draft.data.get("findings", ())):
        draft.context.known("decision", name, dict.fromkeys(names), draft.place("findings", index), draft.code)
    if set(draft.data.get("findings", ())) == set(names):
        draft.problem("every decision is a finding, so no row could ever pass", "findings")
    return list(zip(names, limits, strict=True)) if len(draft.context.problems) == before else None


def _sum(nodes: list[Field]) -> Node:
    total: Node = nodes[0]
    for node in nodes[1:]:
        total = computed("+", total, node)
    return total


def _holds(node: Node) -> Node:
    return Binary(op="is", left=node, right=Literal(value=True, type=BOOLEAN), type=BOOLEAN)


def _joined(named: Sequence[tuple[str, Node]]) -> Node:
    """The names whose condition holds, in order."""
    nothing = Literal(value=None, type=TEXT)
    words = [Case(branches=((node, Literal(value=name, type=TEXT)),), otherwise=nothing, type=TEXT)
             for name, node in named]  # fmt: skip
    return Call(name="concat_ws", arguments=(Literal(value=BETWEEN, type=TEXT), *words, nothing), type=TEXT)


def _decided(total: Node, failed: Node, bands: list[tuple[str, Decimal | None]]) -> Node:
    lowest = Literal(value=bands[-1][0], type=TEXT)
    empty = Literal(value="", type=TEXT)
    branches: list[tuple[Node, Node]] = [(Binary(op="<>", left=failed, right=empty, type=BOOLEAN), lowest)]
    branches += [
        (Binary(op=">=", left=total, right=amount(least), type=BOOLEAN), Literal(value=name, type=TEXT))
        for name, least in bands if least is not None
    ]  # fmt: skip
    # Without a total nothing is decided, unless a gate decides.
    unknown = Literal(value=None, type=NULL)
    branches.append((IsNull(operand=total), unknown))
    return Case(branches=tuple(branches), otherwise=lowest, type=TEXT)


RULE_TYPE = RuleType("score", read)
