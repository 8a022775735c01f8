"""One stage, or a part of it: its working tables, its families of rules, its findings."""

import time
from collections.abc import Sequence
from dataclasses import replace

from rulepacks.engine.bodies import GroupBody, ParseBody, QueryBody, ReconcileBody, ScheduleBody, ScoreBody, UniqueBody
from rulepacks.engine.evaluation.findings import Writer
from rulepacks.engine.evaluation.groups import Groups, run_groups
from rulepacks.engine.evaluation.joins import join_tables, unit_sql
from rulepacks.engine.evaluation.needs import needed_ahead, needed_of
from rulepacks.engine.evaluation.plan import StagePlan, inputs_of
from rulepacks.engine.evaluation.queries import Query
from rulepacks.engine.evaluation.reads import Reads, read_of, shown_nodes, table_nodes
from rulepacks.engine.evaluation.reconcile import Pairs, run_reconcile
from rulepacks.engine.evaluation.records import note_hits, note_records
from rulepacks.engine.evaluation.schedules import Schedule
from rulepacks.engine.evaluation.scores import build_scores
from rulepacks.engine.evaluation.show_keys import (
    cache_rows,
    count_group_units,
    count_pair_units,
    show_group,
    show_pairs,
)
from rulepacks.engine.evaluation.show_rows import cache_failing, count_units, show_parse, show_rule
from rulepacks.engine.evaluation.state import Base, State, add_counts
from rulepacks.engine.evaluation.statements import Hits, count_hits, run_statements, show_hits
from rulepacks.engine.evaluation.tables import build_table
from rulepacks.engine.evaluation.unique import run_unique
from rulepacks.engine.evaluation.units import SEEN, keep_units
from rulepacks.engine.evaluation.work import Work, build_work, count_outcomes, view_work
from rulepacks.engine.spec import Input, JoinSpec, Rule


class StageRun:
    """Runs one stage; what a stage `ahead` needs of an input is read with what this one needs."""

    def __init__(self, state: State, plan: StagePlan, ahead: Sequence[StagePlan]) -> None:
        # The tables that joins look in hold what the rules of this run need of them, and no more.
        self.state = replace(state, joins={})
        self.session = state.session
        self.plan = plan
        self.ahead = ahead
        self.stage = self.plan.stage
        self.rules = list(self.plan.rules)
        self.tables = list(self.plan.tables)
        self.works: dict[str, Work] = {}
        self.groups: list[Groups] = []
        self.pairs: list[Pairs] = []
        self.hits: list[Hits] = []
        self.rows: dict[str, int] = {}
        self.failing: dict[str, str | None] = {}
        self.sources: dict[str, str] = {}

    def judge(self) -> None:
        """Evaluate all families of the stage."""
        self._joins(tables=False)
        read = inputs_of(self.plan)
        for name, source in self.session.pack.inputs.items():
            if name in read and name in self.session.relations:
                self._judge_rows(source)
        for rule in self.rules:
            if isinstance(rule.body, ScoreBody) and rule in self.works[rule.input].rules:
                build_scores(self.state, self.works[rule.input], rule)
        for table in self.tables:
            build_table(self.state, self.stage, table, self.works[table.source])
        self._joins(tables=True)
        for name, work in self.works.items():
            rules = [rule for rule in self.rules if isinstance(rule.body, GroupBody) and rule.input == name]
            if rules:
                self.groups += run_groups(self.state, work, rules)
        reconciled = [rule for rule in self.rules if isinstance(rule.body, ReconcileBody)]
        self.pairs = run_reconcile(self.state, self.plan, self.works, reconciled)
        schedules = [rule for rule in self.rules if isinstance(rule.body, ScheduleBody)]
        queries = [rule for rule in self.rules if isinstance(rule.body, QueryBody)]
        self.hits = run_statements(self.state, schedules, Schedule) + run_statements(self.state, queries, Query)
        self._count_gated()
        self._count_units()
        self._note_records()

    def _joins(self, *, tables: bool) -> None:
        """Make the tables that joins of this stage look in; joins to tables once those are made."""
        reads, pack = Reads(), self.session.pack
        for rule in self.rules:
            for name, nodes in read_of(pack, rule):
                reads.add(pack, pack.inputs[name], nodes)
            if not isinstance(rule.body, ReconcileBody | QueryBody):
                reads.add(pack, pack.inputs[rule.input], shown_nodes(rule))
            reads.add_names(pack, pack.inputs[rule.input], pack.inputs[rule.input].key)
        for name in inputs_of(self.plan):
            if unit_sql(self.session, name):
                reads.add_names(pack, pack.inputs[name], pack.first_input.unit)
        for table in self.tables:
            reads.add(pack, pack.inputs[table.source], table_nodes(table, pack.inputs[table.source]))
        names = {name for name in reads.joins if self._waits(pack.joins[name]) == tables}
        gate = self.state.gate(self.stage)
        self.state.joins.update(join_tables(self.session, names, reads.join_columns, gate, self.plan.label))

    def _waits(self, join: JoinSpec) -> bool:
        """Whether a join looks in a table that this stage has yet to make."""
        return join.kind == "table" and any(table.name == join.target for table in self.tables)

    def _judge_rows(self, source: Input) -> None:
        session, began = self.session, time.perf_counter()
        rules = [rule for rule in self.rules if rule.row_level
                 and (rule.input == source.name or isinstance(rule.body, ParseBody))]  # fmt: skip
        work = self._work(source, rules)
        self.works[source.name] = work
        told = [rule for rule in work.rules if not isinstance(rule.body, UniqueBody)]
        session.tell(self.stage.name, f"rows of {source.name}", told, time.perf_counter() - began)
        if not rules:
            return
        repeats = run_unique(self.state, work)
        self.rows[source.name] = count_outcomes(self.state, work, repeats)
        for rule in rules:
            if isinstance(rule.body, ParseBody) and work.parse:
                self._count_parse(rule, work)

    def _work(self, source: Input, rules: Sequence[Rule]) -> Work:
        needed, base = needed_of(self.state, self.plan, source), self.state.bases.get(source.name)
        if not rules and base is not None and needed.all_columns <= base.columns:
            return view_work(self.state, self.plan, source, base.name, base.has_unit)
        if not self.stage.gate_unit:
            needed = needed.merged(needed_ahead(self.state, self.ahead, source))
        work = build_work(self.state, self.plan, source, rules, needed)
        if not self.stage.gate_unit and not self.plan.part:
            self.state.bases[source.name] = Base(work.name, needed.all_columns, work.has_unit)
        return work

    def _count_parse(self, rule: Rule, work: Work) -> None:
        sums = [f"count(*) FILTER (WHERE {bit.test('parse')})" for bit in work.parse.values()]
        broken = sum(int(value) for value in self.session.one(f"SELECT {', '.join(sums)} FROM {work.failing}"))
        cells = self.rows[work.input.name] * len(work.parse)
        add_counts(self.session, rule.code, {"failed": broken, "passed": cells - broken})

    def _count_gated(self) -> None:
        """Gated units are not evaluated: rows for rules about rows, units for rules about keys."""
        gate = self.state.gate(self.stage)
        if not gate:
            return
        session = self.session
        units = int(session.one(f"SELECT count(*) FROM {gate}")[0])
        rows = {name: self._total(name) - count for name, count in self.rows.items()}
        for rule in self.rules:
            add_counts(session, rule.code, {"not_evaluated": rows.get(rule.input, 0) if rule.row_level else units})

    def _total(self, name: str) -> int:
        return int(self.session.one(f"SELECT count(*) FROM {self.session.relations[name]}")[0])

    def _count_units(self) -> None:
        for work in self.works.values():
            for rule in work.rules:
                if self.session.tallies[rule.code].failed:
                    count_units(self.state, work, rule)
            for rule in self.rules:
                if isinstance(rule.body, ParseBody):
                    count_units(self.state, work, rule)
        for groups in self.groups:
            for rule in groups.rules:
                count_group_units(self.state, groups, rule)
        for pairs in self.pairs:
            for rule in pairs.rules:
                count_pair_units(self.state, pairs, rule)
        for hits in self.hits:
            count_hits(self.state, hits)

    def _note_records(self) -> None:
        """Say for the states of the records which of their rows failed and broke; keep the units seen."""
        first = self.session.pack.first_input
        work = self.works.get(first.name)
        if work is None:
            return
        if work.has_unit and not self.session.one(f"SELECT count(*) FROM {SEEN}")[0]:
            keep_units(self.session, work.name)
        note_records(self.state, work)
        for hits in self.hits:
            note_hits(self.state, hits)

    def show(self, writer: Writer) -> None:
        """Write the findings, rule by rule in the pack's order."""
        began = time.perf_counter()
        self.prepare()
        for rule in self.rules:
            self.show_rule(rule, writer)
        self.session.tell(self.stage.name, "findings", [], time.perf_counter() - began)

    def prepare(self) -> None:
        """Fetch the rows that findings show."""
        self.failing = {
            name: cache_failing(self.state, work, self.rules) for name, work in self.works.items() if work.failing
        }
        if self.groups or self.pairs:
            self.sources = {name: cache_rows(self.state, work) for name, work in self.works.items()}

    def show_rule(self, rule: Rule, writer: Writer) -> None:
        """Write the findings of one rule, if it is judged here."""
        if not self.session.tallies[rule.code].failed:
            return
        for name, work in self.works.items():
            if isinstance(rule.body, ParseBody) and work.parse:
                show_parse(self.state, work, rule, self.failing[name], writer)
            elif rule in work.rules:
                show_rule(self.state, work, rule, self.failing[name], writer)
        for groups in self.groups:
            if rule in groups.rules:
                show_group(self.state, groups, rule, self.sources, writer)
        for pairs in self.pairs:
            if rule in pairs.rules:
                show_pairs(self.state, pairs, rule, self.sources, writer)
        for hits in self.hits:
            if rule is hits.rule:
                show_hits(hits, writer)

    def drop(self) -> None:
        """Give back the memory of the working tables."""
        kept = {base.name for base in self.state.bases.values()} if self.ahead else set()
        for work in self.works.values():
            if work.failing and work.name not in kept:
                self.session.run(f"DROP VIEW {work.name}")
                self.session.run(f"DROP TABLE {work.stored}")
        joins = [table.name for tables in self.state.joins.values() for table in tables]
        names = [
            *(one.name for one in self.groups),
            *(one.name for one in self.pairs),
            *(one.name for one in self.hits),
        ]
        for name in [*joins, *names]:
            self.session.run(f"DROP TABLE {name}")
