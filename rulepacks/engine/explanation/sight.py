"""What a rule looks at, as relations that can be asked: its rows, groups or pairs, and its conditions over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from rulepacks.engine.compile_sql import Compiler, quoted, text_literal
from rulepacks.engine.evaluation.masks import Bit
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.explanation.answers import Answer
from rulepacks.engine.explanation.outline import Outline
from rulepacks.engine.explanation.trace import Outcome
from rulepacks.engine.expressions.tree import Node

OUTCOME = '"the outcome"'
JUDGED = f"{OUTCOME} <> 'not_evaluated'"
_WORDS = (("fail", "fail"), ("na", "not_applicable"), ("ne", "not_evaluated"), ("er", "error"))


@dataclass(frozen=True)
class Sight:
    """Rows or keys as a relation with a column `OUTCOME`, and conditions over it by the key they stand under.

    `text` is the SQL of a value as it is shown.
    """

    session: Session
    relation: str
    to: Compiler
    parts: Sequence[tuple[str, Outline]]
    text: Callable[[Node], str]

    def answers(self, where: str, more: Iterable[Node] = ()) -> dict[Node, Answer]:
        """The values of all clauses and of `more` for the one row or key that fulfils `where`."""
        nodes = list(dict.fromkeys([*(node for _, part in self.parts for node in part.asked()), *more]))
        columns = [f"CAST({self.text(node)} AS VARCHAR), {self.to.fault(node) or 'false'}" for node in nodes]
        if not columns:
            return {}
        row = self.session.one(f"SELECT {', '.join(columns)} FROM ({self.relation}) WHERE {where}")
        answers = (Answer(None if fault else value, fault) for value, fault in zip(row[::2], row[1::2], strict=True))
        return dict(zip(nodes, answers, strict=True))

    def outcome(self, where: str) -> Outcome | None:
        """The outcome of the row or key that fulfils `where`; None when there is none."""
        found = self.session.rows(f"SELECT {OUTCOME} FROM ({self.relation}) WHERE {where}")
        return cast("Outcome", found[0][0]) if found else None


def bit_outcomes(bit: Bit) -> list[tuple[str, str]]:
    """The tests of the masks of a rule, each with the outcome it means."""
    return [(bit.test(kind), word) for kind, word in _WORDS]


def outcome_case(tests: Iterable[tuple[str, str]]) -> str:
    """SQL of the outcome: the word of the first test that holds, or pass."""
    cases = " ".join(f"WHEN {test} THEN {text_literal(word)}" for test, word in tests)
    return f"CASE {cases} ELSE 'pass' END AS {OUTCOME}"


def equal_to(values: Iterable[tuple[str, str | None]]) -> str:
    """The condition that columns have these values as text."""
    parts = [
        f"CAST({quoted(name)} AS VARCHAR) IS NOT DISTINCT FROM {'NULL' if value is None else text_literal(value)}"
        for name, value in values
    ]
    return " AND ".join(parts) or "true"
