"""What an explanation holds: plain data for a page, the terminal or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rulepacks.engine.explanation.hints import Hint
from rulepacks.engine.spec import Rule

Truth = Literal["true", "false", "unknown", "error"]
Outcome = Literal["pass", "fail", "not_applicable", "not_evaluated", "error"]
Kind = Literal["and", "or", "not", "case", "comparison", "derived", "test"]
Role = Literal["", "when", "then", "else"]


@dataclass(frozen=True)
class Question:
    """Which outcome is to be explained: of a rule for a row, or for the key that names a row or group of rows.

    `input` says whose rows are meant by the built-in rule `parse`; the first input's when it is empty. `earlier` is
    the difference of the same key in the period before, as decimal text, for a hint.
    """

    rule: str
    row: int | None = None
    key: Mapping[str, str | None] = field(default_factory=dict)
    input: str = ""
    earlier: str | None = None


@dataclass(frozen=True)
class Clause:
    """One condition, and those it is made of.

    A comparison has its sides, and their difference when both are numbers. `values` are what a clause reads itself.
    A clause that is not `reached` stands behind a branch that was not taken. Those that `decide` made the outcome
    what it is.
    """

    text: str
    kind: Kind
    role: Role
    truth: Truth
    reached: bool
    decides: bool
    left: str | None
    right: str | None
    difference: str | None
    values: Mapping[str, str | None]
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Part:
    """A condition of the rule under the key it stands under in the pack (`when`, `where`, `require`, …)."""

    name: str
    clause: Clause


@dataclass(frozen=True)
class Working:
    """A derived field, or a column of a score: how it is computed, from what, and what it came to."""

    name: str
    text: str
    value: str | None
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class Line:
    """A row behind a key, with what each sum takes of it."""

    row: int
    amounts: Mapping[str, str | None]


@dataclass(frozen=True)
class Behind:
    """The rows of a key, of one side for a reconciliation: `rows` have the key, `picked` fulfil `where` too.

    `counted` are those of which a sum takes something, all picked ones where nothing is summed; `lines` their first.
    """

    side: Literal["", "left", "right"]
    input: str
    where: str
    rows: int
    picked: int
    counted: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Explanation:
    """The outcome of a rule for one row or key, and why.

    Amounts are decimal text; `difference` is left - right. `message` is that of the finding, '' without one. `values`
    are those a finding shows. `same` are the rows a unique rule takes for equal to this one.
    """

    rule: str
    type: str
    title: str
    stage: str
    severity: str
    label: str
    input: str
    row: int | None
    key: Mapping[str, str | None]
    unit: str | None
    outcome: Outcome
    reason: str
    message: str = ""
    left: str | None = None
    right: str | None = None
    difference: str | None = None
    tolerance: str | None = None
    values: Mapping[str, str | None] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    workings: tuple[Working, ...] = ()
    behind: tuple[Behind, ...] = ()
    same: tuple[int, ...] = ()
    hints: tuple[Hint, ...] = ()


def begun(rule: Rule) -> Explanation:
    """An explanation that says no more than which rule it is about."""
    return Explanation(
        rule=rule.code, type=rule.type, title=rule.title, stage=rule.stage, severity=rule.severity.otherwise,
        label=rule.label, input=rule.input, row=None, key={}, unit=None, outcome="not_evaluated", reason="",
    )  # fmt: skip
