"""What became of a run, in one short phrase with its severity: never a plain success when something failed."""

from dataclasses import dataclass

from records.dashboards.formats import count
from records.dashboards.words import Words
from records.runs.models import Run
from records.states import RunStatus, Severity

ENDED_BADLY = {RunStatus.FAILED: ("error", "Failed"), RunStatus.CANCELLED: ("stopped", "Cancelled")}


@dataclass(frozen=True)
class Outcome:
    """`kind` picks shape and colour: a severity, pass, running, pending or stopped."""

    kind: str
    text: str


def outcome_of(run: Run | None, words: Words) -> Outcome:
    """`Processed, 23 fatal`, `Running`, `Failed`."""
    if run is None or run.status == RunStatus.PENDING:
        return Outcome("pending", "Waiting")
    if run.status == RunStatus.RUNNING:
        return Outcome("running", "Running")
    if run.status in ENDED_BADLY:
        return Outcome(*ENDED_BADLY[RunStatus(run.status)])
    for severity in Severity.values:
        found = getattr(run, severity)
        if found:
            word = words.severity(severity).lower()
            return Outcome("pass" if severity == Severity.INFO else severity, f"Processed, {count(found)} {word}")
    if run.records_errored:
        return Outcome("warning", f"Processed, {count(run.records_errored)} not decided")
    return Outcome("pass", "Processed")
