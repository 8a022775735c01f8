"""Functions that look at the rows around a row, in a rule of type sequence."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from rulepacks.engine.expressions.parse import offset
from rulepacks.engine.expressions.tree import JoinField, Literal, Node, Parameter
from rulepacks.engine.expressions.types import BOOLEAN, INTEGER, MAX_DIGITS, UNKNOWN, Type

if TYPE_CHECKING:
    from rulepacks.engine.expressions.build import Builder

MAX_REACH = 1_000
BEFORE = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
THROUGH = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


@dataclass(frozen=True)
class WindowSpec:
    """A value from the rows around a row: function, what it takes of each row, and how many rows or how far."""

    function: str
    operand: Node | None
    reach: Node | None
    type: Type


@dataclass
class Windows:
    """The window values asked for while the expressions of one rule are read, by the text they are written as."""

    join: str
    clock: Type | None
    found: dict[str, WindowSpec] = field(default_factory=dict)


@dataclass(frozen=True)
class WindowSql:
    """Where a window function stands: its parts as SQL. `clock` is what the rows are ordered by first."""

    value: str
    partition: str
    order: str
    reach: str
    clock: str
    clock_type: Type
    type: str

    def over(self, frame: str = "") -> str:
        """The OVER clause."""
        return f"OVER ({self.partition} ORDER BY {self.order} {frame})"

    def too_early(self) -> str:
        """The OVER clause of all rows further back than the reach."""
        back = {
            "date": f"to_days(CAST({self.reach} + 1 AS INTEGER))",
            "timestamp": f"to_microseconds({self.reach} * 1000000 + 1)",
        }.get(self.clock_type.kind, f"({self.reach} + 1)")
        return f"OVER ({self.partition} ORDER BY {self.clock} RANGE BETWEEN UNBOUNDED PRECEDING AND {back} PRECEDING)"


@dataclass(frozen=True)
class Window:
    """A window function: how it is written, what it gives, what it takes of a row, and its SQL."""

    usage: str
    meaning: str
    takes: str
    sql: Callable[[WindowSql], str]


def _count(to: WindowSql, frame: str) -> str:
    return f"count(*) FILTER (WHERE {to.value}) {to.over(frame)}"


def _sum(to: WindowSql, frame: str) -> str:
    return f"CAST(coalesce(sum({to.value}) {to.over(frame)}, 0) AS {to.type})"


def _on_the_clock(to: WindowSql) -> WindowSql:
    """The same, of rows whose clock is not blank: a blank one is no distance from any row."""
    return replace(to, value=f"(CASE WHEN {to.clock} IS NOT NULL THEN {to.value} END)")


def _near_count(to: WindowSql) -> str:
    timed = _on_the_clock(to)
    early = f"count(*) FILTER (WHERE {timed.value}) {to.too_early()}"
    return f"CASE WHEN {to.clock} IS NOT NULL THEN {_count(timed, THROUGH)} - {early} END"


def _near_sum(to: WindowSql) -> str:
    timed = _on_the_clock(to)
    early = f"coalesce(sum({timed.value}) {to.too_early()}, 0)"
    return f"CASE WHEN {to.clock} IS NOT NULL THEN CAST({_sum(timed, THROUGH)} - {early} AS {to.type}) END"


def _plain(function: str, frame: str) -> Callable[[WindowSql], str]:
    return lambda to: f"{function}({to.value}) {to.over(frame)}"


WINDOWS: dict[str, Window] = {
    "prev": Window(
        "prev(x)", "x of the row before, or with prev(x, n) of n rows before; NULL when there is none.", "value",
        lambda to: f"lag({to.value}, {to.reach}) {to.over()}",
    ),
    "next": Window(
        "next(x)", "x of the row after, or with next(x, n) of n rows after; NULL when there is none.", "value",
        lambda to: f"lead({to.value}, {to.reach}) {to.over()}",
    ),
    "position": Window("position()", "Place of the row, counted from 1.", "", lambda to: f"row_number() {to.over()}"),
    "first_of": Window("first_of(x)", "x of the first row.", "value", _plain("first_value", THROUGH)),
    "count_before": Window(
        "count_before(condition)", "How many rows before fulfil the condition.", "condition",
        lambda to: _count(to, BEFORE),
    ),
    "count_through": Window(
        "count_through(condition)", "The same, this row included.", "condition", lambda to: _count(to, THROUGH)
    ),
    "sum_before": Window("sum_before(x)", "Sum of x over the rows before; 0 without any.", "number",
                         lambda to: _sum(to, BEFORE)),
    "sum_through": Window("sum_through(x)", "The same, this row included.", "number", lambda to: _sum(to, THROUGH)),
    "max_before": Window("max_before(x)", "Greatest x of the rows before; NULL without any.", "value",
                         _plain("max", BEFORE)),
    "min_before": Window("min_before(x)", "Least x of the rows before; NULL without any.", "value",
                         _plain("min", BEFORE)),
    "max_through": Window("max_through(x)", "Greatest x, this row included.", "value", _plain("max", THROUGH)),
    "min_through": Window("min_through(x)", "Least x, this row included.", "value", _plain("min", THROUGH)),
    "count_within": Window(
        "count_within(n, condition)",
        "How many rows fulfil the condition of those up to this one whose first order value is at most n (days "
        "for dates, seconds for timestamps) below this row's. Rows where it is blank are left out; for such a row the "
        "result is NULL.", "condition", _near_count,
    ),
    "sum_within": Window("sum_within(n, x)", "Sum of x over the same rows.", "number", _near_sum),
}  # fmt: skip
NEAR = {"count_within", "sum_within"}
STEPPED = {"prev", "next"}


def window(builder: "Builder", source: exp.Expr, name: str) -> Node:
    """The value of a window function, as a column of the sequence the rule makes."""
    windows = builder.scope.windows
    if windows is None or builder.in_aggregate:
        return builder.wrong(source, f"{name} stands only in a rule of type sequence, and not inside another such")
    before = len(builder.mistakes)
    builder.in_aggregate = True
    spec = _spec(builder, source, name, windows)
    builder.in_aggregate = False
    if len(builder.mistakes) > before:
        return Literal(value=None, type=UNKNOWN, at=offset(source))
    if spec is None:
        return builder.wrong(source, f"write {WINDOWS[name].usage}")
    text = source.sql("duckdb", normalize_functions="lower")
    windows.found[text] = spec
    return JoinField(join=windows.join, name=text, type=spec.type, at=offset(source))


def _spec(builder: "Builder", source: exp.Expr, name: str, windows: Windows) -> WindowSpec | None:
    """What is asked for; None when it is not written as it must be."""
    given, takes = list(source.expressions), WINDOWS[name].takes
    reach: Node | None = None
    if name in NEAR and given:
        reach = _reach(builder, given.pop(0), windows)
    elif name in STEPPED and len(given) == 2:
        reach = builder.node(given.pop())
        if not (isinstance(reach, Literal) and isinstance(reach.value, int) and 1 <= reach.value <= MAX_REACH):
            builder.wrong(source, f"the number of rows must be a whole number from 1 to {MAX_REACH}, written out")
    if len(given) != (1 if takes else 0):
        return None
    operand = builder.node(given[0]) if given else None
    return WindowSpec(name, operand, reach, _type(builder, source, name, operand))


def _reach(builder: "Builder", text: exp.Expr, windows: Windows) -> Node:
    node = builder.node(text)
    clock = windows.clock
    if clock is None or clock.kind not in {"date", "timestamp", "integer"}:
        builder.wrong(text, "the first of order must be a date, a timestamp or a whole number that rises")
    if not isinstance(node, Literal | Parameter) or node.type.kind != "integer":
        builder.wrong(text, "how far back must be a whole number, written out or a parameter")
    return node


def _type(builder: "Builder", source: exp.Expr, name: str, operand: Node | None) -> Type:
    takes = WINDOWS[name].takes
    if operand is None or takes == "":
        return INTEGER
    if takes == "condition":
        if operand.type.kind not in {"boolean", "unknown", "null"}:
            builder.wrong(source, f"{name} takes a condition, not {operand.type}")
        return INTEGER
    if takes == "number":
        if operand.type.kind not in {"integer", "decimal", "unknown"}:
            builder.wrong(source, f"{name} takes a number, not {operand.type}")
        return Type(operand.type.kind, MAX_DIGITS, operand.type.scale)
    return operand.type if operand.type.kind != "null" else BOOLEAN
