"""Rules about groups and reconciled keys, as they can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rulepacks.engine.bodies import GroupBody, ReconcileBody, Side
from rulepacks.engine.compile_sql import Compiler, quoted
from rulepacks.engine.evaluation.group_query import GroupQuery
from rulepacks.engine.evaluation.reconcile import Pairs, agreement, concerned, matched, pair_compiler
from rulepacks.engine.evaluation.reconcile_side import SideQuery
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.explanation.outline import Outline, Splitter
from rulepacks.engine.explanation.sight import Sight, bit_outcomes, equal_to, outcome_case
from rulepacks.engine.explanation.trace import Behind, Line
from rulepacks.engine.expressions.tree import Aggregate, Field, Node, walk
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.expressions.written import written
from rulepacks.engine.spec import Pack, Rule

LOOKED_AT = 10_000
"""Rows behind a key that hints look through."""
SHOWN_LINES = 100
Key = Sequence[tuple[str, str | None]]


def group_sight(query: GroupQuery, rule: Rule) -> Sight:
    """All groups a rule is judged on; `query` is that of this rule alone."""
    assert isinstance(rule.body, GroupBody)
    session, tests = query.state.session, bit_outcomes(query.places[rule.code])
    table = query.table()
    relation = f"SELECT *, {outcome_case(tests)} FROM ({table}) WHERE {query.present(rule)}"
    splitter, to = Splitter(session.pack), query.compiler(rule)
    reached = ((rule.when, True),) if rule.when is not None else ()
    parts = [("when", splitter.split(rule.when))] if rule.when is not None else []
    parts.append(("require", splitter.split(rule.body.require, reached)))
    return Sight(session, relation, to, parts, to.value)


def pair_sight(state: State, pairs: Pairs, rule: Rule) -> Sight:
    """All keys of a reconciliation, with what one of its codes comes to."""
    assert isinstance(rule.body, ReconcileBody)
    body, to = rule.body, pair_compiler()
    wanted = ("differs", "only_left", "only_right") if body.part == "any" else (body.part,)
    tests = [("blocked", "not_evaluated"), ("kind = 'broken'", "error")]
    tests += [(f"kind = '{kind}'", "fail") for kind in wanted]
    tests.append((f"NOT ({concerned(body)})", "not_applicable"))
    relation = f"SELECT *, {outcome_case(tests)} FROM ({matched(state, pairs, body)})"
    return Sight(state.session, relation, to, pair_parts(state.session.pack, rule), to.value)


def pair_parts(pack: Pack, rule: Rule) -> list[tuple[str, Outline]]:
    """That both sides have the key, and that they agree."""
    assert isinstance(rule.body, ReconcileBody)
    body, splitter = rule.body, Splitter(pack)
    parts = [
        (name, Outline(f"{side.input} has the key", "test", Field(name=f"has_{name}", type=BOOLEAN)))
        for name, side in (("left", body.left), ("right", body.right))
    ]
    if body.part in {"any", "differs"}:
        parts.append(("agree", splitter.split(agreement(body, rule))))
    return parts if not body.missing_is_zero else parts[-1:]


@dataclass(frozen=True)
class RowsBehind:
    """The rows of one side: its working table, the SQL of its key columns, what it takes, what may block it."""

    side: Literal["", "left", "right"]
    work: Work
    to: Compiler
    key: Mapping[str, str]
    where: Node | None
    sums: Sequence[Aggregate]
    blockers: Mapping[str, str]

    @property
    def rows(self) -> str:
        """SELECT of all its rows with the key columns under their names."""
        made = [f"{sql} AS {quoted(name)}" for name, sql in self.key.items() if sql != quoted(name)]
        return f"SELECT {', '.join(['*', *made])} FROM {self.work.name}"

    @property
    def picked(self) -> str:
        """The condition that a row is looked at."""
        return "true" if self.where is None else f"({self.to.shown(self.where)}) IS TRUE"


def behind_group(state: State, query: GroupQuery, rule: Rule) -> RowsBehind:
    """The rows of the groups of a rule."""
    assert isinstance(rule.body, GroupBody)
    body, to = rule.body, Source(state.session, query.work.input, state.joins).compiler()
    sides = [node for node in (body.left, body.right) if node is not None] or [body.require]
    key = {name: quoted(name) for name in body.by}
    return RowsBehind("", query.work, to, key, body.where, _sums(sides), query.blockers(rule))


def behind_pair(state: State, pairs: Pairs, body: ReconcileBody) -> list[RowsBehind]:
    """The rows of both sides of a reconciliation."""
    found = []
    sides: tuple[tuple[Literal["left", "right"], Side], ...] = (("left", body.left), ("right", body.right))
    for work, (name, side) in zip(pairs.works, sides, strict=True):
        to = Source(state.session, work.input, state.joins).compiler()
        key = {column: to.value(node) for column, node in zip(body.on, side.on, strict=True)}
        blocked = SideQuery(state, work, side, body.on, pairs.rules[0]).blockers()
        found.append(RowsBehind(name, work, to, key, side.where, _sums([side.value]), blocked))
    return found


def _sums(nodes: Iterable[Node]) -> list[Aggregate]:
    parts = [part for node in nodes for part in walk(node) if isinstance(part, Aggregate) and part.name == "sum"]
    return list(dict.fromkeys(parts))


def read_rows(one: RowsBehind, session: Session, key: Key) -> tuple[Behind, list[Line]]:
    """How many rows a key has, the first of them, and those that hints look through."""
    same, picked = equal_to(key), one.picked
    taken = [_taken(one.to, node) for node in one.sums]
    counted = f"{picked} AND ({' OR '.join(f'{sql} IS NOT NULL' for sql in taken) or 'true'})"
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in ("true", picked, counted))
    total, chosen, summed = session.one(f"SELECT {counts} FROM ({one.rows}) WHERE {same}")
    listed = "".join(f", CAST({sql} AS VARCHAR)" for sql in taken)
    found = session.rows(
        f"SELECT row_number{listed} FROM ({one.rows}) WHERE {same} AND {counted} ORDER BY row_number LIMIT {LOOKED_AT}"
    )
    names = [written(node.operand) for node in one.sums if node.operand is not None]
    lines = [Line(int(row), dict(zip(names, amounts, strict=True))) for row, *amounts in found]
    where = "" if one.where is None else written(one.where)
    shown = tuple(lines[:SHOWN_LINES])
    return Behind(one.side, one.work.input.name, where, int(total), int(chosen), int(summed), shown), lines


def _taken(to: Compiler, node: Aggregate) -> str:
    """SQL of what a sum takes of a row; NULL where its filter leaves the row out."""
    assert node.operand is not None
    value = to.value(node.operand)
    return value if node.where is None else f"CASE WHEN {to.value(node.where)} THEN {value} END"


def first_blocked(one: RowsBehind, session: Session, key: Key) -> str:
    """What keeps a key from being judged, with the first row it stands in; '' when this side does not."""
    for text, test in one.blockers.items():
        first = session.one(f"SELECT min(row_number) FROM ({one.rows}) WHERE {equal_to(key)} AND ({test})")[0]
        if first is not None:
            return f"{one.work.input.name} row {first}: {text}"
    return ""
