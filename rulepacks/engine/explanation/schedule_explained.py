"""Why a schedule came out as it did for one thing that is expected."""

from __future__ import annotations

from dataclasses import replace

from rulepacks.engine.bodies import ScheduleBody
from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.reads import blockers, rule_nodes
from rulepacks.engine.evaluation.schedules import Schedule
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.explanation.answers import filled
from rulepacks.engine.explanation.gates import gated, unit_of_key
from rulepacks.engine.explanation.outline import Outline, Splitter
from rulepacks.engine.explanation.reasons import reason
from rulepacks.engine.explanation.sight import OUTCOME, Sight, equal_to
from rulepacks.engine.explanation.told import told
from rulepacks.engine.explanation.trace import Explanation, Part, begun
from rulepacks.engine.expressions.tree import Field, Node
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.expressions.written import written
from rulepacks.engine.spec import Rule

THERE = "is there"
Key = list[tuple[str, str | None]]


def explain_schedule(state: State, rule: Rule, key: Key) -> Explanation:
    """The outcome of a schedule for the row, or date of a row, that a key names."""
    schedule, where = Schedule(state, rule), equal_to(key)
    sight = schedule_sight(schedule)
    shown = schedule.shown()
    start = replace(begun(rule), input=shown.input, key=dict(key))
    outcome = sight.outcome(where)
    if outcome is None:
        left_out = gated(state, rule, unit_of_key(state, dict(key)))
        return replace(start, reason=left_out or "Nothing is expected under this key.")
    chosen = replace(shown, source=f"(SELECT * FROM ({sight.relation}) WHERE {where})")
    answers = sight.answers(where)
    parts = tuple(Part(name, filled(outline, answers)) for name, outline in sight.parts)
    found = replace(start, **told(state.session, rule, chosen), outcome=outcome, parts=parts)
    if outcome != "fail":
        found = replace(found, message="")
    if outcome == "not_evaluated":
        return replace(found, reason=f"Not evaluated: {_unclear(schedule, sight, where)}.")
    return replace(found, reason=reason(outcome, rule, parts))


def schedule_sight(schedule: Schedule) -> Sight:
    """All that is expected, with whether it is there."""
    rule, body = schedule.rule, schedule.body
    when = f"({schedule.to.value(rule.when)}) IS TRUE" if rule.when is not None else "true"
    there = f"EXISTS (SELECT 1 FROM ({schedule.target()}) t WHERE {schedule.pairing()})"
    relation = (
        f"SELECT *, CASE WHEN broken THEN 'error' WHEN unclear THEN 'not_evaluated' "
        f"WHEN NOT {when} THEN 'not_applicable' WHEN {quoted(THERE)} THEN 'pass' ELSE 'fail' END AS {OUTCOME} "
        f"FROM (SELECT i.*, {there} AS {quoted(THERE)} FROM ({schedule.items()}) i)"
    )
    return Sight(schedule.session, relation, schedule.to, _parts(schedule, rule, body), schedule.to.value)


def _parts(schedule: Schedule, rule: Rule, body: ScheduleBody) -> list[tuple[str, Outline]]:
    splitter = Splitter(schedule.session.pack, schedule.source.input if schedule.own else None)
    reached = ((rule.when, True),) if rule.when is not None else ()
    parts = [("when", splitter.split(rule.when))] if rule.when is not None else []
    reads = {name: part for _, node in body.on for name, part in splitter.reads(node).items()}
    keys = " and ".join(f"{name} = {written(node)}" for name, node in body.on)
    match = f" and {written(body.match)}" if body.match is not None else ""
    text = f"{body.target} has a row where {keys}{match}"
    node: Node = Field(name=THERE, type=BOOLEAN)
    return [*parts, ("in", Outline(text, "test", node, reads=reads, reached=reached))]


def _unclear(schedule: Schedule, sight: Sight, where: str) -> str:
    """What keeps it from being told what is expected."""
    tests = blockers(schedule.session.pack, schedule.source.input, rule_nodes(schedule.rule)) if schedule.own else {}
    for text, test in tests.items():
        if schedule.session.one(f"SELECT {test} FROM ({sight.relation}) WHERE {where}")[0]:
            return text
    return "a date that it counts from or to is blank"
