"""Checks over the whole pack, once every part has been read by itself."""

import itertools
from collections.abc import Iterable, Mapping

from rulepacks.engine.bodies import GroupBody, QueryBody, ReconcileBody, ScheduleBody
from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.expressions.typing import comparison_problem
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.cycles import check_cycles
from rulepacks.engine.loading.document import Document
from rulepacks.engine.loading.unused import nodes_of, parts_of
from rulepacks.engine.spec import OutputSpec, Rule


def check_pack(
    context: Context, document: Document, rules: tuple[Rule, ...], outputs: tuple[OutputSpec, ...], as_of: Node | None
) -> None:
    """All checks that need more than one part of the pack."""
    by_code = {code: rule for rule in rules for code in (rule.code, *rule.aliases)}
    entangled = _entangled(context, rules, by_code)
    for rule in rules:
        _check_needs(context, rule, by_code, entangled)
        _check_effective(context, rule, as_of)
        _check_gate(context, rule)
        _check_sequence(context, rule)
    _check_unreadable(context, document, by_code)
    # A query's own names for what it reads are no joins.
    stated = [rule for rule in rules if not isinstance(rule.body, QueryBody)]
    check_cycles(context, document, nodes_of((*stated, outputs, *parts_of(context))))


def _check_needs(context: Context, rule: Rule, by_code: Mapping[str, Rule], entangled: set[str]) -> None:
    order = list(context.stages)
    for code in rule.needs:
        needed = by_code.get(code)
        if needed is None and context.is_broken("rule", code):
            continue
        if needed is None:
            context.problems.add(rule.place, f"needs the unknown rule {code}", rule.code)
        elif needed is rule:
            context.problems.add(rule.place, "needs itself", rule.code)
        elif rule.stage in order and needed.stage in order and order.index(needed.stage) > order.index(rule.stage):
            context.problems.add(rule.place, f"needs {code}, which runs in a later stage", rule.code)
        elif needed.input != rule.input or not needed.row_level:
            context.problems.add(rule.place, f"needs {code}, which is not about rows of {rule.input}", rule.code)
        elif rule.row_level and needed.type == "unique" and needed.stage == rule.stage:
            context.problems.add(rule.place, f"needs {code}: a unique rule must stand in an earlier stage", rule.code)
        elif {rule.code, needed.code} <= entangled:
            context.problems.add(rule.place, f"needs {code}, which needs {rule.code}", rule.code)


def _entangled(context: Context, rules: tuple[Rule, ...], by_code: Mapping[str, Rule]) -> set[str]:
    """Rules that need each other: what is left when those whose needs are met are taken away, step by step."""
    waiting = {rule.code: {by_code[code].code for code in rule.needs if code in by_code} for rule in rules}
    for step in itertools.count():
        ready = {code for code, needs in waiting.items() if not needs & waiting.keys()}
        if not ready:
            break
        if step > context.limits.chain:
            first = next(rule for rule in rules if rule.code in ready)
            problem = context.limits.said("chain", "more than {} rules need one another in a row")
            context.problems.add(first.place, problem, first.code)
            return set()
        waiting = {code: needs for code, needs in waiting.items() if code not in ready}
    needed = set().union(*waiting.values()) if waiting else set()
    return waiting.keys() & needed


def _check_effective(context: Context, rule: Rule, as_of: Node | None) -> None:
    for end in rule.effective:
        if end is None:
            continue
        if as_of is None:
            context.problems.add(rule.place, "effective needs as_of in the pack", rule.code)
            return
        if problem := comparison_problem(as_of.type, end.type):
            context.problems.add(rule.place, f"effective: {problem}", rule.code)


def _check_gate(context: Context, rule: Rule) -> None:
    stage = context.stages.get(rule.stage)
    if stage is None or not stage.gate_unit:
        return
    first = next(iter(context.inputs.values()))
    unit = set(first.unit)
    keys: Iterable[str] | None = None
    if isinstance(rule.body, GroupBody):
        keys = rule.body.by
    elif isinstance(rule.body, ReconcileBody):
        keys = rule.body.on
    elif isinstance(rule.body, QueryBody):
        keys = None if rule.body.by_row else rule.body.key
    elif isinstance(rule.body, ScheduleBody):
        source = context.inputs[rule.input]
        keys = () if rule.body.items is not None else {**source.fields, **source.derived}
    if keys is not None and not unit <= set(keys):
        missing = ", ".join(sorted(unit - set(keys)))
        context.problems.add(
            rule.place, f"stage {rule.stage} is gated by unit, so the key must hold {missing}", rule.code
        )


def _check_sequence(context: Context, rule: Rule) -> None:
    join = context.joins.get(f"{rule.code}:")
    if join is not None and join.sequence is not None and not join.sequence.windows:
        message = "looks at no other row: write a row rule, or use prev(…), next(…), position() and the like"
        context.problems.add(rule.place, message, rule.code)


def _check_unreadable(context: Context, document: Document, by_code: Mapping[str, Rule]) -> None:
    for name, source in context.inputs.items():
        for field in source.fields.values():
            if field.unreadable is None:
                continue
            rule = by_code.get(field.unreadable)
            if rule is None and context.is_broken("rule", field.unreadable):
                continue
            if rule is None or not rule.row_level or rule.type == "unique" or rule.input != name:
                place = document.place(("inputs", name, "fields", field.name, "unreadable"))
                context.problems.add(place, f"{field.unreadable} is not a rule about single rows of {name}")
