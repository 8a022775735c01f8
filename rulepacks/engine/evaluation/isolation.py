"""A stage judged as a whole or, when that breaks, rule by rule, so that only the guilty rules are lost.

An evaluation that breaks is begun anew without what was found to be broken: nothing half done is built upon.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rulepacks.engine.bodies import ReconcileBody
from rulepacks.engine.evaluation.faulty import Faulty
from rulepacks.engine.evaluation.findings import FindingsWriter, Rehearsal
from rulepacks.engine.evaluation.masks import layered
from rulepacks.engine.evaluation.plan import StagePlan, tables_read
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.stages import StageRun
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.watch import BREAKING, reason_of
from rulepacks.engine.progress import ONE_BY_ONE, Progress
from rulepacks.engine.spec import Rule

Look = Callable[[StageRun], None]
"""What is shown a stage while its working tables are there."""


class AgainError(Exception):
    """The evaluation must begin anew, without what has been found to be broken."""


def run_stage(
    state: State,
    plan: StagePlan,
    ahead: Sequence[StagePlan],
    writer: FindingsWriter,
    faulty: Faulty,
    look: Look | None,
) -> None:
    """Judge one stage, write its findings and let `look` see it. Raises AgainError once `faulty` knows more."""
    if plan.stage.name in faulty.apart:
        _run_apart(state, plan, writer, faulty, look)
        return
    run = StageRun(state, plan, ahead)
    try:
        run.judge()
        run.show(writer)
    except BREAKING as error:
        faulty.learn(_search(state, plan), plan.stage.name)
        raise AgainError from error
    if look is not None:
        look(run)
    run.drop()


def _run_apart(state: State, plan: StagePlan, writer: FindingsWriter, faulty: Faulty, look: Look | None) -> None:
    began, state.session.quiet = time.perf_counter(), True
    runs = [StageRun(state, part, ()) for part in parts(plan)]
    for at, run in enumerate(runs):
        _tell(state.session, run.plan, at, len(runs))
        with _blaming(faulty, run):
            run.judge()
            run.prepare()
    for at, rule in enumerate(plan.rules):
        for run in runs:
            if rule in run.rules:
                _tell(state.session, run.plan, at, len(plan.rules))
                with _blaming(faulty, run):
                    run.show_rule(rule, writer)
    for run in runs:
        if look is not None:
            look(run)
        run.drop()
    state.session.quiet = False
    state.session.tell(plan.stage.name, "all rules", list(plan.rules), time.perf_counter() - began)


@contextmanager
def _blaming(faulty: Faulty, run: StageRun) -> Iterator[None]:
    try:
        yield
    except BREAKING as error:
        faulty.blame(run.plan, reason_of(error, run.session.budget.limits))
        raise AgainError from error


def _search(state: State, plan: StagePlan) -> Faulty:
    """What of a stage breaks by itself. The state is of no use afterwards."""
    session, found, chosen = state.session, Faulty(), parts(plan)
    with _rehearsal(session):
        for at, part in enumerate(chosen):
            if any(found.tables.keys() & tables_read(session.pack, rule) for rule in part.rules):
                continue
            session.budget = replace(session.budget, sharers=len(chosen) - at)
            _tell(session, part, at, len(chosen))
            run = StageRun(state, part, ())
            try:
                run.judge()
                run.show(Rehearsal(session))
            except BREAKING as error:
                reason = reason_of(error, session.budget.limits)
                found.blame(part, reason)
                for rule in part.rules:
                    session.tallies[rule.code].reason = reason
            else:
                run.drop()
    return found


def _tell(session: Session, part: StagePlan, at: int, total: int) -> None:
    """Say what is tried, before it is: whoever watches the process knows what it died of."""
    names = [*(rule.code for rule in part.rules), *(table.name for table in part.tables)]
    session.report(Progress("rules", f"{part.stage.name} / {ONE_BY_ONE}", at, total, ", ".join(names)))


@contextmanager
def _rehearsal(session: Session) -> Iterator[None]:
    """What runs inside counts for nothing and leaves time for the evaluation that follows."""
    budget = session.budget
    session.quiet, session.budget = True, budget.part()
    try:
        yield
    finally:
        session.quiet, session.budget = False, budget


def parts(plan: StagePlan) -> list[StagePlan]:
    """A stage as parts of one table or rule, each after what it needs; the codes of one reconciliation stay together.

    Columns that later stages need are left to those: what computes them may be what is broken.
    """
    by_place: dict[object, list[Rule]] = {}
    for layer in layered(plan.rules):
        for rule in layer:
            by_place.setdefault(rule.place if isinstance(rule.body, ReconcileBody) else rule.code, []).append(rule)
    tables = [replace(plan, rules=(), tables=(table,)) for table in plan.tables]
    rules = [replace(plan, rules=tuple(chosen), tables=()) for chosen in by_place.values()]
    return [replace(part, part=number) for number, part in enumerate([*tables, *rules], start=1)]
