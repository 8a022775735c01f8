"""Explain the outcome of one rule for one row or key of delivered inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from rulepacks.engine.bodies import GroupBody, ParseBody, QueryBody, ReconcileBody, ScheduleBody
from rulepacks.engine.evaluate import Evaluation, evaluate
from rulepacks.engine.evaluation.alone import only
from rulepacks.engine.evaluation.stages import StageRun
from rulepacks.engine.evaluation.state import stages_before
from rulepacks.engine.evaluation.watch import BREAKING, Budget, reason_of
from rulepacks.engine.explanation.asked import about_rows, asked_row, asked_rule, key_names
from rulepacks.engine.explanation.key_explained import explain_group, explain_pair
from rulepacks.engine.explanation.query_explained import explain_query
from rulepacks.engine.explanation.row_explained import explain_row
from rulepacks.engine.explanation.schedule_explained import explain_schedule
from rulepacks.engine.explanation.trace import Explanation, Question, begun
from rulepacks.engine.progress import Progress
from rulepacks.engine.spec import Pack, Rule


def explain(
    con: duckdb.DuckDBPyConnection,
    pack: Pack,
    relations: Mapping[str, str],
    parameters: Mapping[str, object],
    question: Question,
    out: Path,
    report: Callable[[Progress], None],
    budget: Budget | None = None,
) -> Explanation:
    """Judge inputs as `evaluate` does, as far as the rule asked about needs it, and say why it came out as it did.

    Raises BadInput for a question that fits no rule, row or key, and what `evaluate` raises.
    """
    rule = asked_rule(pack, question)
    watcher = Watcher(rule, question)
    evaluation = evaluate(con, _enough(pack, rule), relations, parameters, out, report, budget, watcher.look)
    return watcher.found or _not_judged(rule, question, evaluation)


def _enough(pack: Pack, rule: Rule) -> Pack:
    """The pack with what decides a rule: itself, what it needs, and the rules that may gate its stage."""
    stage = next(stage for stage in pack.stages if stage.name == rule.stage)
    gating = stages_before(pack, stage.name) if stage.gate_unit else set()
    return only(pack, [rule.code, *(other.code for other in pack.rules if other.stage in gating)])


def _not_judged(rule: Rule, question: Question, evaluation: Evaluation) -> Explanation:
    """For a rule that was not run, or could not be."""
    tally = next(one for one in evaluation.outcomes if one.rule == rule.code)
    start = replace(begun(rule), row=question.row, key=question.key)
    if tally.errored:
        return replace(start, outcome="error", reason=f"The rule broke: {tally.reason}.")
    if tally.not_applicable:
        return replace(start, outcome="not_applicable", reason=f"Does not apply: {tally.reason}.")
    return replace(start, reason=f"Not evaluated: {tally.reason or 'no input of it was delivered'}.")


@dataclass
class Watcher:
    """Looks at the stage of the rule while its working tables are there."""

    rule: Rule
    question: Question
    found: Explanation | None = field(default=None, init=False)

    def look(self, run: StageRun) -> None:
        """Explain, when this is the stage."""
        if self.rule not in run.rules:
            return
        try:
            self._look(run)
        except BREAKING as error:
            reason = reason_of(error, run.session.budget.limits)
            self.found = replace(begun(self.rule), outcome="error", reason=f"It cannot be explained: {reason}.")

    def _look(self, run: StageRun) -> None:
        state, rule, question = run.state, self.rule, self.question
        if about_rows(rule):
            given = question.input or rule.input
            if given not in run.session.relations or (isinstance(rule.body, ParseBody) and given not in run.works):
                return
            row = asked_row(run.state, given, question)
            if isinstance(rule.body, QueryBody):
                self.found = explain_query(state, rule, row, ())
            else:
                self.found = explain_row(state, run.works[given], rule, row)
            return
        key = [(name, question.key[name]) for name in key_names(rule)]
        if isinstance(rule.body, GroupBody):
            self.found = explain_group(state, run.works[rule.input], rule, key, question)
        elif isinstance(rule.body, ReconcileBody):
            pairs = next(pairs for pairs in run.pairs if rule in pairs.rules)
            self.found = explain_pair(state, pairs, rule, key, question)
        elif isinstance(rule.body, ScheduleBody):
            self.found = explain_schedule(state, rule, key)
        else:
            self.found = explain_query(state, rule, None, key)
