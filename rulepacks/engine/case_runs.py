"""Runs cases: each rule by itself (with the rules it needs) over the rows of its example."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from rulepacks.engine.cases import Case, Row
from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.evaluation.alone import only
from rulepacks.engine.evaluation.isolation import Look
from rulepacks.engine.evaluation.stages import StageRun
from rulepacks.engine.explanation.coverage import ClauseCount, count_clauses
from rulepacks.engine.problems import ParameterError
from rulepacks.engine.spec import Pack, Rule
from rulepacks.engine.summary import OutcomeSummary

_OUTCOMES = ("passed", "failed", "not_applicable", "not_evaluated", "errored")
_NAMES = {"pass": "passed", "fail": "failed", "error": "errored"}


@dataclass(frozen=True)
class CaseResult:
    """A case, why it does not hold ('' when it does), and what the clauses of its rule came to."""

    case: Case
    reason: str
    clauses: tuple[ClauseCount, ...]


def run_cases(pack: Pack, cases: Sequence[Case], con: duckdb.DuckDBPyConnection) -> list[CaseResult]:
    """Run cases one after another on one connection."""
    results = []
    for case in cases:
        seen: list[ClauseCount] = []
        rule = pack.rule(case.rule)

        def look(run: StageRun, rule: Rule = rule, seen: list[ClauseCount] = seen) -> None:
            if rule in run.rules:
                seen[:] = count_clauses(run, rule)

        reason = run_case(pack, case, con, look)
        results.append(CaseResult(case, reason, tuple(seen)))
    return results


def run_case(pack: Pack, case: Case, con: duckdb.DuckDBPyConnection, look: Look | None = None) -> str:
    """Run one case; returns why it does not hold, or ''."""
    small = alone(pack, case.rule)
    relations = {name: register(con, name, rows) for name, rows in case.given.items()}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        try:
            evaluation = evaluate(con, small, relations, case.parameters, out, lambda _: None, look=look)
        except ParameterError as error:
            return str(error)
        findings = [row for row in pq.read_table(out / "findings.parquet").to_pylist() if row["rule"] == case.rule]
    outcome = next(outcome for outcome in evaluation.outcomes if outcome.rule == case.rule)
    if case.expect:
        return _compare(case.expect, findings, outcome)
    return _no_finding(case, outcome, findings)


def alone(pack: Pack, code: str) -> Pack:
    """The pack with one rule and the rules it needs, without gates."""
    stages = tuple(replace(stage, gate_unit=False) for stage in pack.stages)
    return replace(only(pack, [code]), stages=stages)


def register(con: duckdb.DuckDBPyConnection, name: str, rows: Sequence[Row]) -> str:
    """Register the rows of a case; returns the SQL of the relation."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    arrays = {"row_number": pa.array(range(1, len(rows) + 1), pa.int64())}
    arrays |= {column: pa.array([row.get(column) for row in rows], pa.string()) for column in columns}
    con.register(f"case:{name}", pa.table(arrays))
    return f'"case:{name}"'


def _no_finding(case: Case, outcome: OutcomeSummary, findings: list[dict[str, Any]]) -> str:
    wanted = _NAMES.get(case.outcome, case.outcome)
    counts = {name: getattr(outcome, name) for name in _OUTCOMES}
    if findings:
        return f"expected {case.outcome}, found: {findings[0]['message']}"
    others = {name: count for name, count in counts.items() if count and name != wanted}
    if counts[wanted] and not (others and case.outcome != "pass"):
        return "" if not outcome.errored or case.outcome == "error" else f"the rule broke: {outcome.reason}"
    return f"expected {case.outcome}, outcomes are {_listed(counts)} {outcome.reason}".strip()


def _compare(expect: Sequence[Mapping[str, Any]], findings: list[dict[str, Any]], outcome: OutcomeSummary) -> str:
    if len(expect) != len(findings):
        counts = {name: getattr(outcome, name) for name in _OUTCOMES}
        reason = f"found {len(findings)} (outcomes {_listed(counts)}) {outcome.reason}".strip()
        return f"expected {len(expect)} findings, {reason}"
    for number, (wanted, found) in enumerate(zip(expect, findings, strict=True), start=1):
        for name, value in wanted.items():
            actual = json.loads(found[name]) if name in {"key", "fields"} else found[name]
            if _plain(value) != _plain(actual):
                return f"finding {number}: {name} is {_plain(actual)}, expected {_plain(value)}"
    return ""


def _plain(value: object) -> object:
    """Values as texts, so that 5 and "5" are the same in a case."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if value is None else str(value)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
