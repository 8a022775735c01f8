"""Why a rule came out as it did for a single record, by the functions that judge it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rulepacks.engine.bodies import ParseBody
from rulepacks.engine.cell_values import as_text
from rulepacks.engine.compile_python import Slots, compile_node
from rulepacks.engine.evaluation.alone import only
from rulepacks.engine.evaluation.masks import own_unreadable
from rulepacks.engine.evaluation.plan import NOT_IN_FORCE, in_force
from rulepacks.engine.evaluation.reads import Reads, rule_nodes, unreadable, unreadable_fields
from rulepacks.engine.explanation.answers import Answer, filled
from rulepacks.engine.explanation.hints import hints
from rulepacks.engine.explanation.reasons import not_met, reason
from rulepacks.engine.explanation.row_explained import AMOUNTS
from rulepacks.engine.explanation.rows import row_nodes_read, row_parts
from rulepacks.engine.explanation.trace import Explanation, Part, begun
from rulepacks.engine.explanation.workings import derivations
from rulepacks.engine.expressions.functions.base import Fault
from rulepacks.engine.expressions.tree import Field, Node
from rulepacks.engine.record import RecordRules, is_single
from rulepacks.engine.record_findings import RecordFinding, Renderer
from rulepacks.engine.record_judging import JudgedRule, barring, compile_show
from rulepacks.engine.record_row import RowPlan, plan_row
from rulepacks.engine.spec import Pack, Rule


def explain_record(
    pack: Pack, code: str, payload: Mapping[str, object], parameters: Mapping[str, object]
) -> Explanation:
    """The outcome of a rule for a record given as a mapping, as `RecordRules.judge` judges it.

    Raises KeyError for a rule the pack does not have, and ParameterError.
    """
    rule, source = pack.rule(code), pack.first_input
    start = replace(begun(rule), input=source.name)
    if not is_single(pack, rule):
        return replace(start, reason="Not evaluated: it looks at other rows, and a record is judged by itself.")
    rules = RecordRules(only(pack, [rule.code]))
    judged = {one.rule: one for one in rules.judge(payload, parameters).outcomes}
    plan = _plan(pack, rule)
    slots = compile_show(plan)(rules.delivered(plan, payload, parameters))
    outlines = row_parts(pack, source, rule)
    computed = derivations(pack, source, rule, row_nodes_read(pack, rule))
    asked = [
        *(node for _, one in outlines for node in one.asked()),
        *(node for one in computed for node in one.asked()),
    ]
    answers = _answers(plan, slots, asked)
    parts = tuple(Part(name, filled(outline, answers)) for name, outline in outlines)
    found = _shown(start, pack, rule, plan, slots)
    found = replace(
        found, outcome=judged[rule.code].outcome, parts=parts, workings=tuple(one.worked(answers) for one in computed)
    )
    if found.outcome != "fail":
        found = replace(found, message="")
    elif found.difference is not None and rule.type in AMOUNTS:
        found = replace(found, hints=hints(found.left, found.right))
    return replace(found, reason=_reason(pack, rule, plan, slots, judged, found))


def _plan(pack: Pack, rule: Rule) -> RowPlan:
    """Slots for all that the rule and its explanation read."""
    source = pack.first_input
    reads = Reads().add(pack, source, row_nodes_read(pack, rule))
    reads.add_names(pack, source, [*source.key, *source.unit, *own_unreadable(source, rule)])
    if isinstance(rule.body, ParseBody):
        reads.add_names(pack, source, rule.body.fields.get(source.name, ()))
    return plan_row(pack, Reads(), reads)


def _answers(plan: RowPlan, slots: Slots, nodes: Iterable[Node]) -> dict[Node, Answer]:
    marks = {f"bad:{name}": at for name, at in plan.bad.items()}
    places = replace(plan.places, fields={**plan.places.fields, **marks})
    answers = {}
    for node in nodes:
        try:
            value = compile_node(node, places)(slots)
        except Fault:
            answers[node] = Answer(None, fault=True)
            continue
        text = None if value is None else as_text(value, node.type)
        if text is None and isinstance(node, Field) and node.name in plan.bad:
            text = slots[plan.places.raws[node.name]] or None
        answers[node] = Answer(text)
    return answers


def _shown(start: Explanation, pack: Pack, rule: Rule, plan: RowPlan, slots: Slots) -> Explanation:
    """With what the findings about the record show, or would show."""
    found: list[RecordFinding] = list(Renderer(pack, rule, plan).render(slots))
    if not found:
        return start
    first, message = found[0], " ".join(one.message for one in found)
    values = {name: value for one in found for name, value in one.fields.items()}
    return replace(
        start, severity=first.severity, label=first.label, key=first.key, unit=first.unit, left=first.left,
        right=first.right, difference=first.difference, tolerance=first.tolerance, values=values, message=message,
    )  # fmt: skip


def _reason(
    pack: Pack, rule: Rule, plan: RowPlan, slots: Slots, judged: Mapping[str, JudgedRule], found: Explanation
) -> str:
    source = pack.first_input
    own = own_unreadable(source, rule)
    broken = [name for name in own if slots[plan.bad[name]]] if found.outcome == "fail" else []
    if broken:
        return f"Not satisfied: {unreadable(source, broken[0])}."
    if not all(compile_node(test, plan.places)(slots) for test in in_force(pack, rule)):
        return f"Does not apply: {NOT_IN_FORCE}."
    if found.outcome != "not_evaluated":
        return reason(found.outcome, rule, found.parts)
    for name in sorted(unreadable_fields(pack, source, rule_nodes(rule))):
        if slots[plan.bad[name]]:
            return f"Not evaluated: {unreadable(source, name)}."
    needed = {code: pack.rule(code) for code in rule.needs}
    bars = [code for code, other in needed.items() if judged[other.code].outcome in barring(rule, other)]
    return f"Not evaluated: {not_met(bars)}."
