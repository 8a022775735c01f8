"""Explanations of all rows and keys of all cases: they agree with the outcomes counted and the findings written."""

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from rulepacks.engine.bodies import ReconcileBody
from rulepacks.engine.case_runs import alone, register
from rulepacks.engine.cases import Case, load_cases
from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.evaluation.stages import StageRun
from rulepacks.engine.explain import Watcher
from rulepacks.engine.explanation.answers import deciding
from rulepacks.engine.explanation.asked import about_rows
from rulepacks.engine.explanation.record_explained import explain_record
from rulepacks.engine.explanation.trace import Clause, Explanation, Question
from rulepacks.engine.loader import load_pack
from rulepacks.engine.progress import silent
from rulepacks.engine.record import is_single
from rulepacks.engine.spec import PARSE, Pack, Rule

EXAMPLES = Path(__file__).parent / "packs"
# One pack for each way a rule can be about rows or keys.
NAMES = ("days", "explained", "keys", "likeness", "partners", "queries", "rows", "schedules", "scores", "sequences")
FOLDERS = {name: EXAMPLES / name for name in NAMES}
PACKS = {name: load_pack(folder) for name, folder in FOLDERS.items()}
RULES = [(name, rule.code) for name, pack in PACKS.items() for rule in pack.rules if rule.code != PARSE]
OUTCOMES = {
    "pass": "passed", "fail": "failed", "not_applicable": "not_applicable", "not_evaluated": "not_evaluated",
    "error": "errored",
}  # fmt: skip
SHARED = ("severity", "label", "unit", "left", "right", "difference", "tolerance", "message", "input")


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET ieee_floating_point_ops = false")
    return connection


def judged(
    pack: Pack, rule: Rule, case: Case, con: duckdb.DuckDBPyConnection, out: Path
) -> tuple[Counter[str], list[dict[str, Any]], list[Explanation]]:
    """What a case comes to: outcomes, findings, and explanations of all rows, or of the keys with findings."""
    explained: list[Explanation] = []
    relations = {name: register(con, name, rows) for name, rows in case.given.items()}

    def rows(run: StageRun) -> None:
        if rule in run.rules and about_rows(rule):
            numbers = con.sql(f"SELECT row_number FROM {relations[rule.input]} ORDER BY 1").fetchall()
            for (number,) in numbers:
                explained.append(asked(run, Question(rule.code, row=number)))

    def keys(run: StageRun) -> None:
        if rule in run.rules and not about_rows(rule):
            for one in found():
                body, side = rule.body, ""
                # Blanks match nothing: such a key is one of each side.
                if isinstance(body, ReconcileBody) and one["left"] is None:
                    side = body.right.input
                explained.append(asked(run, Question(rule.code, key=json.loads(one["key"]), input=side)))

    def asked(run: StageRun, question: Question) -> Explanation:
        watcher = Watcher(rule, question)
        watcher.look(run)
        assert watcher.found is not None
        return watcher.found

    def found() -> list[dict[str, Any]]:
        rows = pq.read_table(out / "findings.parquet").to_pylist()
        return [row for row in rows if row["rule"] == rule.code]

    evaluation = evaluate(con, alone(pack, rule.code), relations, case.parameters, out, silent, look=rows)
    if not about_rows(rule):
        evaluate(con, alone(pack, rule.code), relations, case.parameters, out / "again", silent, look=keys)
    tally = next(one for one in evaluation.outcomes if one.rule == rule.code)
    counts = Counter({name: getattr(tally, attribute) for name, attribute in OUTCOMES.items()})
    return +counts, found(), explained


@pytest.mark.parametrize(("name", "code"), RULES)
def test_explanations_agree_with_what_was_judged(
    name: str, code: str, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    pack = PACKS[name]
    rule = pack.rule(code)
    for number, case in enumerate(case for case in load_cases(FOLDERS[name], pack) if case.rule == code):
        out = tmp_path / str(number)
        (out / "again").mkdir(parents=True)
        counts, findings, explained = judged(pack, rule, case, con, out)
        if about_rows(rule) and explained:
            assert Counter(one.outcome for one in explained) == counts, case.title
        failed = sorted((one for one in explained if one.outcome == "fail"), key=lambda one: one.row or 0)
        if about_rows(rule):
            assert [one.row for one in failed] == [finding["row"] for finding in findings]
        for one, finding in zip(failed, findings, strict=True):
            assert {field: getattr(one, field) for field in SHARED} == {field: finding[field] for field in SHARED}
            assert (one.key, one.values) == (json.loads(finding["key"]), json.loads(finding["fields"]))
        same_alone(pack, rule, case, explained)
        for one in explained:
            consistent(one)


def same_alone(pack: Pack, rule: Rule, case: Case, explained: list[Explanation]) -> None:
    """A record by itself is explained as its row is. Of a rule that is not in force no row is explained."""
    if not (explained and is_single(pack, rule)):
        return
    for row, one in zip(case.given[pack.first_input.name], explained, strict=True):
        assert asdict(explain_record(pack, rule.code, row, case.parameters)) == asdict(replace(one, row=None))


def consistent(one: Explanation) -> None:
    """The clauses bear out the outcome, and the reason is a sentence."""
    assert one.reason.endswith("."), one
    assert "cannot be explained" not in one.reason
    parts = {part.name: part.clause for part in one.parts}
    for clause in parts.values():
        sound(clause)
    required = parts.get("require")
    if required is None or "cannot be read" in one.reason or "on_null" in one.reason:
        return
    if one.outcome == "error":
        assert "error" in {clause.truth for clause in parts.values()}
    if one.outcome in {"pass", "fail"}:
        assert (required.truth == "true") == (one.outcome == "pass"), one


def sound(clause: Clause) -> None:
    """What a clause is follows from the clauses it is made of, and from those that decide alone."""
    truths = {part.truth for part in clause.clauses}
    if clause.kind in {"and", "or"} and clause.reached and "error" not in truths:
        weakest = ["false", "unknown", "true"] if clause.kind == "and" else ["true", "unknown", "false"]
        assert clause.truth == next(truth for truth in weakest if truth in truths), clause
    if clause.kind == "case":
        taken = [part for part in clause.clauses if part.reached and part.role != "when"]
        assert len(taken) == 1, clause
        assert clause.truth in {taken[0].truth, "error"}, clause
    if clause.decides:
        assert all(one.decides for one in deciding(clause))
    for part in clause.clauses:
        sound(part)
