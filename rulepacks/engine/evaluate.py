"""Rules over delivered inputs -> findings, states of records, units, tables and outputs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.faulty import Faulty
from rulepacks.engine.evaluation.findings import FindingsWriter
from rulepacks.engine.evaluation.isolation import AgainError, Look, run_stage
from rulepacks.engine.evaluation.outputs import write_outputs
from rulepacks.engine.evaluation.parquet import write_parquet, write_tables
from rulepacks.engine.evaluation.plan import plan_stages, skip_rules
from rulepacks.engine.evaluation.records import decide_records, note_broken, open_records
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.units import decide_units, open_units, unit_rows
from rulepacks.engine.evaluation.watch import Budget, Watch
from rulepacks.engine.loading.parameters import bind_parameters
from rulepacks.engine.progress import STUCK, Progress
from rulepacks.engine.spec import SEVERITIES, Pack
from rulepacks.engine.summary import OutcomeSummary, OutputSummary


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation came to. Counts by status of units, severity of findings, state of records.

    `unitless` findings are in no unit's status, though the pack has units.
    """

    outcomes: tuple[OutcomeSummary, ...]
    statuses: Mapping[str, int]
    findings: Mapping[str, int]
    unitless: int
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
    budget: Budget | None = None,
    look: Look | None = None,
    faulty: Faulty | None = None,
) -> Evaluation:
    """Judge inputs by a pack.

    `relations` gives for each delivered input the SQL of a relation in the snapshot format: `row_number`, then one
    text column for each delivered column. Findings, states of
    records, units, tables and outputs are written into `out`. A rule that breaks, or takes more than the budget
    allows, has the outcome error and its reason; the others are judged without it, and without what is known to be
    `faulty`. A statement that cannot be stopped is reported as `STUCK`, by another thread. `look` may look at each
    stage while its working tables are there. Raises ParameterError,
    duckdb.InterruptException, and KeyError for a relation the pack has no input for.
    """
    bound, faulty, standing = bind_parameters(pack, parameters), faulty or Faulty(), _temporary(con)
    watch = Watch(con.interrupt, lambda: report(Progress("rules", STUCK, 0, None, "")))
    try:
        while True:
            session = Session(con, pack, relations, bound, out, report, budget or Budget(), watch)
            try:
                return _evaluate(session, faulty, look)
            except AgainError:
                for kind, name in _temporary(con) - standing:
                    con.execute(f"DROP {kind} IF EXISTS {quoted(name)}")
    finally:
        watch.close()


def _temporary(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Temporary views and tables of a connection."""
    return set(con.execute(
        "SELECT 'VIEW', view_name FROM duckdb_views() WHERE temporary AND NOT internal "
        "UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables() WHERE temporary AND NOT internal"
    ).fetchall())  # fmt: skip


def _evaluate(session: Session, faulty: Faulty, look: Look | None) -> Evaluation:
    """One evaluation without what is faulty. Raises AgainError."""
    began, state, out = time.perf_counter(), State(session), session.out
    state.open()
    open_units(session)
    open_records(session)
    plans = plan_stages(session, skip_rules(session, faulty), faulty)
    note_broken(session)
    session.total_steps = sum(plan.steps for plan in plans) + 1
    writer = FindingsWriter(session, out / "findings.parquet")
    try:
        for number, plan in enumerate(plans):
            run_stage(state, plan, plans[number + 1 :], writer, faulty, look)
    finally:
        digest = writer.close()
    finishing = time.perf_counter()
    statuses = decide_units(session)
    write_parquet(session, unit_rows(session), out / "units.parquet")
    records = decide_records(session, out / "record_states.parquet")
    write_tables(session, state.tables, out)
    outputs = write_outputs(state, out, faulty.tables)
    session.tell("end", "states and outputs", [], time.perf_counter() - finishing)
    return Evaluation(
        outcomes=outcomes(session), statuses=statuses, findings=finding_counts(state),
        unitless=unitless(state), records=records, outputs=outputs, digest=digest,
        seconds={**session.seconds, "rules": time.perf_counter() - began},
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


def unitless(state: State) -> int:
    """Findings that name no unit; 0 for a pack without units."""
    counted = 'SELECT coalesce(sum(n), 0) FROM "unit:hits" WHERE unit IS NULL'
    return int(state.session.one(counted)[0]) if state.session.pack.first_input.unit else 0
