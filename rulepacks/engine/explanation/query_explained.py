"""Why a query came out as it did for a row, or for a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rulepacks.engine.evaluation.queries import Query
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.statements import hits_name
from rulepacks.engine.explanation.gates import gated, unit_of_key, unit_of_row
from rulepacks.engine.explanation.hints import hints
from rulepacks.engine.explanation.sight import equal_to
from rulepacks.engine.explanation.told import told
from rulepacks.engine.explanation.trace import Clause, Explanation, Part, begun
from rulepacks.engine.queries.sql import PREFIX
from rulepacks.engine.spec import Rule


def explain_query(state: State, rule: Rule, row: int | None, key: Sequence[tuple[str, str | None]]) -> Explanation:
    """The outcome of a query for a row of its input or for a key: whether the query gives it."""
    statement = Query(state, rule)
    where = f"row_number = {row}" if row is not None else equal_to([(PREFIX + name, value) for name, value in key])
    start = replace(begun(rule), input=rule.input, row=row, key=dict(key))
    chosen = replace(statement.shown(), source=f"(SELECT * FROM {hits_name(rule)} WHERE {where})")
    found = replace(start, **told(state.session, rule, chosen))
    given = bool(found.message)
    what = "this row" if row is not None else "this key"
    parts = (Part("query", _clause(f"the query does not give {what}", found, holds=not given)),)
    if given:
        known = hints(found.left, found.right) if found.difference is not None else ()
        return replace(
            found, outcome="fail", reason=f"Not satisfied: the query gives {what}.", parts=parts, hints=known
        )
    if reason := _unseen(state, statement, row, dict(key)):
        return replace(start, reason=reason)
    return replace(start, outcome="pass", reason=f"Satisfied: the query does not give {what}.", parts=parts)


def _clause(text: str, found: Explanation, *, holds: bool) -> Clause:
    return Clause(
        text=text, kind="test", role="", truth="true" if holds else "false", reached=True, decides=True,
        left=found.left, right=found.right, difference=found.difference, values=found.values, clauses=(),
    )  # fmt: skip


def _unseen(state: State, statement: Query, row: int | None, key: dict[str, str | None]) -> str:
    """Why the query does not see a row or key; '' when it does."""
    rule = statement.rule
    unit = unit_of_row(state, statement.input, row) if row is not None else unit_of_key(state, key)
    if left_out := gated(state, rule, unit):
        return left_out
    if row is None:
        return ""
    rows, bad = statement.rows(statement.input.name, statement.body.reads[statement.input.name])
    if not state.session.one(f"SELECT {bad} FROM ({rows}) WHERE row_number = {row}")[0]:
        return ""
    return "Not evaluated: a cell the query reads cannot be read."
