"""One evaluation: the connection, what it runs on, and what it has counted so far."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from rulepacks.engine.evaluation.columns import bind_columns
from rulepacks.engine.expressions.tree import Value
from rulepacks.engine.progress import Progress
from rulepacks.engine.spec import Pack, Rule


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
    """State of one evaluation. Statements go through `run`, so each is a point where a run can be stopped."""

    con: duckdb.DuckDBPyConnection
    pack: Pack
    relations: Mapping[str, str]
    parameters: Mapping[str, Value]
    out: Path
    report: Callable[[Progress], None]
    total_steps: int = 0
    steps: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    columns: dict[str, dict[str, str | None]] = field(default_factory=dict)
    delivered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.tallies = {rule.code: Tally() for rule in self.pack.rules}
        for name, relation in self.relations.items():
            self.delivered[name] = tuple(
                row[0] for row in self.rows(f"DESCRIBE SELECT * FROM {relation}") if row[0] != "row_number"
            )
            self.columns[name] = bind_columns(self.pack.inputs[name], self.delivered[name])

    def run(self, sql: str) -> None:
        """Run one statement with the parameters it names."""
        self._execute(sql).fetchall()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a (small) result."""
        found: list[tuple[Any, ...]] = self._execute(sql).fetchall()
        return found

    def one(self, sql: str) -> tuple[Any, ...]:
        """The one row of a result."""
        return self.rows(sql)[0]

    def batches(self, sql: str, rows: int, *, few: bool = False) -> Any:
        """A result as Arrow batches. A result of few rows is planned once instead of twice, and copied."""
        if few:
            result = self._execute(sql)
            names = [column[0] for column in result.description]
            found = result.fetchall()
            values = zip(*found, strict=True) if found else ([] for _ in names)
            return [pa.RecordBatch.from_pydict(dict(zip(names, map(list, values), strict=True)))]
        named = self._named(self.con.extract_statements(sql)[0]) if "$" in sql else None
        return self.con.sql(sql, params=named).to_arrow_reader(rows)

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
        group = f"{stage} / {family}"
        self.seconds[group] = self.seconds.get(group, 0.0) + seconds
        for rule in rules:
            self.tallies[rule.code].seconds += seconds / len(rules)
        self.steps += 1
        count = f"{len(rules)} rule{'s' if len(rules) != 1 else ''}, " if rules else ""
        self.report(Progress("rules", group, self.steps, self.total_steps, f"{count}{seconds:.2f} s"))
