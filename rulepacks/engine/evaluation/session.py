"""One evaluation: the connection, what it runs on, and what it has counted so far."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from rulepacks.engine.evaluation.columns import bind_columns
from rulepacks.engine.evaluation.reads import join_nodes
from rulepacks.engine.evaluation.watch import Budget, Watch, broken, too_long
from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, Value, walk
from rulepacks.engine.progress import Progress
from rulepacks.engine.spec import Input, Pack, Rule


@dataclass
class Tally:
    """How one rule fared; counts of rows, or of keys."""

    passed: int = 0
    failed: int = 0
    not_applicable: int = 0
    not_evaluated: int = 0
    errored: int = 0
    seconds: float = 0.0
    reason: str = ""


@dataclass
class Session:
    """State of one evaluation. Statements go through `run`, so each is a point where a run can be stopped.

    A statement that takes longer than the budget allows, or breaks for what rules say, raises Broke.
    """

    con: duckdb.DuckDBPyConnection
    pack: Pack
    relations: Mapping[str, str]
    parameters: Mapping[str, Value]
    out: Path
    report: Callable[[Progress], None]
    budget: Budget
    watch: Watch
    quiet: bool = False
    total_steps: int = 0
    steps: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    columns: dict[str, dict[str, str | None]] = field(default_factory=dict)
    delivered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    faulting: dict[str, frozenset[str]] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.tallies = {rule.code: Tally() for rule in self.pack.rules}
        self.faulting = {name: _faulting(self.pack, source) for name, source in self.pack.inputs.items()}
        for name, relation in self.relations.items():
            self.delivered[name] = tuple(
                row[0] for row in self.rows(f"DESCRIBE SELECT * FROM {relation}") if row[0] != "row_number"
            )
            self.columns[name] = bind_columns(self.pack.inputs[name], self.delivered[name])

    def run(self, sql: str) -> None:
        """Run one statement with the parameters it names."""
        self.rows(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a (small) result."""
        with self.watched():
            found: list[tuple[Any, ...]] = self._execute(sql).fetchall()
        return found

    def one(self, sql: str) -> tuple[Any, ...]:
        """The one row of a result."""
        return self.rows(sql)[0]

    def batches(self, sql: str, rows: int, *, few: bool = False) -> "Batches":
        """A result as Arrow batches. A result of few rows is planned once instead of twice, and copied."""
        if few:
            with self.watched():
                result = self._execute(sql)
                names = [column[0] for column in result.description]
                found = result.fetchall()
            values = zip(*found, strict=True) if found else ([] for _ in names)
            batch = pa.RecordBatch.from_pydict(dict(zip(names, map(list, values), strict=True)))
            return Batches(self, pa.RecordBatchReader.from_batches(batch.schema, [batch]))
        with self.watched():
            named = self._named(self.con.extract_statements(sql)[0]) if "$" in sql else None
            return Batches(self, self.con.sql(sql, params=named).to_arrow_reader(rows))

    @contextmanager
    def watched(self, seconds: float | None = None) -> Iterator[None]:
        """What runs inside ends in time, or breaks as Broke."""
        seconds = self.budget.seconds if seconds is None else seconds
        try:
            with self.watch.over(time.monotonic() + seconds):
                yield
        except (duckdb.Error, pa.ArrowException, MemoryError, OSError) as error:
            broke = broken(error, self.budget.limits, seconds, expired=self.watch.expired)
            if broke is None:
                raise
            raise broke from error
        if self.watch.expired:
            raise too_long(seconds, self.budget.limits)

    def _execute(self, sql: str) -> Any:
        if "$" not in sql:
            return self.con.execute(sql)
        statement = self.con.extract_statements(sql)[0]
        return self.con.execute(statement, self._named(statement))

    def _named(self, statement: Any) -> dict[str, Value] | None:
        """The parameters a statement names; DuckDB refuses others beside them."""
        return {name: self.parameters[name] for name in statement.named_parameters} or None

    def tell(self, stage: str, family: str, rules: list[Rule], seconds: float) -> None:
        """Report a finished family of a stage, and share its time among its rules."""
        if self.quiet:
            return
        group = f"{stage} / {family}"
        self.seconds[group] = self.seconds.get(group, 0.0) + seconds
        for rule in rules:
            self.tallies[rule.code].seconds += seconds / len(rules)
        self.steps += 1
        count = f"{len(rules)} rule{'s' if len(rules) != 1 else ''}, " if rules else ""
        self.report(Progress("rules", group, self.steps, self.total_steps, f"{count}{seconds:.2f} s"))


def _faulting(pack: Pack, source: Input) -> frozenset[str]:
    """Derived fields that may fault, each looked at once: they stand in the order they are computed in."""
    found: set[str] = set()

    def may_fault(part: Node) -> bool:
        if isinstance(part, JoinField | Found):
            join = pack.joins[part.join]
            return join.of_many or any(may_fault(one) for node in join_nodes(join) for one in walk(node))
        return part.can_fault or (isinstance(part, Field) and part.name in found)

    for name, node in source.derived.items():
        if any(map(may_fault, walk(node))):
            found.add(name)
    return frozenset(found)


@dataclass(frozen=True)
class Batches:
    """The batches of a result, which is computed while they are read: all of it in the time of one statement."""

    session: Session
    reader: pa.RecordBatchReader

    @property
    def schema(self) -> pa.Schema:
        """The columns of every batch."""
        return self.reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        seconds = self.session.budget.seconds
        while True:
            began = time.monotonic()
            with self.session.watched(seconds):
                batch = next(self.reader, None)
            if batch is None:
                return
            seconds -= time.monotonic() - began
            yield batch
