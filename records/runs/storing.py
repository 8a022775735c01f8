"""What a run decided, in one transaction: records, findings, outcomes, unit statuses, counters, audit event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models.functions import Now

from records.datasets.identity import created_at
from records.datasets.models import Batch, BatchInput, RecordCount
from records.runs.bulk import records_insert, rows_delete, rows_insert
from records.runs.models import RuleOutcome, Run
from records.runs.results import (
    FINDING_COLUMNS,
    UNIT_COLUMNS,
    Tally,
    finding_rows,
    row_states,
    unit_rows,
)
from records.runs.services import run_move, run_note
from records.states import RecordStatus, RunStatus, Severity
from rulepacks.engine.refusals import Cancelled
from rulepacks.engine.summary import Summary
from tenants.audit.services import audit_append
from tenants.work.services import LeaseLost


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


def run_store(run: Run, summary: Summary, out: Path, files: KeptFiles) -> None:
    """Everything the run decided. The caller holds the fence and opened the transaction.

    Raises `Cancelled` when somebody asked for it before this moment, `CountsDiffer`.
    """
    batch = Batch.objects.select_for_update(of=("self",)).select_related("dataset").get(id=run.batch_id)
    take_over(run)
    first = next(iter(summary.inputs))
    inputs_store(batch, summary, files)
    records_store(batch, summary, row_states(out, first))
    tally = findings_store(run, summary, out, first)
    outcomes_store(run, summary, tally)
    rows_insert("records_unitstatus", UNIT_COLUMNS, unit_rows(out, run))
    counts_store(batch, summary)
    Batch.objects.filter(id=batch.id).update(current_run=run)
    run_complete(run, summary, files)


def take_over(run: Run) -> None:
    """Lock the run's row. Raises `Cancelled`, or `LeaseLost` when it is no longer running."""
    row = Run.objects.select_for_update(of=("self",)).get(id=run.id)
    if row.cancel_requested:
        raise Cancelled
    if row.status != RunStatus.RUNNING:
        raise LeaseLost(f"run {run.id} is {row.status}")


def inputs_store(batch: Batch, summary: Summary, files: KeptFiles) -> None:
    """What reading each input gave. Raises `CountsDiffer` when accepted and rejected rows are not all rows."""
    for name, read in summary.inputs.items():
        same(f"rows of {name}", read.rows_read, read.accepted + read.rejected)
        if name not in files.snapshots:
            continue
        BatchInput.objects.filter(batch=batch, name=name).update(
            format=read.format,
            encoding=read.encoding,
            snapshot=files.snapshots[name],
            snapshot_sha256=read.snapshot_sha256,
            rejects=files.rejects if read.rejected else "",
            rows_read=read.rows_read,
            rows_accepted=read.accepted,
            rows_rejected=read.rejected,
        )


def records_store(batch: Batch, summary: Summary, states: Iterable[tuple[int, str]]) -> None:
    """One thin row per accepted row of the first input; those of an earlier run give way."""
    read = next(iter(summary.inputs.values()))
    counts = summary.records
    same("records", read.accepted, counts["processed"] + counts["failed"] + counts["errored"])
    rows_delete("records_record", batch.id)
    same("stored records", read.accepted, records_insert(batch, read.rows_read, states))


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


def run_complete(run: Run, summary: Summary, files: KeptFiles) -> None:
    """Close the run with what it found, and say so in the audit log."""
    first = next(iter(summary.inputs.values()))
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
