"""Outlines filled with values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rulepacks.engine.explanation.outline import Outline
from rulepacks.engine.explanation.trace import Clause, Truth
from rulepacks.engine.expressions.tree import Node


@dataclass(frozen=True)
class Answer:
    """What an expression came to, as text; `fault` when it could not be computed."""

    value: str | None
    fault: bool = False

    @property
    def truth(self) -> Truth:
        """The value of a condition; a cell that cannot be read as one is unknown."""
        if self.fault:
            return "error"
        if self.value == "true":
            return "true"
        return "false" if self.value == "false" else "unknown"


Answers = Mapping[Node, Answer]


def filled(outline: Outline, answers: Answers) -> Clause:
    """The clause with its values, and which of its clauses made it what it is."""
    return _decided(_filled(outline, answers))


def _filled(outline: Outline, answers: Answers) -> Clause:
    def text(node: Node | None) -> str | None:
        return None if node is None else answers[node].value

    left, right = outline.sides or (None, None)
    return Clause(
        text=outline.text, kind=outline.kind, role=outline.role, truth=answers[outline.node].truth,
        reached=all((answers[node].truth == "true") == wanted for node, wanted in outline.reached),
        decides=False, left=text(left), right=text(right), difference=text(outline.difference),
        values={name: answers[node].value for name, node in (outline.reads or {}).items()},
        clauses=tuple(_filled(part, answers) for part in outline.parts),
    )  # fmt: skip


def _decided(clause: Clause) -> Clause:
    """The clause, which decides, with those of its clauses that decide marked."""
    parts = tuple(_decided(part) if _matters(clause, part) else part for part in clause.clauses)
    return replace(clause, decides=True, clauses=parts)


def _matters(clause: Clause, part: Clause) -> bool:
    """Whether a clause made the one it is part of true, false or unknown."""
    if clause.kind == "case":
        # Of a case the branch that was taken, and the condition that took it.
        return part.reached and (part.role != "when" or part.truth in {"true", "error"})
    if clause.kind in {"and", "or"}:
        deciding = "false" if clause.kind == "and" else "true"
        return clause.truth not in {deciding, "unknown", "error"} or part.truth == clause.truth
    return True


def deciding(clause: Clause) -> list[Clause]:
    """The innermost clauses that made the outcome what it is, in the order of the text."""
    below = [one for part in clause.clauses if part.decides for one in deciding(part)]
    return below or [clause]
