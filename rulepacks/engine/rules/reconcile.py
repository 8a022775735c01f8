"""`reconcile`: two sides matched on a key."""

from dataclasses import replace
from typing import Any, Literal, cast

from rulepacks.engine.bodies import ReconcileBody, Side
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Field, Node, Unary
from rulepacks.engine.expressions.types import BOOLEAN, common
from rulepacks.engine.expressions.typing import comparison_problem
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.rules import Reading, RuleType

Part = Literal["any", "differs", "only_left", "only_right"]
NEVER: dict[str, set[str]] = {
    "all": set(), "left": {"only_right"}, "right": {"only_left"}, "both": {"only_left", "only_right"},
}  # fmt: skip
"""Kinds of result that cannot be where only these keys are compared."""


def read(draft: Draft) -> Reading:
    """Read a reconciliation; one body a code."""
    data, on = draft.data, tuple(draft.data["on"])
    left, right = _side(draft, "left", on), _side(draft, "right", on)
    if left is None or right is None:
        return Reading((), None)
    scope = Scope(parameters=draft.context.parameter_types, what="key")
    _compare_types(draft, on, left, right)
    pairs = zip(on, left.on, right.on, strict=True)
    scope = replace(scope, fields={name: common(one.type, other.type) or one.type for name, one, other in pairs})
    zero = data.get("missing") == "zero"
    if zero and {"only_left", "only_right"} & set(data.get("codes", {})):
        draft.problem("with missing: zero nothing is on one side only", "codes")
    keys = data.get("keys", "all")
    for part in sorted(NEVER[keys] & set(data.get("codes", {}))):
        draft.problem(f"with keys: {keys} no key is {part}", "codes", part)
    body = ReconcileBody(on, left, right, zero, bool(data.get("ignore_zero")), keys, "any")
    if "code" in data:
        return Reading((({}, body),), scope)
    parts = []
    for part, given in data["codes"].items():
        overrides = {"code": given} if isinstance(given, str) else dict(given)
        parts.append((overrides, replace(body, part=cast("Part", part))))
    return Reading(tuple(parts), scope)


def _side(draft: Draft, key: str, on: tuple[str, ...]) -> Side | None:
    given: dict[str, Any] = draft.data[key]
    name = given["input"]
    if not draft.context.known("input", name, draft.context.inputs, draft.place(key, "input"), draft.code):
        return None
    scope = draft.context.row_scope(name)
    nodes: list[Node] = []
    for column in on:
        if column in given.get("on", {}):
            nodes.append(draft.expression(key, "on", column, scope=scope))
        elif draft.context.known(f"field of {name}:", column, scope.fields, draft.place(key), draft.code):
            nodes.append(Field(name=column, type=scope.fields[column]))
    where = draft.expression(key, "where", scope=scope, wanted=BOOLEAN) if "where" in given else None
    value = draft.expression(key, "value", scope=draft.group_scope(name, ()))
    if value.type.kind != "unknown" and not value.type.numeric:
        draft.problem(f"must be a number, not {value.type}", key, "value")
    if len(nodes) < len(on) or not value.type.numeric:
        return None
    if given.get("reverse"):
        value = Unary(op="-", operand=value, type=value.type, at=value.at)
    return Side(name, tuple(nodes), where, value)


def _compare_types(draft: Draft, on: tuple[str, ...], left: Side, right: Side) -> None:
    for name, one, other in zip(on, left.on, right.on, strict=True):
        if problem := comparison_problem(one.type, other.type):
            draft.problem(f"{name}: {problem}", "on")
    if problem := comparison_problem(left.value.type, right.value.type):
        draft.problem(problem, "left", "value")


RULE_TYPE = RuleType("reconcile", read)
