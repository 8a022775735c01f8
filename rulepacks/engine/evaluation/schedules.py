"""`schedule`: what is expected as a table, then an anti join with what was delivered."""

from collections.abc import Iterable, Sequence

from rulepacks.engine.bodies import DatesSpec, ScheduleBody
from rulepacks.engine.compile_sql import Compiler, quoted, text_literal
from rulepacks.engine.evaluation.findings import Shown, message_sql, severity_sql
from rulepacks.engine.evaluation.joins import gate_condition, unit_sql
from rulepacks.engine.evaluation.masks import errors
from rulepacks.engine.evaluation.reads import (
    Reads,
    blocking,
    faults_of,
    match_parts,
    parts_shown,
    rule_nodes,
    shown_as,
    shown_nodes,
    target_columns,
)
from rulepacks.engine.evaluation.source import Source, column
from rulepacks.engine.evaluation.state import State, add_counts
from rulepacks.engine.evaluation.statements import hits_name, list_relation
from rulepacks.engine.expressions.tree import Field, JoinField, Node, Raw
from rulepacks.engine.spec import Rule

MAX_DATES = 10_000
"""Dates one row may expect."""
ITEMS, STEP = '"schedule:items"', '"schedule:step"'


class Schedule:
    """One rule: the rows that expect something, their dates, and those without a partner."""

    def __init__(self, state: State, rule: Rule) -> None:
        assert isinstance(rule.body, ScheduleBody)
        self.state, self.rule, self.body = state, rule, rule.body
        self.session = state.session
        self.stage = next(stage for stage in self.session.pack.stages if stage.name == rule.stage)
        self.source = Source(self.session, self.session.pack.inputs[rule.input], state.joins)
        self.own = rule.body.items is None
        self.to = self.source.compiler() if self.own else Compiler(column)
        self.nodes = [*rule_nodes(rule), *shown_nodes(rule)]

    def run(self) -> None:
        """Make the table of what is missing, and count outcomes."""
        self.session.run(f"CREATE OR REPLACE TEMP TABLE {ITEMS} AS {self.items()}")
        when = f"({self.to.value(self.rule.when)}) IS TRUE" if self.rule.when is not None else "true"
        self.session.run(
            f"CREATE OR REPLACE TEMP TABLE {hits_name(self.rule)} AS SELECT i.* FROM "
            f"(SELECT * FROM {ITEMS} WHERE judged AND {when}) i ANTI JOIN ({self.target()}) t ON {self.pairing()}"
        )
        judged, not_evaluated, errored, applies = self.session.one(
            "SELECT count(*) FILTER (WHERE judged), count(*) FILTER (WHERE unclear), count(*) FILTER (WHERE broken), "
            f"count(*) FILTER (WHERE judged AND {when}) FROM {ITEMS}"
        )
        failed = int(self.session.one(f"SELECT count(*) FROM {hits_name(self.rule)}")[0])
        add_counts(self.session, self.rule.code, {
            "passed": applies - failed, "failed": failed, "not_applicable": judged - applies,
            "not_evaluated": not_evaluated, "errored": errored,
        })  # fmt: skip
        self.session.run(f"DROP TABLE {ITEMS}")

    def _rows(self) -> str:
        """SELECT of the rows that may expect something, with `unit`."""
        if not self.own:
            rows = list_relation(self.session, str(self.body.items))
            return f"SELECT *, CAST(NULL AS VARCHAR) AS unit FROM {rows}"
        given = self.source.input
        due = {self.body.dates.name} if self.body.dates else set()
        reads = Reads().add(self.session.pack, given, self.nodes)
        reads.add_names(self.session.pack, given, [name for name in self.body.key if name not in due])
        unit = unit_sql(self.session, given.name)
        if unit:
            reads.add_names(self.session.pack, given, self.session.pack.first_input.unit)
        gate = gate_condition(self.session, given.name, self.state.gate(self.stage), reads)
        unit = unit or "CAST(NULL AS VARCHAR)"
        return f"SELECT *, {unit} AS unit FROM ({self.source.select(reads)}) WHERE {gate or 'true'}"

    def items(self) -> str:
        """SELECT of what is expected; a row that cannot tell what it expects is `unclear` or `broken` instead."""
        marks = ", ".join(f"({text}) AS {name}" for name, text in self._marks().items())
        marked = f"SELECT *, {marks} FROM ({self._rows()})"
        chosen = f"SELECT *, NOT (broken OR unclear) AS judged FROM ({marked}) WHERE wanted OR broken OR unclear"
        items = chosen if self.body.dates is None else self._dated(chosen, self.body.dates)
        late = errors(self.to, self.rule.when, self._late())
        if not late:
            return items
        faulted = f"SELECT *, judged AND ({late}) AS faulted FROM ({items})"
        return f"SELECT * REPLACE (broken OR faulted AS broken, judged AND NOT faulted AS judged) FROM ({faulted})"

    def _dated(self, chosen: str, dates: DatesSpec) -> str:
        """SELECT of rows that expect something, once for each date."""
        low, high = self._span(dates)
        steps = f"CASE WHEN judged THEN range({low} - 1, {high} + 2) ELSE [CAST(NULL AS BIGINT)] END"
        stepped = f"SELECT *, unnest({steps}) AS {STEP} FROM ({chosen})"
        dated = f"SELECT *, {_date(self.to, dates)} AS {quoted(dates.name)} FROM ({stepped})"
        due, first, last = quoted(dates.name), self.to.value(dates.first), self.to.value(dates.last)
        return f"SELECT * FROM ({dated}) WHERE NOT judged OR {due} BETWEEN {first} AND {last}"

    def _late(self) -> list[Node]:
        """What is looked at for each thing expected beside its guard: it may read the date."""
        return [*(node for _, node in self.body.on), *match_parts(self.body, partner=False)]

    def _marks(self) -> dict[str, str]:
        """SQL of whether a row expects something, and of whether it cannot tell: `broken`, or else `unclear`.

        Of a row that expects nothing only `where` matters.
        """
        dates, where = self.body.dates, self.body.where
        ends = [] if dates is None else [dates.anchor, dates.first, dates.last]
        first = [where] if where is not None else []
        wanted = f"({self.to.shown(where)}) IS TRUE" if where is not None else "true"
        unread = f"{self._unreadable(first)} OR ({wanted} AND {self._unreadable(rule_nodes(self.rule))})"
        faults = faults_of(self.to, ends)
        if dates is not None:
            low, high = self._span(dates)
            faults.append(f"coalesce({high} - {low} > {MAX_DATES}, false)")
        fault = f"{either_of(faults_of(self.to, first))} OR ({wanted} AND {either_of(faults)})"
        broken = f"NOT ({unread}) AND ({fault})"
        blank = either_of(f"({self.to.value(node)}) IS NULL" for node in ends)
        unclear = f"{unread} OR (NOT ({broken}) AND {wanted} AND {blank})"
        return {"wanted": wanted, "broken": broken, "unclear": unclear}

    def _unreadable(self, nodes: Sequence[Node]) -> str:
        """SQL of whether a cell that these read, or a row behind them, cannot be read."""
        return either_of(blocking(self.session.pack, self.source.input, nodes) if self.own else ())

    def _span(self, dates: DatesSpec) -> tuple[str, str]:
        """SQL of about how many steps lie from the anchor to the first and to the last date."""
        return _steps(self.to, dates, dates.first), _steps(self.to, dates, dates.last)

    def target(self) -> str:
        """SELECT of what was delivered."""
        target = self.session.pack.inputs[self.body.target]
        columns = target_columns(self.body)
        reads = Reads().add_names(self.session.pack, target, sorted(columns))
        gate = gate_condition(self.session, target.name, self.state.gate(self.stage), reads)
        rows = Source(self.session, target, self.state.joins).select(reads)
        return f"SELECT {', '.join(map(quoted, sorted(columns)))} FROM ({rows}) WHERE {gate or 'true'}"

    def pairing(self) -> str:
        """The condition that what was delivered (`t`) is what is expected (`i`)."""

        def resolve(node: Node) -> str | None:
            if isinstance(node, JoinField) and node.join == self.body.target:
                return f"t.{quoted(node.name)}"
            named = column(node)
            return f"i.{named}" if named else None

        to = Compiler(resolve)
        parts = [f"t.{quoted(name)} = {to.value(node)}" for name, node in self.body.on]
        if self.body.match is not None:
            parts.append(f"({to.value(self.body.match)}) IS TRUE")
        return " AND ".join(parts)

    def shown(self) -> Shown:
        """What the findings show."""
        rule, body, to = self.rule, self.body, self.to
        values = {index: to.value(part.node) for index, part in enumerate(rule.message) if part.node is not None}
        fields = {shown_as(node): to.value(node) for node in parts_shown(self.session.pack, self.nodes)
                  if isinstance(node, Field | Raw | JoinField)}  # fmt: skip
        first = self.own and rule.input == self.session.pack.first_input.name
        return Shown(
            source=hits_name(rule),
            key={name: quoted(name) for name in body.key} | {name: to.value(node) for name, node in rule.about},
            fields=fields,
            order=[quoted(name) for name in body.key] + (["row_number"] if self.own else []),
            severity=severity_sql(rule.severity, [to.value(node) for _, node in rule.severity.branches]),
            message=message_sql(rule, values, {}, text_literal(f"{rule.title}: not found in {body.target}.")),
            input=rule.input if self.own else body.target,
            unit="unit",
            rows="[row_number]" if first else "CAST([] AS BIGINT[])",
        )


def either_of(tests: Iterable[str]) -> str:
    """SQL of whether one of them holds."""
    return f"({' OR '.join(tests) or 'false'})"


def _steps(to: Compiler, dates: DatesSpec, end: Node) -> str:
    """SQL of about how many steps lie from the anchor to a date; one more or less at most."""
    unit, size = ("month", dates.months) if dates.months else ("day", dates.days)
    return f"(date_diff('{unit}', {to.value(dates.anchor)}, {to.value(end)}) // {size})"


def _date(to: Compiler, dates: DatesSpec) -> str:
    anchor, shift = to.value(dates.anchor), "to_months" if dates.months else "to_days"
    size = dates.months or dates.days
    found = f"CAST({anchor} + {shift}(CAST({STEP} * {size} AS INTEGER)) AS DATE)"
    if not dates.month_end:
        return found
    return f"CASE WHEN {anchor} = last_day({anchor}) THEN last_day({found}) ELSE {found} END"
