"""The names of delivered columns."""

from __future__ import annotations

from collections.abc import Sequence

from rulepacks.engine.formats.blocks import ROW_NUMBER
from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput, InputProblem

LONGEST_NAME = 200


def stored_name(delivered: str) -> str:
    """The name a delivered column has in the snapshot, where `row_number` is taken."""
    name = delivered.strip()
    return f"{name} (delivered)" if name.lower() == ROW_NUMBER else name


def check_header(input_name: str, names: Sequence[str], line: int, limits: Limits) -> tuple[str, ...]:
    """Stored names of a header's columns; raises `BadInput` when they cannot tell the columns apart."""
    stored = tuple(stored_name(name) for name in names)
    problems = []
    seen: dict[str, int] = {}
    if len(stored) > limits.columns:
        raise BadInput(InputProblem(input_name, limits.said("columns", f"{len(stored)} columns, more than {{}}"), line))
    for number, name in enumerate(stored, start=1):
        if not name:
            problems.append(f"column {number} has no name in the header")
        elif "\0" in name:
            problems.append(f"the name of column {number} holds a NUL character")
        elif len(name) > LONGEST_NAME:
            problems.append(f"the name of column {number} is longer than {LONGEST_NAME} characters")
        elif name.lower() in seen:
            problems.append(f'columns {seen[name.lower()]} and {number} are both named "{name}"')
        seen.setdefault(name.lower(), number)
    if problems:
        raise BadInput(*(InputProblem(input_name, problem, line) for problem in problems))
    return stored
