"""Temporary tables that joins look in."""

from collections.abc import Sequence

import pyarrow as pa

from rulepacks.engine.arrow_types import arrow_type
from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.folding import folded
from rulepacks.engine.evaluation.gathers import gathered
from rulepacks.engine.evaluation.reach import asked_by, is_absent, ordered_columns, reached
from rulepacks.engine.evaluation.reads import BLOCKED, FAULTED, FOUND, Reads, blocking, faults_of, fields_of
from rulepacks.engine.evaluation.sequences import windows_of
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.source import JoinTable, Source
from rulepacks.engine.expressions.tree import Field, Value
from rulepacks.engine.expressions.types import DATE, Type
from rulepacks.engine.spec import JoinSpec

END = 10**18
"""Beyond every integer a field can hold."""

IS_FOUND = f"true AS {quoted(FOUND)}"

JoinTables = dict[str, list[JoinTable]]


def join_tables(session: Session, names: set[str], columns: set[tuple[str, str]], gate: str, stage: str) -> JoinTables:
    """Make the tables of the joins of one stage; `gate` names the table of units left out ('' for none)."""
    made: JoinTables = {}
    wanted = reached(session.pack, Reads(joins=names, join_columns=columns), gated=bool(gate))
    for name in sorted(wanted.joins, key=list(session.pack.joins).index):
        _make(session, name, wanted, gate, stage, made)
    return made


def _make(session: Session, name: str, wanted: Reads, gate: str, stage: str, made: JoinTables) -> None:
    """Make the tables of one join, after those its target's rows need."""
    if name in made:
        return
    pack, join, columns = session.pack, session.pack.joins[name], wanted.columns_of(name)
    if is_absent(pack, join, session.relations):
        made[name] = []
        return
    reads = asked_by(pack, join, columns, gated=bool(gate))
    for other in sorted(reads.joins, key=list(pack.joins).index):
        _make(session, other, wanted, gate, stage, made)
    if join.kind == "list":
        made[name] = _list_tables(session, join, columns, stage)
    elif join.kind == "table":
        made[name] = [_table_table(session, join, columns, stage)]
    elif join.of_many:
        made[name] = [_rows_table(session, join, columns, reads, gate, stage, made)]
    else:
        made[name] = [_input_table(session, join, columns, reads, gate, stage, made)]


def _list_tables(session: Session, join: JoinSpec, wanted: Sequence[str], stage: str) -> list[JoinTable]:
    """One table for each set of key columns that are blank, the fewest blanks first."""
    spec = session.pack.lists[join.target]
    header = list(spec.columns)
    wild = [header.index(name) for name in join.wildcards]
    groups: dict[tuple[int, ...], list[tuple[Value, ...]]] = {}
    for row in spec.rows:
        groups.setdefault(tuple(at for at in wild if row[at] is None), []).append(row)
    tables = []
    for number, blank in enumerate(sorted(groups, key=lambda at: (len(at), at))):
        paired = tuple(name for name in spec.key if header.index(name) not in blank)
        effective = spec.effective or ()
        name = quoted(f"join:{stage}:{join.name}:{number}")
        raw = f"rows:{join.name}:{number}"
        kept = [*dict.fromkeys([*spec.key, *effective, *wanted])]
        rows = groups[blank]
        if join.fold_case:
            rows = folded(rows, [*map(header.index, spec.key)], [*map(header.index, effective)])
        arrays = [
            pa.array([row[header.index(column)] for row in rows], arrow_type(spec.columns[column])) for column in kept
        ]
        session.con.register(raw, pa.table(dict(zip(kept, arrays, strict=True))))
        keys = ", ".join(f"{quoted(key)} AS {quoted(f'k:{key}')}" for key in spec.key)
        others = "".join(f", {quoted(column)}" for column in dict.fromkeys([*effective, *wanted]))
        session.run(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {keys}{others}, {IS_FOUND} FROM {quoted(raw)}")
        session.con.unregister(raw)
        tables.append(JoinTable(name, paired, spec.effective, not_itself=False, fold_case=join.fold_case))
    return tables


def _table_table(session: Session, join: JoinSpec, wanted: Sequence[str], stage: str) -> JoinTable:
    """The cells of a table; one that cannot be computed breaks the whole table, so that none of these is faulted."""
    name = quoted(f"join:{stage}:{join.name}")
    keys = [key for key, _ in join.on]
    asked = [quoted(column) if column != FAULTED else f"false AS {quoted(FAULTED)}" for column in wanted]
    columns = ", ".join([*(f"{quoted(key)} AS {quoted(f'k:{key}')}" for key in keys), *asked])
    session.run(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {columns}, {IS_FOUND} FROM {quoted(f'table:{join.target}')}"
    )
    return JoinTable(name, tuple(keys), None, not_itself=False, fold_case=False)


def _rows_table(
    session: Session, join: JoinSpec, wanted: Sequence[str], reads: Reads, gate: str, stage: str, made: JoinTables
) -> JoinTable:
    """What each row sees of the rows around it, what all rows of a key come to, or the first of them in an order."""
    given = session.pack.inputs[join.target]
    source = Source(session, given, made)
    keys = tuple(key for key, _ in join.on)
    columns = ordered_columns(join, wanted)
    gated = gate_condition(session, join.target, gate, reads)
    rows = f"SELECT * FROM ({source.select(reads)}) WHERE {gated or 'true'}"
    name = quoted(f"join:{stage}:{join.name}")
    seen = gathered(source, join, columns, rows) if join.sequence is None else windows_of(source, join.sequence, rows)
    session.run(f"CREATE OR REPLACE TEMP TABLE {name} AS {seen}")
    return JoinTable(name, keys, None, not_itself=False, fold_case=False)


def _input_table(
    session: Session, join: JoinSpec, wanted: Sequence[str], reads: Reads, gate: str, stage: str, made: JoinTables
) -> JoinTable:
    """The first row by row number for each key; for existence in the same input also the last."""
    target = session.pack.inputs[join.target]
    source = Source(session, target, made)
    keys = [key for key, _ in join.on]
    effective = target.effective if join.as_of is not None else None
    gated = gate_condition(session, join.target, gate, reads)
    name, rows = quoted(f"join:{stage}:{join.name}"), quoted(f"keyed:{stage}:{join.name}")
    conditions = [f"{quoted(key)} IS NOT NULL" for key in keys]
    if join.where is not None:
        conditions.append(source.compiler().shown(join.where))
    if gated:
        conditions.append(gated)
    if effective:
        conditions += _readable(source, effective)
        wanted = [*dict.fromkeys([*wanted, *effective])]
    paired = ", ".join(f"{quoted(key)} AS {quoted(f'k:{key}')}" for key in keys)
    others = "".join(f", {_column_there(source, column)}" for column in wanted)
    session.run(
        f"CREATE OR REPLACE TEMP TABLE {rows} AS SELECT row_number, {paired}{others} "
        f"FROM ({source.select(reads)}) WHERE {' AND '.join(conditions)}"
    )
    grouped = ", ".join(quoted(f"k:{key}") for key in keys)
    firsts = f'SELECT {grouped}, min(row_number) AS "first:row", max(row_number) AS "last:row" FROM {rows} GROUP BY ALL'
    if effective:
        firsts = _spans(rows, keys, effective, target.type_of(effective[0]))
    session.run(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT r.*, f.* EXCLUDE ({grouped}), {IS_FOUND} FROM {rows} r "
        f'JOIN ({firsts}) f ON r.row_number = f."first:row"'
    )
    session.run(f"DROP TABLE {rows}")
    spans = ("span:first", "span:last") if effective else None
    return JoinTable(name, tuple(keys), spans, join.not_itself, fold_case=False)


def _column_there(source: Source, wanted: str) -> str:
    """SQL of a column of the rows a join looks in, or of what a mark says of it."""
    mark, _, name = wanted.rpartition(":")
    if not mark:
        return quoted(wanted)
    column = fields_of(source.input, [name])
    if mark == BLOCKED:
        tests = blocking(source.session.pack, source.input, column)
    else:
        tests = faults_of(source.compiler(), column)
    return f"({' OR '.join(tests) or 'false'}) AS {quoted(wanted)}"


def _readable(source: Source, effective: tuple[str, str]) -> list[str]:
    """Conditions that both ends of a span could be read: a blank end is open, an unreadable one is not."""
    nodes = [Field(name=name, type=source.input.type_of(name)) for name in effective]
    bad = blocking(source.session.pack, source.input, nodes)
    return [f"NOT {text}" for text in [*bad, *filter(None, map(source.fault, nodes))]]


def _spans(rows: str, keys: Sequence[str], effective: tuple[str, str], kind: Type) -> str:
    """SELECT of spans that do not overlap within a key, each with the first of the rows that hold in it.

    The spans of the rows are cut at each other's ends, so that a key and a time meet one span at most.
    """
    low, high = ("DATE '0001-01-01'", "DATE '9999-12-31'") if kind == DATE else (f"(-{END})", str(END))
    key = ", ".join(quoted(f"k:{name}") for name in keys)
    first, last = map(quoted, effective)
    lead = f"lead(cut) OVER (PARTITION BY {key} ORDER BY cut)"
    return (
        f"WITH held AS (SELECT {key}, row_number, coalesce({first}, {low}) AS a, coalesce({last}, {high}) AS z "
        f"FROM {rows}), "
        f"cuts AS (SELECT {key}, a AS cut FROM held UNION SELECT {key}, z + 1 FROM held WHERE z < {high}), "
        f"spans AS (SELECT {key}, cut AS a, coalesce({lead} - 1, {high}) AS z FROM cuts) "
        f'SELECT {key}, spans.a AS "span:first", spans.z AS "span:last", min(row_number) AS "first:row" '
        f"FROM spans JOIN held USING ({key}) WHERE held.a <= spans.a AND spans.a <= held.z GROUP BY ALL"
    )


def unit_sql(session: Session, input_name: str) -> str | None:
    """SQL of the unit of a row (its parts joined with |), or None for inputs that do not hold all its columns."""
    unit = session.pack.first_input.unit
    source = session.pack.inputs[input_name]
    if not unit or not all(map(source.knows, unit)):
        return None
    return joined_unit(unit)


def joined_unit(names: Sequence[str]) -> str:
    """SQL of a unit from its columns; NULL when all are."""
    texts = [f"CAST({quoted(name)} AS VARCHAR)" for name in names]
    if len(texts) == 1:
        return texts[0]
    filled = ", ".join(f"coalesce({text}, '')" for text in texts)
    return f"CASE WHEN coalesce({', '.join(texts)}) IS NOT NULL THEN concat_ws('|', {filled}) END"


def gate_condition(session: Session, input_name: str, gate: str, reads: Reads) -> str:
    """The condition that a row's unit is not gated, adding what it reads; '' when nothing is gated."""
    unit = unit_sql(session, input_name) if gate else None
    if unit is None:
        return ""
    reads.add_names(session.pack, session.pack.inputs[input_name], session.pack.first_input.unit)
    return f"({unit} IS NULL OR {unit} NOT IN (SELECT unit FROM {gate}))"
