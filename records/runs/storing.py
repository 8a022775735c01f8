"""What a run decided, in one transaction: records, findings, outcomes, unit statuses, counters, audit event."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db.models.functions import Now

from records.datasets.identity import created_at, row_id
from records.datasets.models import Batch, BatchInput, Record, RecordCount
from records.runs.bulk import ERRORED, FAILED, records_insert, rows_delete, rows_insert
from records.runs.models import RuleOutcome, Run
from records.runs.results import (
    FINDING_COLUMNS,
    UNIT_COLUMNS,
    Tally,
    finding_rows,
    rejected_rows,
    row_states,
    unit_rows,
)
from records.runs.services import run_move, run_note
from records.states import RecordStatus, RunStatus, Severity
from rulepacks.engine.formats.reading import InputSummary
from rulepacks.engine.refusals import Cancelled
from rulepacks.engine.summary import Summary
from tenants.audit.services import audit_append
from tenants.work.services import LeaseLost

SLICE = 10_000
UNSETTLED = {FAILED: (RecordStatus.FAILED, False), ERRORED: (RecordStatus.PENDING, True)}
"""Status and mark of records that did not plainly pass."""


class CountsDiffer(RuntimeError):
    """Rows went missing or were made up somewhere between the reader and the database: nothing is committed."""


@dataclass(frozen=True)
class KeptFiles:
    """Names in storage of what this attempt produced: snapshots by input, rejected rows, outputs by file name."""

    snapshots: Mapping[str, str]
    rejects: str
    outputs: Mapping[str, str]


def same(what: str, expected: int, found: int) -> None:
    """Raises `CountsDiffer` unless the two are equal."""
    if expected != found:
        raise CountsDiffer(f"{what}: expected {expected:,}, found {found:,}")


def run_store(run: Run, summary: Summary, out: Path, files: KeptFiles, ahead: int | None = None) -> None:
    """Everything the run decided. The caller holds the fence and opened the transaction.

    `ahead` records are in already, as if all had passed.

    Raises `Cancelled` when somebody asked for it before this moment, `CountsDiffer`.
    """
    batch = Batch.objects.select_for_update(of=("self",)).select_related("dataset").get(id=run.batch_id)
    take_over(run)
    read = inputs_store(batch, summary, files)
    first = next(iter(read))
    rejects = BatchInput.objects.get(batch=batch, name=first).rejects
    if ahead is None:
        records_store(batch, summary, read[first], row_states(out, rejected_of(rejects, first)))
    else:
        same("records put in ahead", read[first].accepted, ahead)
        records_change(batch, summary, row_states(out, ()))
    tally = findings_store(run, summary, out, first)
    outcomes_store(run, summary, tally)
    rows_insert("records_unitstatus", UNIT_COLUMNS, unit_rows(out, run))
    counts_store(batch, summary)
    Batch.objects.filter(id=batch.id).update(current_run=run)
    run_complete(run, summary, read[first], files)


def take_over(run: Run) -> None:
    """Lock the run's row. Raises `Cancelled`, or `LeaseLost` when it is no longer running."""
    row = Run.objects.select_for_update(of=("self",)).get(id=run.id)
    if row.cancel_requested:
        raise Cancelled
    if row.status != RunStatus.RUNNING:
        raise LeaseLost(f"run {run.id} is {row.status}")


def inputs_store(batch: Batch, summary: Summary, files: KeptFiles) -> dict[str, InputSummary]:
    """Note what reading each input gave; how each was read, now or by the run that made its snapshot.

    Raises `CountsDiffer` when accepted and rejected rows are not all rows.
    """
    found = {}
    for name, read in summary.inputs.items():
        delivered = BatchInput.objects.get(batch=batch, name=name)
        if name in files.snapshots:
            input_store(delivered, read, files)
        else:
            same(f"rows in the snapshot of {name}", int(delivered.rows_accepted or 0), read.accepted)
        rows, rejected = int(delivered.rows_read or 0), int(delivered.rows_rejected or 0)
        found[name] = replace(read, rows_read=rows, rejected=rejected)
        same(f"rows of {name}", found[name].rows_read, read.accepted + found[name].rejected)
    return found


def input_store(delivered: BatchInput, read: InputSummary, files: KeptFiles) -> None:
    delivered.format = read.format
    delivered.encoding = read.encoding
    delivered.snapshot = files.snapshots[delivered.name]
    delivered.snapshot_sha256 = read.snapshot_sha256
    delivered.rejects = files.rejects if read.rejected else ""
    delivered.rows_read = read.rows_read
    delivered.rows_accepted = read.accepted
    delivered.rows_rejected = read.rejected
    delivered.save()


def rejected_of(rejects: str, name: str) -> Iterator[int]:
    """Numbers of the rows of an input that could not be read. Read while rows are copied: no query may happen here."""
    if rejects:
        with default_storage.open(rejects) as lines:
            yield from rejected_rows(lines, name)


def records_store(batch: Batch, summary: Summary, read: InputSummary, states: Iterable[tuple[int, str]]) -> None:
    """One thin row per accepted row of the first input; those of an earlier run give way."""
    counts = summary.records
    same("records", read.accepted, counts["processed"] + counts["failed"] + counts["errored"])
    rows_delete("records_record", batch.id)
    same("stored records", read.accepted, records_insert(batch, read.rows_read, states))


def records_change(batch: Batch, summary: Summary, states: Iterable[tuple[int, str]]) -> None:
    """Give records that are in already, as if all had passed, the states they have. Raises `CountsDiffer`.

    Some thousands at a time, between the lowest and the highest of them: of rows put in just now the planner knows too
    little to look up one by one, and goes through the whole batch, which is then done once.
    """
    expected, changed, remaining = summary.records["failed"] + summary.records["errored"], 0, iter(states)
    while part := list(islice(remaining, SLICE)):
        for state, (status, errored) in UNSETTLED.items():
            ids = [row_id(batch.id, number) for number, found in part if found == state]
            if ids:
                between = Record.objects.filter(id__range=(min(ids), max(ids)), id__in=ids)
                changed += between.update(status=status, errored=errored)
    same("changed records", expected, changed)


def findings_store(run: Run, summary: Summary, out: Path, first: str) -> Tally:
    """All findings. Raises `CountsDiffer` when they are not as many as the engine counted."""
    tally = Tally()
    stored = rows_insert("records_finding", FINDING_COLUMNS, finding_rows(out, run, first, tally))
    same("stored findings", sum(summary.findings.values()), stored)
    return tally


def outcomes_store(run: Run, summary: Summary, tally: Tally) -> None:
    """How each rule fared."""
    RuleOutcome.objects.bulk_create(
        RuleOutcome(
            run=run,
            position=position,
            rule=outcome.rule,
            type=outcome.type,
            stage=outcome.stage,
            severity=outcome.severity,
            label=outcome.label or "",
            title=outcome.title,
            passed=outcome.passed,
            failed=outcome.failed,
            not_applicable=outcome.not_applicable,
            not_evaluated=outcome.not_evaluated,
            errored=outcome.errored,
            findings=tally.findings[outcome.rule],
            difference=str(tally.difference.get(outcome.rule, "")),
            seconds=outcome.seconds,
            reason=outcome.reason or "",
        )
        for position, outcome in enumerate(summary.outcomes, start=1)
    )


def counts_store(batch: Batch, summary: Summary) -> None:
    """The batch's counters, in place of an earlier run's."""
    RecordCount.objects.filter(batch_id=batch.id).delete()
    day = created_at(batch.id).date()
    counts = {
        RecordStatus.PROCESSED: summary.records["processed"],
        RecordStatus.FAILED: summary.records["failed"],
        RecordStatus.PENDING: summary.records["errored"],
    }
    RecordCount.objects.bulk_create(
        RecordCount(dataset_id=batch.dataset_id, batch_id=batch.id, day=day, status=status, count=count)
        for status, count in counts.items()
        if count
    )


def run_complete(run: Run, summary: Summary, first: InputSummary, files: KeptFiles) -> None:
    """Close the run with what it found, and say so in the audit log."""
    severities = {severity.value: summary.findings.get(severity.value, 0) for severity in Severity}
    values: dict[str, Any] = {
        **severities,
        "rows_read": first.rows_read,
        "rows_rejected": first.rejected,
        "records_processed": summary.records["processed"],
        "records_failed": summary.records["failed"],
        "records_errored": summary.records["errored"],
        "snapshot_hash": first.snapshot_sha256,
        "engine_version": summary.engine_version,
        "findings_digest": summary.digest,
        "peak_memory": summary.peak_memory_bytes,
        "outputs": dict(files.outputs),
        "finished_at": Now(),
    }
    if not run_move(run, RunStatus.COMPLETED, **values):
        raise LeaseLost(f"run {run.id} was taken over")
    run_note(run, f"Stored {first.accepted:,} records and {sum(severities.values()):,} findings")
    for output in summary.outputs:
        if output.complaint:
            run_note(run, output.complaint, level="problem")
    facts = {
        "records": first.accepted,
        "rejected": first.rejected,
        "statuses": summary.records,
        "findings": sum(severities.values()),
        "severities": severities,
        "findings_digest": summary.digest,
        "snapshot_hash": first.snapshot_sha256,
        "pack": f"{summary.pack}@{summary.version}",
        "pack_hash": summary.pack_hash,
        "engine_version": summary.engine_version,
    }
    audit_append("run.completed", run, facts)
