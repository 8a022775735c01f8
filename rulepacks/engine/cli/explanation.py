"""An explanation as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rulepacks.engine.cli.columns import printable, write_columns
from rulepacks.engine.explanation.trace import Behind, Clause, Explanation

SHOWN_LINES = 12
TEXT_WIDTH = 100
BLANK = "(blank)"
_OUTCOMES = {
    "pass": "passes", "fail": "fails", "not_applicable": "does not apply", "not_evaluated": "is not evaluated",
    "error": "breaks",
}  # fmt: skip


def write_explanation(one: Explanation, to: TextIO) -> None:
    """What is asked about, the outcome with its reason, then the clauses and what they read."""
    to.write(f"{one.rule} ({one.type}): {printable(one.title)}\n")
    to.write(f"{printable(_where(one))}: {_OUTCOMES[one.outcome]}{_severity(one)}\n")
    to.writelines(f"{printable(line)}\n" for line in (one.reason, one.message) if line)
    to.writelines(f"Hint: {hint.text}\n" for hint in one.hints)
    clauses = [line for part in one.parts for line in _clause(part.clause, part.name, 0)]
    tables: list[Sequence[Sequence[str]]] = [clauses, _sides(one), _workings(one), *map(_behind, one.behind)]
    for table in tables:
        if table:
            to.write("\n")
            write_columns(table, to)


def _where(one: Explanation) -> str:
    return f"{one.input} row {one.row}" if one.row is not None else _values(one.key) or one.input


def _severity(one: Explanation) -> str:
    return f", {one.label or one.severity}" if one.outcome == "fail" else ""


def _clause(clause: Clause, name: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """A line for a clause and for each below it; the innermost that decide are marked."""
    text = f"{'  ' * depth}{' '.join(word for word in (name, clause.role, clause.text) if word)}"
    mark = " <" if clause.decides and not any(part.decides for part in clause.clauses) else ""
    yield _shortened(text), f"{clause.truth}{mark}" if clause.reached else "not reached", _values(clause.values)
    for part in clause.clauses:
        yield from _clause(part, "", depth + 1)


def _shortened(text: str) -> str:
    return text if len(text) <= TEXT_WIDTH else text[: TEXT_WIDTH - 1] + "…"


def _filled(value: str | None) -> str:
    return BLANK if value is None else value


def _values(values: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {_filled(value)}" for name, value in values.items())


def _sides(one: Explanation) -> list[tuple[str, str]]:
    """Left, right and difference, for a rule that has them."""
    if one.left is None and one.right is None:
        return []
    lines = [("left", one.left), ("right", one.right), ("difference", one.difference), ("tolerance", one.tolerance)]
    return [(name, _filled(value)) for name, value in lines if value is not None or name in {"left", "right"}]


def _workings(one: Explanation) -> list[tuple[str, str, str, str]]:
    return [(work.name, _filled(work.value), _shortened(work.text), _values(work.values)) for work in one.workings]


def _behind(one: Behind) -> list[tuple[str, ...]]:
    """The rows of a key, or of one side of it."""
    names = list(one.lines[0].amounts) if one.lines else []
    where = f", {one.picked:,} of them where {one.where}" if one.where else ""
    lines = [
        (f"  row {line.row}", *(_filled(line.amounts[name]) for name in names)) for line in one.lines[:SHOWN_LINES]
    ]
    if one.counted > SHOWN_LINES:
        lines.append((f"  {one.counted - SHOWN_LINES:,} more", *("" for _ in names)))
    return [(_shortened(f"{one.input}: {one.rows:,} rows{where}"), *names), *lines]
