"""Crosswalk transforms: rows times crosswalk, summed by unit and line; every unit gets every line."""

import time
from collections.abc import Sequence

import pyarrow as pa

from rulepacks.engine.arrow_types import arrow_type
from rulepacks.engine.compile_sql import Compiler, quoted, sql_type, text_literal
from rulepacks.engine.evaluation.reads import BLOCKED, blocking, either, own_columns, placing_nodes, value_nodes
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.source import Source, column
from rulepacks.engine.evaluation.state import Made, State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.expressions.tree import Field, Node
from rulepacks.engine.spec import Input, Stage, TableSpec


def build_table(state: State, stage: Stage, table: TableSpec, work: Work) -> None:
    """Make `table:<name>` with the columns of `by`, line, title, line:order, value and `blocked`.

    A cell is blocked when a row that adds to it, or may do so, has cells that cannot be read.
    """
    session, began = state.session, time.perf_counter()
    source = Source(session, work.input, state.joins)
    by = [quoted(name) for name in table.by]
    pack, blocked = session.pack, quoted(BLOCKED)
    unread = either(blocking(pack, work.input, value_nodes(table, work.input)), "true", ())
    misplaced = either(blocking(pack, work.input, placing_nodes(table, work.input)), "true", ())
    parts = contributions(table, source, work.name, [*(f"w.{name}" for name in by), f"{unread} AS unread"])
    kind = sql_type(table.type)
    cells = [*by, "line", "sum(part) AS value", "bool_or(unread) AS unread"]
    summed = f"SELECT {', '.join(cells)} FROM ({parts}) GROUP BY ALL"
    units = [*by, f"bool_or({misplaced}) AS misplaced"]
    session.con.register("lines:arrow", pa.table({
        "line": list(table.lines), "title": list(table.lines.values()), "order": list(range(len(table.lines))),
    }))  # fmt: skip
    equal = " AND ".join([*(f"s.{name} IS NOT DISTINCT FROM u.{name}" for name in by), "s.line = n.line"])
    lines = quoted("lines:arrow")
    named = ", ".join([*(f"u.{name}" for name in by), "n.line", "n.title"])
    session.run(
        f"CREATE OR REPLACE TEMP TABLE {quoted(f'table:{table.name}')} AS SELECT {named}, "
        f'CAST(coalesce(s.value, 0) AS {kind}) AS value, n."order" AS "line:order", '
        f"coalesce(s.unread, false) OR u.misplaced AS {blocked} "
        # HAVING: no rows are no unit, also when all rows make one.
        f"FROM (SELECT {', '.join(units)} FROM {work.name} GROUP BY ALL HAVING count(*) > 0) u CROSS JOIN {lines} n "
        f"LEFT JOIN ({summed}) s ON {equal}"
    )
    session.con.unregister("lines:arrow")
    state.tables[table.name] = Made(
        columns=(*table.by, "line", "title", "value"),
        order=", ".join([*(f"{quoted(name)} NULLS FIRST" for name in table.by), '"line:order"']),
        unit=_unit(session.pack.first_input.unit, table),
    )
    session.tell(stage.name, f"table {table.name}", [], time.perf_counter() - began)


def contributions(table: TableSpec, source: Source, rows: str, columns: Sequence[str]) -> str:
    """SELECT of what each row adds to each line: columns of the row (w) and the crosswalk (c), then line and part.

    A value or condition that cannot be computed breaks the table, for every cell may be another one with it.
    """
    crosswalk = _load_crosswalk(source.session, table, source.input)
    where = f" WHERE {source.compiler().strict(table.where)}" if table.where is not None else ""
    added = ('c."x:line" AS line', f'c."x:factor" * ({_value(table, source)}) AS part')
    return " UNION ALL ".join(
        f"SELECT {', '.join([*columns, *added])} FROM (SELECT * FROM {rows}{where}) w JOIN {crosswalk} c ON {condition}"
        for condition in _conditions(table)
    )


def _load_crosswalk(session: Session, table: TableSpec, source: Input) -> str:
    """Make the temporary table of the crosswalk; returns its name. `x:at` counts the crosswalk's rows from 0."""
    name = quoted(f"crosswalk:{table.name}")
    session.con.register("crosswalk:arrow", _crosswalk(table, source))
    session.run(f'CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM "crosswalk:arrow"')
    session.con.unregister("crosswalk:arrow")
    return name


def _unit(names: Sequence[str], table: TableSpec) -> str:
    parts = [f"coalesce(CAST({quoted(name)} AS VARCHAR), '')" for name in names if name in table.by]
    return parts[0] if len(parts) == 1 else f"concat_ws('|', {', '.join(parts) or text_literal('')})"


def _value(table: TableSpec, source: Source) -> str:
    own = own_columns(table, source.input)

    def resolve(node: Node) -> str | None:
        if isinstance(node, Field):
            return f"c.{quoted(node.name)}" if node.name in own else f"w.{quoted(node.name)}"
        return column(node)

    return Compiler(resolve, source.fault).strict(table.value)


def _crosswalk(table: TableSpec, source: Input) -> pa.Table:
    columns = {
        "x:at": pa.array(range(len(table.rows)), pa.int64()),
        "x:line": pa.array([row.line for row in table.rows], pa.string()),
        "x:factor": pa.array([row.factor for row in table.rows], pa.int64()),
    }
    for index, name in enumerate(table.match):
        columns[f"m:{name}"] = pa.array([row.match[index] for row in table.rows], pa.string())
    for index, (name, kind) in enumerate(table.columns.items()):
        if name in own_columns(table, source):
            columns[name] = pa.array([row.columns[index] for row in table.rows], arrow_type(kind))
    return pa.table(columns)


def _conditions(table: TableSpec) -> list[str]:
    """One join condition for each set of blank cells, so that each is a join on equality."""
    patterns = sorted({tuple(value is None for value in row.match) for row in table.rows})
    conditions = []
    for pattern in patterns:
        parts = []
        for name, blank in zip(table.match, pattern, strict=True):
            cell = f"c.{quoted(f'm:{name}')}"
            parts.append(f"{cell} IS NULL" if blank else f"{cell} = w.{quoted(name)}")
        conditions.append(" AND ".join(parts))
    return conditions
