"""Rules judged by a statement of their own, whose failing rows or keys are kept in a table."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from rulepacks.engine.arrow_types import arrow_type
from rulepacks.engine.bodies import QueryBody
from rulepacks.engine.compile_sql import quoted, text_literal
from rulepacks.engine.evaluation.findings import Shown, Writer
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.state import UNIT_HITS, State
from rulepacks.engine.spec import Rule


@dataclass(frozen=True)
class Hits:
    """The findings of one rule: a table, and what is shown of its rows."""

    rule: Rule
    name: str
    shown: Shown

    @property
    def by_row(self) -> bool:
        """Whether they are about rows of the rule's input."""
        return isinstance(self.rule.body, QueryBody) and self.rule.body.by_row


class Statement(Protocol):
    """One rule with its statement."""

    def run(self) -> None:
        """Make the table of what fails, and count outcomes."""

    def shown(self) -> Shown:
        """What the findings show."""
        ...


def run_statements(state: State, rules: Sequence[Rule], made: Callable[[State, Rule], Statement]) -> list[Hits]:
    """Evaluate such rules of a stage, each by itself."""
    done = []
    for rule in rules:
        began, statement = time.perf_counter(), made(state, rule)
        statement.run()
        done.append(Hits(rule, hits_name(rule), statement.shown()))
        state.session.tell(rule.stage, rule.type, [rule], time.perf_counter() - began)
    return done


def list_relation(session: Session, name: str) -> str:
    """Name of a relation with the typed rows of a list."""
    spec, relation = session.pack.lists[name], f"list:{name}"
    arrays = [pa.array([row[at] for row in spec.rows], arrow_type(kind))
              for at, kind in enumerate(spec.columns.values())]  # fmt: skip
    session.con.register(relation, pa.table(dict(zip(spec.columns, arrays, strict=True))))
    return quoted(relation)


def hits_name(rule: Rule) -> str:
    """Name of the table of a rule's findings."""
    return quoted(f"hits:{rule.code}")


def count_hits(state: State, hits: Hits) -> None:
    """Count the findings of a rule by unit and severity."""
    rule, shown = hits.rule, hits.shown
    state.session.run(
        f"INSERT INTO {UNIT_HITS} SELECT {shown.unit}, {text_literal(rule.code)}, {text_literal(rule.stage)}, "
        f"{shown.severity}, {text_literal(rule.label)}, count(*) FROM {shown.source} GROUP BY ALL"
    )


def show_hits(hits: Hits, writer: Writer) -> None:
    """Write the findings of a rule."""
    writer.write(hits.rule, hits.shown)
