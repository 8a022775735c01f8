"""Rules over delivered inputs -> findings, states of records, units, tables and outputs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from rulepacks.engine.evaluation.findings import FindingsWriter
from rulepacks.engine.evaluation.outputs import write_outputs
from rulepacks.engine.evaluation.parquet import write_parquet, write_tables
from rulepacks.engine.evaluation.plan import plan_stages, skip_rules
from rulepacks.engine.evaluation.records import decide_records, open_records
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.stages import StageRun
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.units import decide_units, open_units, unit_rows
from rulepacks.engine.loading.parameters import bind_parameters
from rulepacks.engine.progress import Progress
from rulepacks.engine.spec import SEVERITIES, Pack
from rulepacks.engine.summary import OutcomeSummary, OutputSummary


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation came to. Counts by status of units, severity of findings, state of records."""

    outcomes: tuple[OutcomeSummary, ...]
    statuses: Mapping[str, int]
    findings: Mapping[str, int]
    records: Mapping[str, int]
    outputs: tuple[OutputSummary, ...]
    digest: str
    seconds: Mapping[str, float]


def evaluate(
    con: duckdb.DuckDBPyConnection,
    pack: Pack,
    relations: Mapping[str, str],
    parameters: Mapping[str, object],
    out: Path,
    report: Callable[[Progress], None],
) -> Evaluation:
    """Judge inputs by a pack.

    `relations` gives for each delivered input the SQL of a relation in the snapshot format: `row_number`, then one
    text column for each delivered column. Findings, states of
    records, units, tables and outputs are written into `out`. Raises ParameterError, duckdb.InterruptException, and
    KeyError for a relation the pack has no input for.
    """
    began = time.perf_counter()
    session = Session(con, pack, relations, bind_parameters(pack, parameters), out, report)
    state = State(session)
    state.open()
    open_units(session)
    open_records(session)
    runnable = skip_rules(session)
    plans = plan_stages(session, runnable)
    session.total_steps = sum(plan.steps for plan in plans) + 1
    writer = FindingsWriter(session, out / "findings.parquet")
    for number in range(len(plans)):
        run = StageRun(state, plans, number)
        run.judge()
        run.show(writer)
        run.drop()
    digest = writer.close()
    finishing = time.perf_counter()
    statuses = decide_units(session)
    write_parquet(session, unit_rows(session), out / "units.parquet")
    records = decide_records(session, out / "record_states.parquet")
    write_tables(session, state.tables, out)
    outputs = write_outputs(state, out)
    session.tell("end", "states and outputs", [], time.perf_counter() - finishing)
    return Evaluation(
        outcomes=outcomes(session), statuses=statuses, findings=finding_counts(state), records=records,
        outputs=outputs, digest=digest, seconds={**session.seconds, "rules": time.perf_counter() - began},
    )  # fmt: skip


def outcomes(session: Session) -> tuple[OutcomeSummary, ...]:
    """How each rule fared, in the pack's order."""
    return tuple(
        OutcomeSummary(
            rule=rule.code, type=rule.type, stage=rule.stage, severity=rule.severity.otherwise, label=rule.label,
            title=rule.title, passed=tally.passed, failed=tally.failed, not_applicable=tally.not_applicable,
            not_evaluated=tally.not_evaluated, errored=tally.errored, seconds=round(tally.seconds, 6),
            reason=tally.reason,
        )
        for rule in session.pack.rules for tally in [session.tallies[rule.code]]
    )  # fmt: skip


def finding_counts(state: State) -> dict[str, int]:
    """Findings by severity."""
    rows = state.session.rows('SELECT severity, sum(n)::BIGINT FROM "unit:hits" GROUP BY severity')
    found = {str(severity): int(count) for severity, count in rows}
    return {severity: found.get(severity, 0) for severity in SEVERITIES}
