"""Scores of all rows of a scoring rule, as a table."""

from rulepacks.engine.bodies import ScoreBody
from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.joins import gate_condition, unit_sql
from rulepacks.engine.evaluation.reads import Reads
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import Made, State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.spec import Rule

UNIT = '"unit:of"'


def build_scores(state: State, work: Work, rule: Rule) -> None:
    """Make `table:<code>`: key fields of each scored row, components, total, gates failed, decision and reasons."""
    assert isinstance(rule.body, ScoreBody)
    session, given = state.session, work.input
    source = Source(session, given, state.joins)
    when = [rule.when] if rule.when is not None else []
    reads = Reads().add(session.pack, given, [*when, *(node for _, node in rule.body.columns)])
    reads.add_names(session.pack, given, given.key)
    unit = unit_sql(session, given.name)
    if unit:
        reads.add_names(session.pack, given, session.pack.first_input.unit)
    gate = gate_condition(session, given.name, state.gate(work.stage), reads)
    to = source.compiler()
    conditions = [*(to.value(node) for node in when), *([gate] if gate else [])]
    columns = [quoted(name) for name in given.key]
    columns += [f"{to.value(node)} AS {quoted(name)}" for name, node in rule.body.columns]
    session.run(
        f"CREATE OR REPLACE TEMP TABLE {quoted(f'table:{rule.code}')} AS SELECT row_number, {', '.join(columns)}, "
        f"{unit or 'NULL'} AS {UNIT} FROM ({source.select(reads)}) WHERE {' AND '.join(conditions) or 'true'}"
    )
    names = ("row_number", *given.key, *(name for name, _ in rule.body.columns))
    state.tables[rule.code] = Made(columns=names, order="row_number", unit=UNIT)
