"""Units that are left out of a stage."""

from __future__ import annotations

from collections.abc import Mapping

from rulepacks.engine.compile_sql import text_literal
from rulepacks.engine.evaluation.joins import unit_sql
from rulepacks.engine.evaluation.reads import Reads
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import UNIT_HITS, State, stages_before
from rulepacks.engine.spec import Input, Rule


def unit_of_row(state: State, given: Input, row: int) -> str | None:
    """The unit of a delivered row."""
    session, unit = state.session, unit_sql(state.session, given.name)
    if unit is None:
        return None
    reads = Reads().add_names(session.pack, given, session.pack.first_input.unit)
    rows = Source(session, given, state.joins).select(reads, f"row_number = {row}")
    found = session.rows(f"SELECT {unit} FROM ({rows})")
    return found[0][0] if found else None


def unit_of_key(state: State, key: Mapping[str, str | None]) -> str | None:
    """The unit a key names; None when it does not name one."""
    unit = state.session.pack.first_input.unit
    parts = [key.get(name) for name in unit]
    return "|".join(part or "" for part in parts) if any(parts) else None


def gated(state: State, rule: Rule, unit: str | None) -> str:
    """Why a unit is left out of the stage of a rule; '' when it is not."""
    stages = sorted(stages_before(state.session.pack, rule.stage))
    gated_stage = any(stage.name == rule.stage and stage.gate_unit for stage in state.session.pack.stages)
    if unit is None or not gated_stage or not stages:
        return ""
    rows = state.session.rows(
        f"SELECT DISTINCT rule FROM {UNIT_HITS} WHERE severity = 'fatal' AND unit = {text_literal(unit)} "
        f"AND stage IN ({', '.join(map(text_literal, stages))}) ORDER BY rule"
    )
    codes = ", ".join(code for (code,) in rows)
    return f"Not evaluated: {unit} is left out of this stage, for fatal findings of {codes}." if codes else ""
