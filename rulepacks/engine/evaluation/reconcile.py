"""`reconcile`: both sides summed by key, then one join."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rulepacks.engine.bodies import ReconcileBody
from rulepacks.engine.compile_sql import Compiler, quoted
from rulepacks.engine.evaluation.masks import KINDS, Decision, bits, mask_columns
from rulepacks.engine.evaluation.plan import StagePlan
from rulepacks.engine.evaluation.reconcile_side import MARKS, SideQuery
from rulepacks.engine.evaluation.source import column
from rulepacks.engine.evaluation.state import State, add_counts
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.expressions.tree import Binary, Field, Node
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.loading.draft import within
from rulepacks.engine.spec import Rule, Stage

JOINS = {"all": "FULL", "left": "LEFT", "right": "RIGHT", "both": "INNER"}
"""Which join keeps which keys."""


@dataclass(frozen=True)
class Pairs:
    """A table of the failing keys: `on` columns, `value:left`, `value:right`, `has_right`, masks."""

    name: str
    stage: Stage
    rules: tuple[Rule, ...]
    works: tuple[Work, Work]


def run_reconcile(state: State, plan: StagePlan, works: dict[str, Work], rules: Sequence[Rule]) -> list[Pairs]:
    """Evaluate the reconciliations of a stage; codes of one rule share a statement."""
    stage = plan.stage
    by_place: dict[object, list[Rule]] = {}
    for rule in rules:
        by_place.setdefault(rule.place, []).append(rule)
    done = []
    for number_, chosen in enumerate(by_place.values()):
        session, began = state.session, time.perf_counter()
        body = chosen[0].body
        assert isinstance(body, ReconcileBody)
        pair = works[body.left.input], works[body.right.input]
        everything = quoted(f"matched:{plan.label}:{number_}")
        pairs = Pairs(quoted(f"pairs:{plan.label}:{number_}"), stage, tuple(chosen), pair)
        session.run(f"CREATE OR REPLACE TEMP TABLE {everything} AS {_statement(state, pairs, body)}")
        _count(state, pairs, everything)
        session.run(f"CREATE OR REPLACE TEMP TABLE {pairs.name} AS SELECT * FROM {everything} WHERE fail0 <> 0")
        session.run(f"DROP TABLE {everything}")
        session.tell(stage.name, "reconcile", chosen, time.perf_counter() - began)
        done.append(pairs)
    return done


def _statement(state: State, pairs: Pairs, body: ReconcileBody) -> str:
    places = bits(rule.code for rule in pairs.rules)
    decided = {rule.code: _decide(rule) for rule in pairs.rules}
    texts = [f"({text}) AS {quoted(f'{kind}:{code}')}" for code, decision in decided.items()
             for kind in KINDS if (text := decision.part(kind))]  # fmt: skip
    sql = f"SELECT *, {', '.join(texts)} FROM ({matched(state, pairs, body)})"
    left_out = ", ".join(["kind", "has_left", *MARKS, *(text.rsplit(" AS ", 1)[1] for text in texts)])
    return f"SELECT * EXCLUDE ({left_out}), {', '.join(mask_columns(decided, places))} FROM ({sql})"


def matched(state: State, pairs: Pairs, body: ReconcileBody) -> str:
    """SELECT of all keys: those of `Pairs` with `has_left`, `blocked`, `broken` and `kind`, but no masks."""
    left, right = (
        SideQuery(state, work, side, body.on, pairs.rules[0]).select()
        for work, side in zip(pairs.works, (body.left, body.right), strict=True)
    )
    on = [f"coalesce(l.{quoted(name)}, r.{quoted(name)}) AS {quoted(name)}" for name in body.on]
    columns = [*on, "l.has IS NOT NULL AS has_left", "r.has IS NOT NULL AS has_right",
               'l.value AS "value:left"', 'r.value AS "value:right"']  # fmt: skip
    columns += [f"coalesce(l.{mark}, false) OR coalesce(r.{mark}, false) AS {mark}" for mark in MARKS]
    equal = " AND ".join(f"l.{quoted(name)} = r.{quoted(name)}" for name in body.on)
    joined = f"SELECT {', '.join(columns)} FROM ({left}) l {JOINS[body.keys]} JOIN ({right}) r ON {equal}"
    return f"SELECT *, {_kind(body, pairs.rules[0])} AS kind FROM ({joined})"


def sides(body: ReconcileBody) -> tuple[Field, Field]:
    """The two values as nodes over the pairs."""
    left = Field(name="value:left", type=body.left.value.type)
    return left, Field(name="value:right", type=body.right.value.type)


def pair_compiler() -> Compiler:
    """A compiler for expressions over pairs. A missing side counts as 0."""

    def resolve(node: Node) -> str | None:
        if isinstance(node, Field) and node.name.startswith("value:"):
            return f"coalesce({quoted(node.name)}, 0)"
        return column(node)

    return Compiler(resolve)


def agreement(body: ReconcileBody, rule: Rule) -> Node:
    """The condition, over pairs, that both sides agree."""
    left, right = sides(body)
    if rule.tolerance is not None:
        return within(left, right, rule.tolerance)
    return Binary(op="=", left=left, right=right, type=BOOLEAN)


def _kind(body: ReconcileBody, rule: Rule) -> str:
    """What a key is: blocked, broken, ignored, only_left, only_right, differs or agrees."""
    left, right = sides(body)
    to = pair_compiler()
    agrees = agreement(body, rule)
    compared = f"WHEN {to.fault(agrees) or 'false'} THEN 'broken' WHEN {to.value(agrees)} THEN 'agrees' ELSE 'differs'"
    lonely = ""
    for side, other, value in (("left", "right", left), ("right", "left", right)):
        if body.ignore_zero:
            lonely += f" WHEN NOT has_{other} AND {to.value(value)} = 0 THEN 'ignored'"
        lonely += f" WHEN NOT has_{other} THEN 'only_{side}'"
    kept = "WHEN blocked THEN 'blocked' WHEN broken THEN 'broken'"
    return f"CASE {kept}{'' if body.missing_is_zero else lonely} {compared} END"


def _decide(rule: Rule) -> Decision:
    assert isinstance(rule.body, ReconcileBody)
    part, blocked, broken = rule.body.part, "kind = 'blocked'", "kind = 'broken'"
    if part == "any":
        return Decision("kind IN ('differs', 'only_left', 'only_right')", "", blocked, broken)
    skipped = f"kind NOT IN ('blocked', 'broken') AND NOT ({concerned(rule.body)})"
    return Decision(f"kind = '{part}'", skipped, blocked, broken)


def concerned(body: ReconcileBody) -> str:
    """SQL, over pairs, of whether a key can have the kind of result a code stands for."""
    both = "true" if body.missing_is_zero else "has_left AND has_right"
    return {"any": "true", "differs": both, "only_left": "has_left", "only_right": "has_right"}[body.part]


def _count(state: State, pairs: Pairs, table: str) -> None:
    places = bits(rule.code for rule in pairs.rules)
    sums = [f"count(*) FILTER (WHERE {places[rule.code].test(kind)})" for rule in pairs.rules for kind in KINDS]
    row = state.session.one(f"SELECT count(*), {', '.join(sums)} FROM {table}")
    for index, rule in enumerate(pairs.rules):
        fail, na, ne, er = (int(value) for value in row[1 + 4 * index : 5 + 4 * index])
        counts = {"failed": fail, "not_applicable": na, "not_evaluated": ne, "errored": er}
        add_counts(state.session, rule.code, {**counts, "passed": int(row[0]) - sum(counts.values())})
