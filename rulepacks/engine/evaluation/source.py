"""An input as rules see it: a SELECT over the delivered texts that types, derives and joins what is asked for.

Columns of the result: `row_number`; a field under its own name; `raw:f` delivered text; `bad:f` unreadable;
`fault:d` a derived field that could not be computed; `j:join.column`; `found:join`.
"""

from dataclasses import dataclass

from rulepacks.engine.cells import typed_cell, unreadable_cell
from rulepacks.engine.compile_sql import Compiler, quoted, sql_type
from rulepacks.engine.evaluation.reads import FAULTED, FOUND, Reads, join_nodes, said
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.expressions.tree import Aggregate, Field, Found, JoinField, Node, Raw, walk
from rulepacks.engine.spec import Input, JoinSpec

_OVER_NONE = {"sum": "0", "count": "0", "any": "false", "every": "true"}
"""Aggregates over no rows; the others are NULL."""


def column(node: Node) -> str | None:
    """The column a node is in a source."""
    if isinstance(node, Field):
        return quoted(node.name)
    if isinstance(node, Raw):
        return quoted(f"raw:{node.name}")
    if isinstance(node, JoinField):
        return quoted(f"j:{node.join}.{node.name}")
    return quoted(f"found:{node.join}") if isinstance(node, Found) else None


def _own_column(node: Node) -> str | None:
    """The same beside tables that are joined: a field is told from a column of theirs that is called alike."""
    return f"l.{column(node)}" if isinstance(node, Field) else column(node)


@dataclass(frozen=True)
class Source:
    """One input of a session. `joins` maps a join to the tables it is looked up in, most specific first."""

    session: Session
    input: Input
    joins: dict[str, list["JoinTable"]]

    def compiler(self) -> Compiler:
        """A compiler for expressions over the result."""
        return Compiler(column, self.fault)

    def _beside_joins(self) -> Compiler:
        """A compiler for expressions over rows called `l`, where tables are joined to them."""
        return Compiler(_own_column, lambda node: self.fault(node, self._beside_joins()))

    def fault(self, node: Node, to: Compiler | None = None) -> str | None:
        """SQL of whether a field or join could not be computed; None when it always can."""
        to = to or self.compiler()
        if isinstance(node, Field) and self.can_fault(node.name):
            return quoted(f"fault:{node.name}")
        if isinstance(node, JoinField | Found):
            join = self.session.pack.joins[node.join]
            parts = [fault for part in join_nodes(join) if (fault := to.fault(part))]
            if join.of_many:
                parts.append(said(node.join, FAULTED))
            elif join.kind == "input" and isinstance(node, JoinField) and self.can_fault(node.name, join.target):
                parts.append(said(node.join, f"{FAULTED}:{node.name}"))
            return f"({' OR '.join(parts)})" if parts else None
        return None

    def can_fault(self, name: str, of: str = "") -> bool:
        """Whether a derived field may fault, here or of another input."""
        return name in self.session.faulting[of or self.input.name]

    def select(self, reads: Reads, where: str = "", relation: str | None = None) -> str:
        """The SELECT; `where` filters the delivered rows."""
        relation = relation or self.session.relations[self.input.name]
        bound = self.session.columns[self.input.name]
        delivered = sorted(reads.fields | reads.raws)
        cells = [f"{_delivered(bound[name])} AS {quoted(f'raw:{name}')}" for name in delivered]
        sql = f"SELECT {', '.join(['row_number', *cells])} FROM {relation}{f' WHERE {where}' if where else ''}"
        values, unreadable = [], []
        for name in sorted(reads.fields):
            field, raw = self.input.fields[name], quoted(f"raw:{name}")
            values.append(f"{typed_cell(field, raw)} AS {quoted(name)}")
            if field.type.kind != "text":
                unreadable.append(f"{unreadable_cell(field, raw, quoted(name))} AS {quoted(f'bad:{name}')}")
        for columns in (values, unreadable):
            sql = f"SELECT *, {', '.join(columns)} FROM ({sql})" if columns else sql
        return self._computed(sql, reads)

    def _computed(self, sql: str, reads: Reads) -> str:
        """Derived fields and joins, layer by layer, each after what it needs."""
        ready = set(self.input.fields)
        waiting: dict[str, set[str]] = {name: _wants([self.input.derived[name]]) for name in reads.derived}
        waiting |= {f"{name}.": _wants(join_nodes(self.session.pack.joins[name])) for name in reads.joins}
        while waiting:
            now = sorted(item for item, wants in waiting.items() if wants <= ready)
            sql = self._layer(sql, reads, now)
            ready |= set(now)
            waiting = {item: wants for item, wants in waiting.items() if item not in now}
        return sql

    def _layer(self, sql: str, reads: Reads, items: list[str]) -> str:
        to, values, tables = self._beside_joins(), [], []
        for item in items:
            if item.endswith("."):
                name = item[:-1]
                more, joined = self.join(self.session.pack.joins[name], reads.columns_of(name))
                values += more
                tables += joined
                continue
            node = self.input.derived[item]
            values.append(f"{to.shown(node)} AS {quoted(item)}")
            if self.can_fault(item):
                values.append(f"{to.fault(node) or 'false'} AS {quoted(f'fault:{item}')}")
        return f"SELECT l.*, {', '.join(values)} FROM ({sql}) l{' '.join(['', *tables])}"

    def join(self, join: JoinSpec, columns: list[str]) -> tuple[list[str], list[str]]:
        """Columns and LEFT JOIN clauses of one join, for rows called `l`."""
        tables = self.joins[join.name]
        to = self._beside_joins()
        clauses, founds = [], []
        for number, table in enumerate(tables):
            alias = quoted(f"{join.name}#{number}")
            clauses.append(f"LEFT JOIN {table.name} {alias} ON {table.condition(to, join, alias)}")
            founds.append(table.found(alias))
        values = [f"({' OR '.join(founds) or 'false'}) AS {quoted(f'found:{join.name}')}"]
        for name in columns:
            cases = " ".join(
                f"WHEN {found} THEN {quoted(f'{join.name}#{number}')}.{quoted(name)}"
                for number, found in enumerate(founds)
            )
            one = f"{quoted(f'{join.name}#0')}.{quoted(name)}" if len(tables) == 1 else f"CASE {cases} END"
            one = _over_none(join.values[name], one) if name in join.values else one
            values.append(f"{one if tables else 'NULL'} AS {quoted(f'j:{join.name}.{name}')}")
        return values, clauses


@dataclass(frozen=True)
class JoinTable:
    """A temporary table a join looks in: `paired` are the key columns that must be equal."""

    name: str
    paired: tuple[str, ...]
    effective: tuple[str, str] | None
    not_itself: bool
    fold_case: bool

    def condition(self, to: Compiler, join: JoinSpec, alias: str) -> str:
        """The ON clause."""
        if join.kind == "sequence":
            return f"{alias}.row_number = l.row_number"
        parts = [f"{alias}.{quoted(f'k:{key}')} = {to.value(node)}" for key, node in join.on if key in self.paired]
        if self.effective and join.as_of is not None:
            now, (first, last) = to.value(join.as_of), (f"{alias}.{quoted(name)}" for name in self.effective)
            parts.append(f"({first} IS NULL OR {first} <= {now}) AND ({last} IS NULL OR {now} <= {last})")
            parts.append(f"{now} IS NOT NULL")
        if self.not_itself:
            parts.append(f'({alias}."first:row" <> l.row_number OR {alias}."last:row" <> l.row_number)')
        return " AND ".join(parts) or "true"

    @staticmethod
    def found(alias: str) -> str:
        return f"coalesce({alias}.{quoted(FOUND)}, false)"


def _over_none(value: Aggregate, column: str) -> str:
    """SQL of a value where no row matches."""
    empty = _OVER_NONE.get(value.name)
    return column if empty is None else f"coalesce({column}, CAST({empty} AS {sql_type(value.type)}))"


def _delivered(name: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if name is None else quoted(name)


def _wants(nodes: list[Node]) -> set[str]:
    wants = set()
    for node in (part for tree in nodes for part in walk(tree)):
        if isinstance(node, Field):
            wants.add(node.name)
        elif isinstance(node, JoinField | Found):
            wants.add(f"{node.join}.")
    return wants
