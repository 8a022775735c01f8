"""Which rules can be evaluated, in which stage, with which tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rulepacks.engine.bodies import GroupBody, ParseBody, QueryBody, ReconcileBody, ScheduleBody, UniqueBody
from rulepacks.engine.compile_sql import Compiler
from rulepacks.engine.evaluation.faulty import Faulty
from rulepacks.engine.evaluation.reach import inputs_read, reached, table_inputs
from rulepacks.engine.evaluation.reads import Reads, read_of, row_nodes, shown_nodes
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.state import add_counts
from rulepacks.engine.expressions.tree import Binary, Node
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.spec import Pack, Rule, Stage, TableSpec

NOT_IN_FORCE = "not in force"
TABLES = -1
"""Part of a stage that only makes its tables, since rules look in them row by row."""


@dataclass(frozen=True)
class StagePlan:
    """A stage, or a part of it, with the rules to be evaluated and the tables to be made.

    Parts are numbered from 1, or `TABLES`; `label` tells the temporary tables of one from those of another.
    """

    stage: Stage
    rules: tuple[Rule, ...]
    tables: tuple[TableSpec, ...]
    part: int = 0

    @property
    def label(self) -> str:
        """What its temporary tables are called after."""
        return f"{self.stage.name}#{self.part}" if self.part else self.stage.name

    @property
    def steps(self) -> int:
        """How many times the stage reports."""
        unique = sum(isinstance(rule.body, UniqueBody) for rule in self.rules)
        groups = {(rule.input, tuple(sorted(rule.body.by))) for rule in self.rules if isinstance(rule.body, GroupBody)}
        pairs = {rule.place for rule in self.rules if isinstance(rule.body, ReconcileBody)}
        statements = sum(isinstance(rule.body, ScheduleBody | QueryBody) for rule in self.rules)
        return len(inputs_of(self)) + unique + len(groups) + len(pairs) + statements + len(self.tables) + 1


def inputs_of(plan: StagePlan) -> set[str]:
    """Inputs whose rows the stage reads."""
    found = {table.source for table in plan.tables}
    for rule in plan.rules:
        if isinstance(rule.body, ReconcileBody):
            found |= {rule.body.left.input, rule.body.right.input}
        elif isinstance(rule.body, ParseBody):
            found |= set(rule.body.fields)
        else:
            found.add(rule.input)
    return found


def skip_rules(session: Session, faulty: Faulty) -> list[Rule]:
    """The rules that can be evaluated; the others are tallied as not evaluated, not in force or broken."""
    runnable = []
    for rule in session.pack.rules:
        missing = sorted(inputs_read(session.pack, rule) - set(session.relations))
        if missing and not isinstance(rule.body, ParseBody):
            session.tallies[rule.code].reason = f"{', '.join(missing)} not delivered"
            add_counts(session, rule.code, {"not_evaluated": 1})
        elif reason := faulty.reason(rule, tables_read(session.pack, rule)):
            session.tallies[rule.code].reason = reason
            add_counts(session, rule.code, {"errored": _rows(session, rule) if rule.row_level else 1})
        elif not _in_force(session, rule):
            session.tallies[rule.code].reason = NOT_IN_FORCE
            add_counts(session, rule.code, {"not_applicable": 1})
        else:
            runnable.append(rule)
    return runnable


def _rows(session: Session, rule: Rule) -> int:
    return int(session.one(f"SELECT count(*) FROM {session.relations[rule.input]}")[0])


def _in_force(session: Session, rule: Rule) -> bool:
    to = Compiler(lambda _: None)
    return all(session.one(f"SELECT {to.shown(test)}")[0] is True for test in in_force(session.pack, rule))


def in_force(pack: Pack, rule: Rule) -> list[Node]:
    """Conditions over parameters, all of which are TRUE when a rule is in force; none for one that always is."""
    if pack.as_of is None:
        return []
    ends = zip((">=", "<="), rule.effective, strict=True)
    return [Binary(op=op, left=pack.as_of, right=end, type=BOOLEAN) for op, end in ends if end is not None]


def plan_stages(session: Session, rules: Sequence[Rule], faulty: Faulty) -> list[StagePlan]:
    """Rules by stage, and the tables made in each."""
    pack = session.pack
    read = {rule.code: tables_read(pack, rule) for rule in pack.rules} if pack.tables else {}
    tables = [
        (table, _stage_of(pack, {rule.stage for rule in pack.rules if name in read[rule.code]}))
        for name, table in pack.tables.items()
        if table_inputs(pack, name) <= session.relations.keys() and name not in faulty.tables
    ]
    plans = [
        StagePlan(
            stage,
            tuple(rule for rule in rules if rule.stage == stage.name),
            tuple(table for table, where in tables if where == stage.name),
        )
        for stage in pack.stages
    ]
    return [part for plan in plans for part in _tables_first(pack, plan)]


def _tables_first(pack: Pack, plan: StagePlan) -> list[StagePlan]:
    """A stage by itself or, where a rule looks in its tables row by row, after the part that makes them."""
    made = {table.name for table in plan.tables}
    if not made or not any(made & _tables_looked_in(pack, rule) for rule in plan.rules):
        return [plan]
    return [replace(plan, rules=(), part=TABLES), replace(plan, tables=())]


def _tables_looked_in(pack: Pack, rule: Rule) -> set[str]:
    """Names of the tables a rule looks in for each row, not once a group."""
    if isinstance(rule.body, QueryBody | ScheduleBody):
        return set()
    parts = [(rule.input, row_nodes(pack, rule))] if isinstance(rule.body, GroupBody) else read_of(pack, rule)
    return _tables_behind(pack, parts)


def _tables_behind(pack: Pack, parts: Sequence[tuple[str, Sequence[Node]]]) -> set[str]:
    """Names of the tables that expressions over inputs look in by joins, and by joins of those."""
    joins = {join for name, nodes in parts for join in reached(pack, Reads().add(pack, pack.inputs[name], nodes)).joins}
    return {pack.joins[name].target for name in joins if pack.joins[name].kind == "table"}


def _stage_of(pack: Pack, reading: set[str]) -> str:
    """Of the stages whose rules read a table the first; for one that only outputs read the last without a gate."""
    first = (stage.name for stage in pack.stages if stage.name in reading)
    open_ = (stage.name for stage in reversed(pack.stages) if not stage.gate_unit)
    # The first stage has none before it that could leave a unit out.
    return next(first, None) or next(open_, pack.stages[0].name)


def tables_read(pack: Pack, rule: Rule) -> set[str]:
    """Names of the tables a rule reads."""
    if isinstance(rule.body, QueryBody):
        return set(rule.body.tables)
    shown = [] if isinstance(rule.body, ReconcileBody) else [(rule.input, shown_nodes(rule))]
    return _tables_behind(pack, [*read_of(pack, rule), *shown])
