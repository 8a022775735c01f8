"""Which rows, by which entries of the crosswalk, made a cell of a table: worked out from the snapshot when asked.

Nothing is stored for it, and nothing is guessed: the parts add up to the cell exactly, or there is no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from rulepacks.engine.compile_sql import quoted, text_literal
from rulepacks.engine.evaluation.joins import join_tables
from rulepacks.engine.evaluation.reads import Reads, table_nodes
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.tables import contributions
from rulepacks.engine.evaluation.watch import BREAKING, Budget, Watch, reason_of
from rulepacks.engine.loading.parameters import bind_parameters
from rulepacks.engine.progress import silent
from rulepacks.engine.spec import Pack, TableSpec

MOST = 1000
_PARTS = '"lineage:parts"'


class NoLineageError(LookupError):
    """There is no such table, line or cell, or it was not made from these inputs; the message says which."""


@dataclass(frozen=True)
class Contribution:
    """What one row adds to a cell: `part`, by an entry of the crosswalk (its line in the file), `factor` times.

    Where formulas add up lines, `via` names them, outermost first.
    """

    row: int
    entry: int
    via: tuple[str, ...]
    factor: int
    part: Decimal


@dataclass(frozen=True)
class Lineage:
    """A cell with the first of its contributions, by row; `count` is how many there are, `value` what all add up to."""

    table: str
    key: Mapping[str, str | None]
    line: str
    title: str
    value: Decimal
    input: str
    file: str
    count: int
    contributions: tuple[Contribution, ...]


def cell_lineage(
    con: duckdb.DuckDBPyConnection,
    pack: Pack,
    relations: Mapping[str, str],
    parameters: Mapping[str, object],
    cells: Path,
    table: str,
    key: Mapping[str, str | None],
    line: str,
    most: int = MOST,
) -> Lineage:
    """The lineage of the cell of a table with a key (values as texts) and a line.

    `relations` are the inputs as `evaluate` took them, `cells` is the table as it was written then. Raises
    NoLineageError and ParameterError.
    """
    spec = _asked(pack, table, key, line)
    watch = Watch(con.interrupt)
    try:
        session = Session(
            con, pack, relations, bind_parameters(pack, parameters), cells.parent, silent, Budget(), watch
        )
        value = _cell(session, spec, cells, key, line)
        _make_parts(session, spec, key, line)
        count, total = session.one(f"SELECT count(*), coalesce(sum(part), 0) FROM {_PARTS}")
        if Decimal(total) != value:
            raise NoLineageError(f"the rows add up to {total}, the cell is {value}: it was made from other inputs")
        rows = session.rows(f"SELECT * FROM {_PARTS} ORDER BY ALL LIMIT {int(most)}")
    except BREAKING as error:
        raise NoLineageError(reason_of(error, Budget().limits)) from error
    finally:
        watch.close()
    made = tuple(_contribution(spec, *row) for row in rows)
    return Lineage(table, dict(key), line, spec.lines[line], value, spec.source, spec.file, int(count), made)


def _asked(pack: Pack, table: str, key: Mapping[str, str | None], line: str) -> TableSpec:
    """The table, whose key and line must be its own."""
    if table not in pack.tables:
        raise NoLineageError(f"the pack has no table {table}; it has {', '.join(pack.tables) or 'none'}")
    spec = pack.tables[table]
    if set(key) != set(spec.by):
        raise NoLineageError(f"the key of {table} is {', '.join(spec.by)}")
    if line not in spec.lines:
        raise NoLineageError(f"{table} has no line {line}; it has {', '.join(spec.lines)}")
    return spec


def _cell(session: Session, spec: TableSpec, cells: Path, key: Mapping[str, str | None], line: str) -> Decimal:
    """The value of the cell as it was written."""
    found = session.rows(
        f"SELECT value FROM read_parquet({text_literal(str(cells))}) "
        f"WHERE line = {text_literal(line)} AND {_equal(spec, key)}"
    )
    if not found:
        said = ", ".join(f"{name} {value}" for name, value in key.items())
        raise NoLineageError(f"{spec.name} has no cell for {said}")
    return Decimal(found[0][0])


def _equal(spec: TableSpec, key: Mapping[str, str | None]) -> str:
    values = {name: "NULL" if key[name] is None else text_literal(str(key[name])) for name in spec.by}
    return (
        " AND ".join(f"CAST({quoted(name)} AS VARCHAR) IS NOT DISTINCT FROM {value}" for name, value in values.items())
        or "true"
    )


def _make_parts(session: Session, spec: TableSpec, key: Mapping[str, str | None], line: str) -> None:
    """Make the table of the contributions: row_number, x:at (of the crosswalk), part."""
    given = session.pack.inputs[spec.source]
    reads = Reads().add(session.pack, given, table_nodes(spec, given))
    source = Source(session, given, join_tables(session, reads.joins, reads.join_columns, "", "lineage"))
    rows = f"(SELECT * FROM ({source.select(reads)}) WHERE {_equal(spec, key)})"
    parts = contributions(spec, source, rows, ["w.row_number", 'c."x:at"'])
    session.run(
        f'CREATE OR REPLACE TEMP TABLE {_PARTS} AS SELECT row_number, "x:at", part FROM ({parts}) '
        f"WHERE line = {text_literal(line)} AND part IS NOT NULL"
    )


def _contribution(spec: TableSpec, row: int, at: int, part: Any) -> Contribution:
    entry = spec.rows[at]
    return Contribution(row, entry.entry, entry.via, entry.factor, Decimal(part))
