"""One record: what it holds, what was found about it, and what happened to it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.urls import reverse

from records.dashboards.formats import amount, count, sentence
from records.dashboards.outcomes import Outcome
from records.dashboards.words import Words, words_of
from records.datasets.identity import row_id
from records.datasets.models import BatchInput, Record
from records.datasets.selectors import first_input_name
from records.runs.explained import header_fields, told
from records.runs.models import Finding, Run
from records.runs.selectors import SEVERITY_ORDER
from records.snapshots import record_row
from records.states import RecordStatus, RunStatus

STATES = {
    RecordStatus.PENDING: Outcome("pending", "Pending"),
    RecordStatus.PROCESSED: Outcome("pass", "Processed"),
    RecordStatus.FAILED: Outcome("error", "Failed"),
}


@dataclass(frozen=True)
class FieldRow:
    """A field as delivered and as read; `kind` is the gravest severity of what was found about it."""

    name: str
    type: str
    raw: str | None
    value: str
    amount: bool
    unreadable: str
    findings: str
    kind: str


@dataclass(frozen=True)
class Entry:
    """Something that happened to the record."""

    kind: str
    text: str
    at: datetime | None
    note: str = ""


def record_context(record: Record, slug: str, *, every: bool) -> dict[str, Any]:
    """Everything the page shows."""
    runs = runs_of(record)
    in_force = run_in_force(record, runs)
    words = words_of(in_force.pack_version if in_force else None)
    every_run = findings_of(record, runs)
    findings = [one for one in every_run if in_force is not None and one.run_id == in_force.id]
    delivered = delivered_values(record)
    rows = field_rows(delivered, words, findings)
    filled = [row for row in rows if row.raw or row.findings]
    return {
        "record": record,
        "title": title(record, words),
        "crumb": f"Row {count(record.row_number)}" if record.batch else "Record",
        "crumbs": crumbs(record, slug),
        "outcome": Outcome("warning", "Not decided") if record.errored else STATES[RecordStatus(record.status)],
        "dataset": record.dataset,
        "batch": record.batch,
        "filename": filename(record),
        "unit": findings[0].unit if findings else "",
        "words": words,
        "fields": rows if every else filled,
        "filled": len(filled),
        "all_fields": len(rows),
        "every": every,
        "findings": [finding_entry(finding, words, slug) for finding in findings],
        "no_findings": no_findings(record, words),
        "history": history(record, runs, every_run, words),
        **neighbours(record, in_force, slug),
    }


def title(record: Record, words: Words) -> str:
    """`B-12, line 17`, or the id of a single record."""
    if record.batch is None:
        return f"{sentence(words.noun('record'))} {str(record.id)[:8]}"
    return f"{record.batch.label}, {words.noun('record')} {count(record.row_number)}"


def crumbs(record: Record, slug: str) -> list[tuple[str, str]]:
    found = [("Batches", reverse("batches", args=[slug]))]
    if record.batch is not None:
        found.append((record.batch.label, reverse("batch", args=[slug, record.batch.number])))
    return found


def runs_of(record: Record) -> list[Run]:
    """Live runs that judged, or tried to judge, this record; oldest first."""
    runs = Run.objects.select_related("pack_version__pack").filter(kind=Run.Kind.LIVE).order_by("id")
    return list(runs.filter(batch=record.batch) if record.batch else runs.filter(record_id=record.id))


def run_in_force(record: Record, runs: list[Run]) -> Run | None:
    """The run whose verdict stands."""
    if record.batch is not None:
        return next((run for run in runs if run.id == record.batch.current_run_id), None)
    return next((run for run in reversed(runs) if run.status == RunStatus.COMPLETED), None)


def findings_of(record: Record, runs: list[Run]) -> list[Finding]:
    """Findings about this very record in all its runs, gravest first; one look, since it is not indexed."""
    found = Finding.objects.filter(run__in=[run.id for run in runs], record_id=record.id).order_by("id")[:500]
    return sorted(found, key=lambda one: (SEVERITY_ORDER[one.severity], one.ordinal))


def delivered_values(record: Record) -> dict[str, str | None]:
    """Cells of the snapshot, or the payload of a single record."""
    if record.payload is not None:
        return {name: None if value is None else str(value) for name, value in record.payload.items()}
    row = record_row(record)
    return row.values if row else {}


def field_rows(values: Mapping[str, str | None], words: Words, findings: list[Finding]) -> list[FieldRow]:
    """The delivered columns in their order, each with the field it is read as."""
    declared = words.inputs[0].get("fields", []) if words.inputs else []
    headers = header_fields(declared, list(values))
    suspects: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in words.rule(finding.rule).get("fields") or suspected(finding):
            suspects.setdefault(name, []).append(finding)
    return [field_row(header, values[header], spec, suspects) for header, spec in headers.items()]


def suspected(finding: Finding) -> list[str]:
    """Without the pack's word on it, a rule that read one field is about that field."""
    return list(finding.fields) if len(finding.fields) <= 2 else []


def field_row(header: str, raw: str | None, spec: Mapping[str, Any], suspects: Mapping[str, list[Finding]]) -> FieldRow:
    name, kind = str(spec.get("name", header)), str(spec.get("type", ""))
    about = suspects.get(name, [])
    value, unreadable = read_as(raw, kind)
    unit = str(spec.get("unit") or "")
    is_amount = bool(unit) and not unreadable and bool(value)
    return FieldRow(
        name=name,
        type=kind or "not read",
        raw=raw,
        value=amount(value, unit) if is_amount else value,
        amount=is_amount,
        unreadable=unreadable,
        findings=", ".join(finding.rule for finding in about),
        kind=about[0].severity if about else "",
    )


def read_as(raw: str | None, kind: str) -> tuple[str, str]:
    """The value as the type reads it, or why it cannot be read; blank is no value."""
    text = (raw or "").strip()
    if not text or not kind.startswith(("integer", "decimal")):
        return text, ""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return "", f"not {'a whole number' if kind.startswith('integer') else 'a number'}"
    if not value.is_finite():
        return "", "not a number"
    return (f"{value:f}" if kind.startswith("decimal") else str(int(value))), ""


def filename(record: Record) -> str:
    if record.batch is None:
        return ""
    name = first_input_name(record.batch)
    return str(
        BatchInput.objects.filter(batch=record.batch, name=name).values_list("filename", flat=True).first() or ""
    )


def finding_entry(finding: Finding, words: Words, slug: str) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "severity_word": words.severity(finding.severity, finding.label),
        "rule": finding.rule,
        "message": told(finding, words),
        "url": reverse("finding", args=[slug, finding.id]),
    }


def no_findings(record: Record, words: Words) -> str:
    """Why the list is empty."""
    if record.errored:
        return "A rule broke on it, so it is not decided."
    if record.status == RecordStatus.PENDING:
        return "Not judged yet."
    return f"No finding is about this {words.noun('record')} itself."


def history(record: Record, runs: list[Run], findings: list[Finding], words: Words) -> list[Entry]:
    """Received, then every run in its order. Entries are never edited; another run adds one."""
    who = record.batch.created_by if record.batch else record.source
    entries = [
        Entry(
            "pending", f"Received {'in ' + record.batch.label if record.batch else ''}".strip(), record.created_at, who
        )
    ]
    counted = Counter(finding.run_id for finding in findings)
    return entries + [run_entry(run, counted[run.id], words) for run in runs]


def run_entry(run: Run, number: int, words: Words) -> Entry:
    at = run.finished_at or run.started_at or run.created_at
    note = str(run.pack_version or "no pack")
    if run.status == RunStatus.COMPLETED:
        if number:
            return Entry("error", f"{number} finding{'' if number == 1 else 's'}", at, note)
        return Entry("pass", "No finding", at, note)
    kinds = {RunStatus.FAILED: "error", RunStatus.CANCELLED: "stopped", RunStatus.RUNNING: "running"}
    return Entry(kinds.get(RunStatus(run.status), "pending"), f"Run {RunStatus(run.status).label.lower()}", at, note)


def neighbours(record: Record, run: Run | None, slug: str) -> dict[str, Any]:
    """Links to the rows before and after, inside the delivery."""
    if record.batch is None or record.row_number is None or run is None:
        return {}
    found: dict[str, Any] = {}
    if record.row_number > 1:
        found["previous_number"] = record.row_number - 1
        found["previous_url"] = reverse("record", args=[slug, row_id(record.batch.id, record.row_number - 1)])
    if record.row_number < run.rows_read:
        found["next_number"] = record.row_number + 1
        found["next_url"] = reverse("record", args=[slug, row_id(record.batch.id, record.row_number + 1)])
    return found
