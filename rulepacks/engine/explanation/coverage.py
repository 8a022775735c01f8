"""Which clauses of a rule were true and false for the rows and keys it was judged on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rulepacks.engine.bodies import GroupBody, QueryBody, ReconcileBody, ScheduleBody, ScoreBody
from rulepacks.engine.evaluation.group_query import GroupQuery
from rulepacks.engine.evaluation.queries import Query
from rulepacks.engine.evaluation.schedules import Schedule
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.stages import StageRun
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.explanation.keys import group_sight, pair_sight
from rulepacks.engine.explanation.outline import Outline, Splitter
from rulepacks.engine.explanation.query_sights import query_sights
from rulepacks.engine.explanation.rows import row_sight
from rulepacks.engine.explanation.schedule_explained import schedule_sight
from rulepacks.engine.explanation.sight import JUDGED, OUTCOME, Sight
from rulepacks.engine.expressions.tree import Literal, Node
from rulepacks.engine.spec import Rule


@dataclass(frozen=True)
class ClauseCount:
    """How often a clause came out how, where it was looked at. `depth` counts the clauses it stands in."""

    part: str
    text: str
    depth: int
    true: int
    false: int
    unknown: int
    error: int

    @property
    def both_ways(self) -> bool:
        """Whether it was true and was not."""
        return self.true > 0 and self.false + self.unknown > 0


def added(first: Sequence[ClauseCount], second: Sequence[ClauseCount]) -> tuple[ClauseCount, ...]:
    """The counts of one rule from two runs together; either may be empty."""
    if not (first and second):
        return tuple(first or second)
    return tuple(
        ClauseCount(
            one.part, one.text, one.depth, one.true + other.true, one.false + other.false,
            one.unknown + other.unknown, one.error + other.error,
        )
        for one, other in zip(first, second, strict=True)
    )  # fmt: skip


def count_clauses(run: StageRun, rule: Rule) -> tuple[ClauseCount, ...]:
    """The counts of a rule in a stage that has been judged."""
    return tuple(count for sight in _sights(run, rule) for count in _counted(sight))


def _sights(run: StageRun, rule: Rule) -> Iterator[Sight]:
    state, body = run.state, rule.body
    if rule.row_level:
        sight = row_sight(state, run.works[rule.input], rule)
        points = body.points if isinstance(body, ScoreBody) else ()
        reached = ((rule.when, True),) if rule.when is not None else ()
        splitter = Splitter(state.session.pack)
        components = [(f"components: {name}", splitter.split(node, reached)) for name, node in points]
        yield replace(sight, parts=[*components, *sight.parts])
    elif isinstance(body, GroupBody):
        work = run.works[rule.input]
        yield from _picking(state, work, "where", body.where)
        yield group_sight(GroupQuery(state, work, tuple(sorted(body.by)), [rule]), rule)
    elif isinstance(body, ReconcileBody):
        pairs = next(pairs for pairs in run.pairs if rule in pairs.rules)
        for work, name, side in zip(pairs.works, ("left", "right"), (body.left, body.right), strict=True):
            yield from _picking(state, work, f"{name} where", side.where)
        yield pair_sight(state, pairs, rule)
    elif isinstance(body, ScheduleBody):
        yield schedule_sight(Schedule(state, rule))
    elif isinstance(body, QueryBody):
        yield from query_sights(Query(state, rule))


def _picking(state: State, work: Work, name: str, where: Node | None) -> Iterator[Sight]:
    """The condition that picks rows for a group or side, over all rows of the working table."""
    if where is not None:
        to = Source(state.session, work.input, state.joins).compiler()
        relation = f"SELECT *, 'pass' AS {OUTCOME} FROM {work.name}"
        yield Sight(state.session, relation, to, [(name, Splitter(state.session.pack).split(where))], to.value)


def _counted(sight: Sight) -> Iterator[ClauseCount]:
    clauses = [(name, depth, one) for name, part in sight.parts for depth, one in _walk(part, 0)]
    columns = [column for _, _, one in clauses for column in _columns(sight, one)]
    if not columns:
        return
    row = sight.session.one(f"SELECT {', '.join(columns)} FROM ({sight.relation}) WHERE {JUDGED}")
    for at, (name, depth, one) in enumerate(clauses):
        true, false, unknown, error = (int(value) for value in row[4 * at : 4 * at + 4])
        yield ClauseCount(name, f"{one.role} {one.text}".strip(), depth, true, false, unknown, error)


def _walk(outline: Outline, depth: int) -> Iterator[tuple[int, Outline]]:
    """The clauses with their depth; what is written out as true or false has nothing to be exercised."""
    if not isinstance(outline.node, Literal):
        yield depth, outline
    for part in outline.parts:
        yield from _walk(part, depth + 1)


def _columns(sight: Sight, one: Outline) -> Iterable[str]:
    """SQL of how often a clause is true, false, unknown and broken, where it is looked at."""
    value, fault = sight.to.shown(one.node), sight.to.fault(one.node) or "false"
    reached = [f"({sight.to.shown(node)}) IS {'' if wanted else 'NOT '}TRUE" for node, wanted in one.reached]
    for test in ("TRUE", "FALSE", "NULL"):
        tests = [*reached, f"NOT {fault}", f"({value}) IS {test}"]
        yield f"count(*) FILTER (WHERE {' AND '.join(tests)})"
    yield f"count(*) FILTER (WHERE {' AND '.join([*reached, fault])})"
