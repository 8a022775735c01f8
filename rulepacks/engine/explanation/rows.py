"""Rules about rows, as they can be asked."""

from __future__ import annotations

from collections.abc import Sequence

from rulepacks.engine.bodies import ParseBody, RowBody, ScoreBody, UniqueBody
from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.joins import unit_sql
from rulepacks.engine.evaluation.masks import own_unreadable
from rulepacks.engine.evaluation.reads import Reads, rule_nodes, shown_nodes
from rulepacks.engine.evaluation.show_rows import read_value
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.unique import repeats
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.explanation.outline import Outline, Splitter
from rulepacks.engine.explanation.sight import OUTCOME, Sight, bit_outcomes, outcome_case
from rulepacks.engine.expressions.tree import Field, Node, Raw, Unary
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.spec import Input, Pack, Rule

REPEATS = "repeats"


def row_parts(pack: Pack, source: Input, rule: Rule) -> list[tuple[str, Outline]]:
    """The conditions of a rule about rows, by the key they stand under."""
    splitter, body = Splitter(pack, source), rule.body
    if isinstance(body, ParseBody):
        return [("", _readable(source, name)) for name in body.fields.get(source.name, ())]
    parts = [("when", splitter.split(rule.when))] if rule.when is not None else []
    reached = ((rule.when, True),) if rule.when is not None else ()
    if (where := sequence_where(pack, rule)) is not None:
        parts.insert(0, ("where", splitter.split(where)))
    if isinstance(body, ScoreBody):
        parts += [(f"gates: {name}", splitter.split(node, reached)) for name, node in body.gates]
    if isinstance(body, RowBody):
        parts.append(("require", splitter.split(body.require, reached)))
    if isinstance(body, UniqueBody):
        parts.append(("key", _differs(splitter, body, reached)))
    return parts


def _readable(source: Input, name: str) -> Outline:
    node = Unary(op="not", operand=Field(name=f"bad:{name}", type=BOOLEAN), type=BOOLEAN)
    return Outline(f"{name} can be read as {source.fields[name].type}", "test", node, reads={name: Raw(name=name)})


def _differs(splitter: Splitter, body: UniqueBody, reached: tuple[tuple[Node, bool], ...]) -> Outline:
    node = Unary(op="not", operand=Field(name=REPEATS, type=BOOLEAN), type=BOOLEAN)
    reads = {name: part for node_ in body.key for name, part in splitter.reads(node_).items()}
    other = "earlier" if body.report == "later" else "other"
    return Outline(
        f"no {other} row has the same {', '.join(body.key_names)}", "test", node, reads=reads, reached=reached
    )


def sequence_where(pack: Pack, rule: Rule) -> Node | None:
    """The condition that a row takes part in the sequence of a rule."""
    join = pack.joins.get(f"{rule.code}:")
    return join.sequence.where if join is not None and join.sequence is not None else None


def row_nodes_read(pack: Pack, rule: Rule) -> list[Node]:
    """All a rule about rows reads."""
    gates = [node for _, node in rule.body.gates] if isinstance(rule.body, ScoreBody) else []
    where = sequence_where(pack, rule)
    return [*rule_nodes(rule), *shown_nodes(rule), *gates, *([where] if where is not None else [])]


def row_sight(state: State, work: Work, rule: Rule) -> Sight:
    """All rows of a working table, with the outcome of the rule."""
    session, given = state.session, work.input
    source = Source(session, given, state.joins)
    reads = Reads().add(session.pack, given, row_nodes_read(session.pack, rule))
    reads.add_names(session.pack, given, [*given.key, *own_unreadable(given, rule)])
    if isinstance(rule.body, ParseBody):
        reads.add_names(session.pack, given, rule.body.fields.get(given.name, ()))
    if unit_sql(session, given.name):
        reads.add_names(session.pack, given, session.pack.first_input.unit)
    # Cells are shown as they were delivered where they cannot be read.
    reads.raws |= reads.fields
    relation = (
        f"SELECT r.*, {_repeats(rule)} AS {quoted(REPEATS)}, o.{OUTCOME} FROM ({source.select(reads)}) r "
        f"JOIN ({_outcomes(state, work, rule)}) o USING (row_number)"
    )
    to = source.compiler()

    def text(node: Node) -> str:
        return read_value(given, to.value(node), node)

    return Sight(session, relation, to, row_parts(session.pack, given, rule), text)


def _repeats(rule: Rule) -> str:
    if not isinstance(rule.body, UniqueBody):
        return "false"
    return f"row_number IN ({repeats(rule)})"


def _outcomes(state: State, work: Work, rule: Rule) -> str:
    """SELECT of the row numbers of a working table with the rule's outcome."""
    if isinstance(rule.body, ParseBody):
        tests = [(bit.test("parse"), "fail") for bit in work.parse.values()]
    else:
        tests = bit_outcomes(work.places[rule.code])
        if isinstance(rule.body, UniqueBody):
            tests.append((_repeats(rule), "fail"))
    return f"SELECT row_number, {outcome_case(tests)} FROM {work.name}"


def same_rows(state: State, work: Work, rule: Rule, row: int, most: int) -> tuple[int, ...]:
    """The other rows that a unique rule takes for equal to a row: candidates by hash, then the exact test."""
    assert isinstance(rule.body, UniqueBody)
    session, given = state.session, work.input
    source = Source(session, given, state.joins)
    hashed = quoted(f"hash:{rule.code}")
    candidates = (
        f"SELECT row_number FROM {work.name} WHERE {hashed} = "
        f"(SELECT {hashed} FROM {work.name} WHERE row_number = {row})"
    )
    rows = source.select(Reads().add(session.pack, given, rule.body.key), f"row_number IN ({candidates})")
    keys: Sequence[str] = [source.compiler().value(node) for node in rule.body.key]
    listed = ", ".join(f"{key} AS {quoted(f'same:{index}')}" for index, key in enumerate(keys))
    equal = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in
                         (quoted(f"same:{index}") for index in range(len(keys))))  # fmt: skip
    found = session.rows(
        f"WITH k AS (SELECT row_number, {listed} FROM ({rows})) SELECT a.row_number FROM k a, k b "
        f"WHERE b.row_number = {row} AND a.row_number <> {row} AND {equal} ORDER BY a.row_number LIMIT {most}"
    )
    return tuple(int(number) for (number,) in found)
