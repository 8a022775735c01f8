"""What can be wrong with a pack, said with file, line and column."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file of the pack; line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a pack; line and column are 0 where no place in a file is meant."""

    file: str
    line: int
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        rule = f" {self.rule}:" if self.rule else ""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else f"{self.file}:"
        return f"{place}{rule} {self.message}"


@dataclass(frozen=True, order=True)
class Advice(Problem):
    """What the author of a pack that loads may want to look at; `code` is the same for all of its kind."""

    code: str

    def __str__(self) -> str:
        return f"{super().__str__()} ({self.code})"


class PackError(Exception):
    """A pack cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ParameterError(ValueError):
    """Parameters given for a run do not fit the pack; carries one message a parameter."""

    def __init__(self, messages: Iterable[str]) -> None:
        self.messages: tuple[str, ...] = tuple(messages)
        super().__init__("; ".join(self.messages))


class ProblemList:
    """Collects problems while a pack is read, so that all are reported at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, place: Place, message: str, rule: str = "") -> None:
        self._problems.append(Problem(place.file, place.line, place.column, rule, message))

    def raise_if_any(self) -> None:
        """Raise PackError when something was added."""
        if self._problems:
            raise PackError(self._problems)

    def __len__(self) -> int:
        return len(self._problems)

    @property
    def all(self) -> tuple[Problem, ...]:
        """All of them, by place."""
        return tuple(sorted(set(self._problems)))
