"""How a run ends when it cannot end in findings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InputProblem:
    """One reason a delivered file or parameter cannot be used; `line` and `column` where they are known."""

    input: str | None
    message: str
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        place = [self.input] if self.input else []
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.column is not None:
            place.append(f"column {self.column}")
        return ": ".join([*place, self.message])


class BadInput(Exception):
    """The delivered files or parameters cannot be judged at all; nothing was decided."""

    def __init__(self, *problems: InputProblem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Cancelled(Exception):
    """The run was stopped because someone asked for it."""


class ChildFailed(Exception):
    """The child process died, ran out of memory or time, or broke; `reason` says which in plain words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
