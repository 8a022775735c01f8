"""Why a rule came out as it did for a group of rows, or for a reconciled key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rulepacks.engine.bodies import ReconcileBody
from rulepacks.engine.evaluation.findings import Shown
from rulepacks.engine.evaluation.group_query import GroupQuery
from rulepacks.engine.evaluation.reconcile import Pairs
from rulepacks.engine.evaluation.show_keys import group_shown, pair_shown
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.explanation.answers import filled
from rulepacks.engine.explanation.gates import gated, unit_of_key
from rulepacks.engine.explanation.hints import Amount, hints
from rulepacks.engine.explanation.keys import (
    Key,
    RowsBehind,
    behind_group,
    behind_pair,
    first_blocked,
    group_sight,
    pair_sight,
    read_rows,
)
from rulepacks.engine.explanation.reasons import reason
from rulepacks.engine.explanation.sight import Sight, equal_to
from rulepacks.engine.explanation.told import told
from rulepacks.engine.explanation.trace import Explanation, Line, Part, Question, begun
from rulepacks.engine.spec import Rule


@dataclass(frozen=True)
class Asked:
    """A key that is asked about: how it is picked (`where`) among all of a rule, and where its rows are."""

    state: State
    rule: Rule
    key: Key
    where: str
    sight: Sight
    sides: Sequence[RowsBehind]
    earlier: str | None


def explain_group(state: State, work: Work, rule: Rule, key: Key, question: Question) -> Explanation:
    """The outcome of a group rule for the rows of one key."""
    query = GroupQuery(state, work, tuple(sorted(name for name, _ in key)), [rule])
    sight = group_sight(query, rule)
    asked = Asked(state, rule, key, equal_to(key), sight, [behind_group(state, query, rule)], question.earlier)
    chosen = f"SELECT * FROM ({query.shown(f'({sight.relation})')}) WHERE {asked.where}"
    return _explained(asked, group_shown(state, work, rule, chosen, {work.input.name: work.name}))


def explain_pair(state: State, pairs: Pairs, rule: Rule, key: Key, question: Question) -> Explanation:
    """The outcome of a code of a reconciliation for one key."""
    assert isinstance(rule.body, ReconcileBody)
    sight, where = pair_sight(state, pairs, rule), equal_to(key)
    if None in dict(key).values():
        # Blanks match nothing, so both sides may have such a key by themselves.
        right = rule.body.part == "only_right" or question.input == rule.body.right.input
        where += " AND has_right" if right and rule.body.part != "only_left" else " AND has_left"
    asked = Asked(state, rule, key, where, sight, behind_pair(state, pairs, rule.body), question.earlier)
    chosen = f"SELECT * FROM ({sight.relation}) WHERE {where}"
    return _explained(
        asked, pair_shown(state, pairs, rule, chosen, {work.input.name: work.name for work in pairs.works})
    )


def _explained(asked: Asked, shown: Shown) -> Explanation:
    session, rule, where = asked.state.session, asked.rule, asked.where
    read = [read_rows(side, session, asked.key) for side in asked.sides]
    start = replace(begun(rule), input=shown.input, key=dict(asked.key), behind=tuple(one for one, _ in read))
    outcome = asked.sight.outcome(where)
    if outcome is None:
        return _unseen(asked, start)
    answers = asked.sight.answers(where)
    parts = tuple(Part(name, filled(outline, answers)) for name, outline in asked.sight.parts)
    found = replace(start, **told(session, rule, shown), outcome=outcome, parts=parts)
    if outcome == "not_evaluated":
        causes = (first_blocked(side, session, asked.key) for side in asked.sides)
        blocked = next(filter(None, causes), "a row it looks up cannot be read")
        return replace(found, message="", reason=f"Not evaluated: {blocked}.")
    found = replace(found, reason=reason(outcome, rule, parts))
    if outcome != "fail":
        return replace(found, message="")
    if found.difference is None:
        return found
    amounts = [one for side, (_, lines) in zip(asked.sides, read, strict=True) for one in _amounts(side, lines)]
    return replace(found, hints=hints(found.left, found.right, amounts, asked.earlier))


def _amounts(side: RowsBehind, lines: Sequence[Line]) -> list[Amount]:
    return [
        Amount(side.work.input.name, line.row, Decimal(value))
        for line in lines for value in line.amounts.values() if value is not None
    ]  # fmt: skip


def _unseen(asked: Asked, start: Explanation) -> Explanation:
    """A key the rule does not look at: its unit is gated, no row is picked, or there is none."""
    if left_out := gated(asked.state, asked.rule, unit_of_key(asked.state, start.key)):
        return replace(start, behind=(), reason=left_out)
    rows = sum(one.rows for one in start.behind)
    if not rows:
        names = " and ".join(one.input for one in start.behind)
        return replace(start, reason=f"No row of {names} has this key.")
    return replace(
        start, outcome="not_applicable", reason=f"Does not apply: where holds for none of its {rows:,} rows."
    )
