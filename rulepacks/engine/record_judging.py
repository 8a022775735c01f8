"""The rules of a pack about single rows as one Python function: cells are read once, and what passes costs a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rulepacks.engine.bodies import ParseBody, RowBody
from rulepacks.engine.compile_python import Slots
from rulepacks.engine.evaluation.masks import layered, own_unreadable
from rulepacks.engine.evaluation.plan import in_force
from rulepacks.engine.evaluation.reads import Reads, rule_nodes
from rulepacks.engine.record_row import RowPlan
from rulepacks.engine.spec import Pack, Rule

Outcome = Literal["pass", "fail", "not_applicable", "not_evaluated", "error"]
Branch = tuple[str, Outcome]
"""Text of a condition, and the outcome where it is the first that holds."""


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """The outcome of one rule for one record."""

    rule: str
    outcome: Outcome


Judge = Callable[[Sequence[str | None], Sequence[Any]], tuple[list[JudgedRule], Slots]]
"""Outcomes in the order of the pack, and the slots, from delivered texts and all parameters of the pack."""


def compile_judge(pack: Pack, rules: Sequence[Rule], plan: RowPlan) -> tuple[Judge, list[JudgedRule]]:
    """The function that judges by `rules`, and the outcomes when all of them pass; others are not evaluated."""
    judged = {rule.code for rule in rules}
    passed = [JudgedRule(rule.code, "pass" if rule.code in judged else "not_evaluated") for rule in pack.rules]
    at = {rule.code: number for number, rule in enumerate(pack.rules)}
    lines = [
        _assigned([*plan.places.raws.values()], "delivered"),
        _assigned([*plan.places.parameters.values()], "parameters"),
        *(f"v{slot} = None" for slot in range(len(plan.delivered) + len(pack.parameters), plan.size)),
        *plan.judged,
        f"outcomes = {plan.source.constant(passed.copy)}()",
    ]
    for rule in (rule for layer in layered(rules) for rule in layer):
        lines += _statements(plan, rule, _branches(pack, rule, plan, at), at[rule.code])
    judge = _function(plan, "judge", "delivered, parameters", [*lines, f"return outcomes, {_all(plan)}"])
    return judge, passed


def compile_show(plan: RowPlan) -> Callable[[Slots], Slots]:
    """The function that gives the slots with all that findings show."""
    return _function(plan, "show", "slots", [_assigned(range(plan.size), "slots"), *plan.shown, f"return {_all(plan)}"])


def _function(plan: RowPlan, name: str, parameters: str, lines: Sequence[str]) -> Callable[..., Any]:
    return plan.source.function(name, parameters, [f"    {line}" for line in lines])


def _assigned(slots: Sequence[int], values: str) -> str:
    return f"[{', '.join(f'v{slot}' for slot in slots)}] = {values}"


def _all(plan: RowPlan) -> str:
    return f"[{', '.join(f'v{slot}' for slot in range(plan.size))}]"


def _statements(plan: RowPlan, rule: Rule, branches: Iterator[Branch], at: int) -> list[str]:
    """The statements that set the outcome of a rule unless it passes."""

    def becomes(outcome: Outcome) -> str:
        return f"outcomes[{at}] = {plan.source.constant(JudgedRule(rule.code, outcome))}"

    lines = [f"if {test}: {becomes(outcome)}" for test, outcome in branches]
    lines[1:] = [f"el{line}" for line in lines[1:]]
    if not any(plan.places.may_fault(node) for node in rule_nodes(rule)):
        return lines
    return ["try:", *(f"    {line}" for line in lines), "except Fault:", f"    {becomes('error')}"]


def _branches(pack: Pack, rule: Rule, plan: RowPlan, at: dict[str, int]) -> Iterator[Branch]:
    """When a rule does not pass: its time, unreadable cells, rules it needs, its guard, and last its condition."""
    if isinstance(rule.body, ParseBody):
        yield _any(plan.bad_slots(rule.body.fields.get(pack.first_input.name, ()))), "fail"
        return
    for test in in_force(pack, rule):
        yield f"not {plan.source.truth(test)}", "not_applicable"
    own = own_unreadable(pack.first_input, rule)
    read = Reads().add(pack, pack.first_input, rule_nodes(rule)).fields
    if broken := plan.bad_slots(own):
        yield _any(broken), "fail"
    if blocking := plan.bad_slots(sorted(read - set(own))):
        yield _any(blocking), "not_evaluated"
    for needed in map(pack.rule, rule.needs):
        bars = plan.source.constant(barring(rule, needed))
        yield f"outcomes[{at[needed.code]}].outcome in {bars}", "not_evaluated"
    yield from _condition(rule, plan)


def barring(rule: Rule, needed: Rule) -> frozenset[Outcome]:
    """The outcomes of a needed rule that keep a rule from being judged."""
    bars: frozenset[Outcome] = frozenset({"fail", "error"})
    return bars | {"not_evaluated"} if needed.stage == rule.stage else bars


def _condition(rule: Rule, plan: RowPlan) -> Iterator[Branch]:
    to = plan.source
    assert isinstance(rule.body, RowBody)
    if rule.when is not None:
        yield f"not {to.truth(rule.when)}", "not_applicable"
    if rule.on_null == "fail":
        yield f"not {to.truth(rule.body.require)}", "fail"
        return
    yield to.truth(rule.body.require, wanted=False), "fail"
    if rule.on_null == "skip":
        yield f"not {to.truth(rule.body.require)}", "not_applicable"


def _any(slots: Sequence[int]) -> str:
    return " or ".join(f"v{slot}" for slot in slots) or "False"
