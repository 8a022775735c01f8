"""The rows an output is made from, as SQL: of a table, of an input, or of the findings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rulepacks.engine.compile_sql import Compiler, quoted, sql_type, text_literal
from rulepacks.engine.evaluation.carried import carried_columns
from rulepacks.engine.evaluation.findings import SCHEMA
from rulepacks.engine.evaluation.joins import join_tables, unit_sql
from rulepacks.engine.evaluation.reach import inputs_joined, table_inputs
from rulepacks.engine.evaluation.reads import BLOCKED, Reads, faults_of, joined_blockers
from rulepacks.engine.evaluation.records import STATES
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.units import UNITS
from rulepacks.engine.expressions.tree import Field, Node, walk
from rulepacks.engine.expressions.types import MAX_DIGITS, Type
from rulepacks.engine.loading.outputs import RECORD_RULES, RECORD_STATUS, ROW_NUMBER
from rulepacks.engine.spec import Input, OutputSpec

BETWEEN = "; "
BLOCK = 100_000


@dataclass(frozen=True)
class Rows:
    """A relation with the names its expressions are compiled with, the order of its rows and the unit of a row.

    `carried` are delivered columns that come after those the output names.

    `relation` takes a condition on the delivered rows. The rows of `blocks`, one after another, are all rows in order.
    """

    relation: Callable[[str], str]
    blocks: Sequence[str]
    to: Compiler
    order: str
    unit: str
    carried: tuple[str, ...] = ()

    def selects(self, output: OutputSpec, *, typed: bool) -> Iterator[str]:
        """SELECTs of an output's columns, block by block, as texts unless they are wanted `typed`."""
        cells = [f"{_cell(self.to.shown(node), node.type, typed=typed)} AS {quoted(f'c{at}')}"
                 for at, (_, node) in enumerate(output.columns)]  # fmt: skip
        cells += [quoted(f"carried:{name}") for name in self.carried]
        for block in self.blocks:
            yield f"SELECT {', '.join(cells)} FROM {self.relation(block)}{self._where(output)} ORDER BY {self.order}"

    def place(self, output: OutputSpec, at: int) -> str:
        """The SELECT of the delivered row number of a row of the file, counted from 0; for rows of inputs."""
        rows = f"{self.relation('')}{self._where(output)}"
        return f"SELECT row_number FROM {rows} ORDER BY {self.order} LIMIT 1 OFFSET {at}"

    def uncomputed(self, output: OutputSpec) -> str:
        """The SELECT of how many cells, and how many conditions, could not be computed; '' when all always can be."""
        cells = [fault for _, node in output.columns if (fault := self.to.fault(node))]
        unclear = self.to.fault(output.where) if output.where is not None else None
        if not cells and unclear is None:
            return ""
        kept = self.to.shown(output.where) if output.where is not None else "true"
        blank = " + ".join(f"CAST({fault} AS INTEGER)" for fault in cells) or "0"
        return (
            f"SELECT coalesce(sum({blank}) FILTER (WHERE {kept}), 0), count(*) FILTER (WHERE {unclear or 'false'}) "
            f"FROM {self.relation('')}{self._where(output, every=True)}"
        )

    def _where(self, output: OutputSpec, *, every: bool = False) -> str:
        conditions = [self.to.shown(output.where)] if output.where is not None and not every else []
        if output.units:
            statuses = ", ".join(map(text_literal, output.units))
            conditions.append(f"{self.unit} IN (SELECT unit FROM {UNITS} WHERE status IN ({statuses}))")
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def uncomputed(session: Session, rows: Rows, output: OutputSpec) -> str:
    """What is missing from the file since it could not be computed, in words; '' when nothing is."""
    sql = rows.uncomputed(output)
    cells, conditions = session.one(sql) if sql else (0, 0)
    parts = [_counted(cells, "cell", "blank"), _counted(conditions, "row", "left out")]
    subject = "it" if cells + conditions == 1 else "they"
    said = " and ".join(part for part in parts if part)
    return f"{said}, since {subject} could not be computed" if said else ""


def _counted(count: int, word: str, what: str) -> str:
    if not count:
        return ""
    return f"1 {word} is {what}" if count == 1 else f"{count:,} {word}s are {what}"


def _cell(value: str, kind: Type, *, typed: bool) -> str:
    if not typed:
        return f"CAST({value} AS VARCHAR)"
    wide = kind.kind == "integer" and kind.precision > 18
    return f"CAST({value} AS {f'DECIMAL({MAX_DIGITS},0)' if wide else sql_type(kind)})"


def missing_inputs(session: Session, output: OutputSpec) -> list[str]:
    """Inputs an output needs that were not delivered."""
    needed: set[str] = set()
    if output.kind == "input":
        needed = {output.source} | inputs_joined(session.pack, output.source, output_nodes(output))
    elif output.source in session.pack.tables:
        needed = table_inputs(session.pack, output.source)
    return sorted(needed - set(session.relations))


def output_nodes(output: OutputSpec) -> list[Node]:
    """The expressions of an output."""
    return [node for _, node in output.columns] + ([output.where] if output.where is not None else [])


def output_rows(state: State, output: OutputSpec) -> Rows:
    """The rows an output is made from."""
    if output.kind == "input":
        return _input_rows(state, output)
    to = Compiler(lambda node: quoted(node.name) if isinstance(node, Field) else None)
    if output.kind == "findings":
        return _finding_rows(state.session, to)
    made = state.tables[output.source]
    if output.source in state.session.pack.tables:
        to = replace(to, resolve_fault=_unread)
    return Rows(lambda _: quoted(f"table:{output.source}"), ("",), to, made.order, made.unit)


def _unread(node: Node) -> str | None:
    """SQL of whether the value of a cell comes of rows that cannot be read."""
    return quoted(BLOCKED) if isinstance(node, Field) and node.name == "value" else None


def _finding_rows(session: Session, to: Compiler) -> Rows:
    columns = ", ".join(quoted(name) for name in SCHEMA.names if name != "rows")
    findings = f"SELECT {columns}, array_to_string(rows, ', ') AS rows FROM {_findings_file(session)}"
    blocks = _blocks(session, _findings_file(session), "ordinal")
    return Rows(lambda where: f"({findings} WHERE {where or 'true'})", blocks, to, "ordinal", "unit")


def _findings_file(session: Session) -> str:
    return f"read_parquet({text_literal(str(session.out / 'findings.parquet'))})"


def _input_rows(state: State, output: OutputSpec) -> Rows:
    """Rows of an input with its derived fields and joins as rules see them, nothing gated."""
    session, nodes = state.session, output_nodes(output)
    given = session.pack.inputs[output.source]
    reads = Reads().add(session.pack, given, nodes)
    unit = unit_sql(session, given.name)
    if output.units:
        reads.add_names(session.pack, given, session.pack.first_input.unit)
    joins = join_tables(session, reads.joins, reads.join_columns, "", f"output {output.name}")
    source = Source(session, given, joins)
    named = {part.name for node in nodes for part in walk(node) if isinstance(part, Field)}
    about = _about_rows(session, given, named - set(given.fields) - set(given.derived))

    carried = _carried(session, output, given)
    echoed = "".join(f", {quoted(name)} AS {quoted(f'carried:{name}')}" for name in carried)

    def relation(where: str) -> str:
        rows = f"({source.select(reads, where)}){about}"
        if not carried:
            return rows
        delivered = f"SELECT row_number{echoed} FROM {session.relations[given.name]} WHERE {where or 'true'}"
        return f"{rows} LEFT JOIN ({delivered}) USING (row_number)"

    to = Compiler(_named(source.compiler().resolve, given), partial(_uncertain, source))
    return Rows(
        relation, _blocks(session, session.relations[given.name], "row_number"), to, "row_number", unit or "", carried
    )


def _uncertain(source: Source, node: Node) -> str | None:
    """SQL of whether a value could not be computed, or comes of joined rows that cannot be read."""
    parts = [
        *faults_of(source.compiler(), [node]),
        *joined_blockers(source.session.pack, source.input, [node]).values(),
    ]
    return f"({' OR '.join(parts)})" if parts else None


def _carried(session: Session, output: OutputSpec, given: Input) -> tuple[str, ...]:
    """Columns the input carries, but for those that are called like a column of the output."""
    taken = {header.lower() for header, _ in output.columns}
    names = carried_columns(session, given) if output.carried else []
    return tuple(name for name in names if name.lower() not in taken)


def _blocks(session: Session, relation: str, number: str) -> list[str]:
    """Conditions on numbered rows: a Parquet file finds its rows by them, and a block is sorted in little memory."""
    last = session.one(f"SELECT coalesce(max({number}), 0) FROM {relation}")[0]
    return [f"{number} > {start} AND {number} <= {start + BLOCK}" for start in range(0, int(last), BLOCK)]


def _about_rows(session: Session, given: Input, names: set[str]) -> str:
    """JOINs to tables, made here, of what outputs know of a row beside its fields."""
    state = "CASE WHEN bool_or(failed) THEN 'failed' ELSE 'errored' END"
    firsts = (
        f'SELECT "row" AS row_number, rule, min(ordinal) AS ordinal FROM {_findings_file(session)} '
        f'WHERE "row" IS NOT NULL AND input = {text_literal(given.name)} GROUP BY ALL'
    )
    known = {
        RECORD_STATUS: f"SELECT row_number, {state} AS {_about(RECORD_STATUS)} FROM {STATES} GROUP BY row_number",
        RECORD_RULES: f"SELECT row_number, string_agg(rule, '{BETWEEN}' ORDER BY ordinal) AS {_about(RECORD_RULES)} "
        f"FROM ({firsts}) GROUP BY row_number",
    }
    wanted = [name for name in known if name in names]
    for name in wanted:
        session.run(f"CREATE OR REPLACE TEMP TABLE {_about(name)} AS {known[name]}")
    return "".join(f" LEFT JOIN {_about(name)} USING (row_number)" for name in wanted)


def _about(name: str) -> str:
    return quoted(f"about:{name}")


def _named(resolve: Callable[[Node], str | None], given: Input) -> Callable[[Node], str | None]:
    own = {RECORD_STATUS: f"coalesce({_about(RECORD_STATUS)}, 'processed')", RECORD_RULES: _about(RECORD_RULES),
           ROW_NUMBER: "row_number"}  # fmt: skip

    def name(node: Node) -> str | None:
        if isinstance(node, Field) and node.name not in given.fields and node.name not in given.derived:
            return own[node.name]
        return resolve(node)

    return name
