"""What a run came to, in one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rulepacks.engine.formats.reading import InputSummary

_SHORT_NAMES = {"passed": "pass", "failed": "fail", "errored": "error"}


@dataclass(frozen=True)
class OutcomeSummary:
    """How one rule fared: counts of its outcomes, over rows or keys, and the seconds it took."""

    rule: str
    type: str
    stage: str
    severity: str
    label: str
    title: str
    passed: int
    failed: int
    not_applicable: int
    not_evaluated: int
    errored: int
    seconds: float
    reason: str


@dataclass(frozen=True)
class OutputSummary:
    """A file the pack puts out: how many rows it has and, when it is not all it should be, the reason.

    `incomplete`: what could not be computed is missing. `failed`: there is no file, since a value has no room in it,
    say. `not_evaluated`: there is no file, since something it needs was not delivered.
    """

    name: str
    file: str
    rows: int
    state: Literal["written", "incomplete", "not_evaluated", "failed"]
    reason: str

    @property
    def complaint(self) -> str:
        """What is wrong with the file, as a sentence; '' when nothing is."""
        if self.state in {"written", "not_evaluated"}:
            return ""
        return f"{self.file} {'is incomplete' if self.state == 'incomplete' else 'was not written'}: {self.reason}"


@dataclass(frozen=True)
class Summary:
    """Counts, hashes and timings of a run; `seconds` by stage, `digest` over the ordered findings.

    `labels` are the pack's own words; `unitless` findings are in no unit's status, though the pack has units.
    """

    engine_version: str
    pack: str
    version: str
    pack_hash: str
    labels: Mapping[str, str]
    parameters: Mapping[str, str | None]
    inputs: Mapping[str, InputSummary]
    outcomes: tuple[OutcomeSummary, ...]
    statuses: Mapping[str, int]
    findings: Mapping[str, int]
    unitless: int
    records: Mapping[str, int]
    outputs: tuple[OutputSummary, ...]
    digest: str
    seconds: Mapping[str, float]
    peak_memory_bytes: int

    def document(self) -> dict[str, Any]:
        """The summary as it is written to a file, with outcomes under their own names."""
        document = asdict(self)
        document["outcomes"] = [
            {_SHORT_NAMES.get(name, name): value for name, value in outcome.items()} for outcome in document["outcomes"]
        ]
        return document
