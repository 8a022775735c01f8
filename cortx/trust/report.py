"""What a check of all promises came to."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What came of a promise here."""

    MET = "met"
    NOT_MET = "not met"
    NOT_CARRIED = "not carried here"


@dataclass(frozen=True)
class Result:
    """What came of one promise. `seconds` is decimal text."""

    promise: str
    name: str
    tried: str
    figure: str
    target: str
    verdict: str
    reason: str
    seconds: str


@dataclass(frozen=True)
class Report:
    """All results, with what was checked and when."""

    checked_at: datetime
    version: str
    commit: str
    database: str
    seconds: str
    results: tuple[Result, ...]

    @property
    def kept(self) -> bool:
        """Whether every promise that this installation carries is met."""
        return all(result.verdict != Verdict.NOT_MET for result in self.results)

    def count(self, verdict: Verdict) -> int:
        """How many results have it."""
        return sum(result.verdict == verdict for result in self.results)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "checked_at": self.checked_at.isoformat(), "kept": self.kept}
