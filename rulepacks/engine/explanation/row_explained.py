"""Why a rule came out as it did for one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rulepacks.engine.bodies import ParseBody, UniqueBody
from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.masks import own_unreadable
from rulepacks.engine.evaluation.reads import blockers, rule_nodes, unreadable
from rulepacks.engine.evaluation.show_rows import row_shown
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.work import Work, not_met_earlier
from rulepacks.engine.explanation.answers import filled
from rulepacks.engine.explanation.gates import gated, unit_of_row
from rulepacks.engine.explanation.hints import hints
from rulepacks.engine.explanation.reasons import not_met, reason
from rulepacks.engine.explanation.rows import row_nodes_read, row_sight, same_rows
from rulepacks.engine.explanation.sight import Sight
from rulepacks.engine.explanation.told import Told, told
from rulepacks.engine.explanation.trace import Explanation, Part, begun
from rulepacks.engine.explanation.workings import derivations
from rulepacks.engine.spec import Rule

SAME_ROWS = 100
AMOUNTS = frozenset({"row", "sequence"})
"""Rule types whose sides are amounts, not points or likeness."""


def explain_row(state: State, work: Work, rule: Rule, row: int) -> Explanation:
    """The outcome of a rule about rows for a row that was delivered."""
    start = replace(begun(rule), input=work.input.name, row=row)
    sight, where = row_sight(state, work, rule), f"row_number = {row}"
    outcome = sight.outcome(where)
    if outcome is None:
        return _gated(state, work, rule, start, row)
    computed = derivations(state.session.pack, work.input, rule, row_nodes_read(state.session.pack, rule))
    answers = sight.answers(where, [node for one in computed for node in one.asked()])
    parts = tuple(Part(name, filled(outline, answers)) for name, outline in sight.parts)
    explained = replace(
        start, **_told(state, work, rule, row, parts), outcome=outcome, parts=parts,
        workings=tuple(one.worked(answers) for one in computed),
    )  # fmt: skip
    if isinstance(rule.body, UniqueBody) and outcome in {"pass", "fail"}:
        explained = replace(explained, same=same_rows(state, work, rule, row, SAME_ROWS))
    if outcome != "fail":
        explained = replace(explained, message="")
    elif explained.difference is not None and rule.type in AMOUNTS:
        explained = replace(explained, hints=hints(explained.left, explained.right))
    return replace(explained, reason=_reason(state, work, rule, sight, explained))


def _gated(state: State, work: Work, rule: Rule, start: Explanation, row: int) -> Explanation:
    unit = unit_of_row(state, work.input, row)
    return replace(start, unit=unit, reason=gated(state, rule, unit))


def _told(state: State, work: Work, rule: Rule, row: int, parts: Sequence[Part]) -> Told:
    number = f"SELECT {row} AS row_number"
    if not isinstance(rule.body, ParseBody):
        return told(state.session, rule, row_shown(state, work, rule, number, None, None))
    names = rule.body.fields.get(work.input.name, ())
    broken = [name for name, part in zip(names, parts, strict=True) if part.clause.truth == "false"]
    all_told = [
        told(state.session, rule, row_shown(state, work, rule, number, None, name)) for name in broken or names[:1]
    ]
    values = {name: value for one in all_told for name, value in one["values"].items()}
    return {**all_told[0], "values": values, "message": " ".join(one["message"] for one in all_told)}


def _reason(state: State, work: Work, rule: Rule, sight: Sight, explained: Explanation) -> str:
    if explained.outcome == "not_evaluated":
        return f"Not evaluated: {_blocked(state, work, rule, sight, explained)}."
    assert explained.row is not None
    own = {unreadable(work.input, name): quoted(f"bad:{name}") for name in own_unreadable(work.input, rule)}
    if broken_cell := _first(sight, own, explained.row):
        return f"Not satisfied: {broken_cell}."
    if explained.same:
        rows = f"row{'s' if len(explained.same) > 1 else ''} {', '.join(map(str, explained.same[:5]))}"
        more = ", …" if len(explained.same) > 5 else ""
        left_out = "" if explained.outcome == "fail" else "; the first is no finding"
        return f"The same key as {rows}{more}{left_out}."
    return reason(explained.outcome, rule, explained.parts)


def _blocked(state: State, work: Work, rule: Rule, sight: Sight, explained: Explanation) -> str:
    """What kept the rule from being judged for the row."""
    assert explained.row is not None
    tests = blockers(state.session.pack, work.input, rule_nodes(rule))
    return _first(sight, tests, explained.row) or _not_met(state, work, rule, explained.row)


def _first(sight: Sight, tests: Mapping[str, str], row: int) -> str:
    """The text of the first test that holds for a row."""
    for text, test in tests.items():
        if sight.session.one(f"SELECT {test} FROM ({sight.relation}) WHERE row_number = {row}")[0]:
            return text
    return ""


def _not_met(state: State, work: Work, rule: Rule, row: int) -> str:
    """The rules it needs that are not satisfied for the row."""
    here = {code: other.code for other in work.rules for code in (other.code, *other.aliases)}
    found = []
    for code in rule.needs:
        bit = work.places[here[code]] if code in here else None
        kinds = ("fail", "ne", "er")
        test = not_met_earlier(state, code, rule.stage) if bit is None else " OR ".join(map(bit.test, kinds))
        if state.session.one(f"SELECT {test} FROM {work.name} WHERE row_number = {row}")[0]:
            found.append(code)
    return not_met(found)
