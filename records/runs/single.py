"""Judging a record that came alone: row rules only, in this process, in the transaction that decides it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from records.datasets.identity import created_at, row_id
from records.datasets.models import Record
from records.datasets.selectors import record_by_id
from records.datasets.services import count_add
from records.runs.models import Finding, RuleOutcome, Run
from records.runs.results import unit_name
from records.runs.services import severities_of
from records.states import FAILING, RecordStatus, RunStatus, Severity
from rulepacks.catalog.selectors import record_rules
from rulepacks.engine.problems import ParameterError
from rulepacks.engine.record import RecordVerdict
from rulepacks.engine.record_findings import RecordFinding
from rulepacks.engine.severities import stricter
from tenants.audit.services import audit_append
from tenants.context import current_actor
from tenants.policies.selectors import policy_now
from tenants.problems import StateConflict


@dataclass(frozen=True)
class Judged:
    """By which version of the tenant's policy, and the least severities it demanded."""

    policy_version: int
    severities: Mapping[str, str]


NOTHING = RecordVerdict(findings=(), outcomes=(), errored=False)


def record_judge(record_id: UUID) -> Record:
    """Decide the record unless it is decided; of parallel calls one does, all give its answer.

    Without an active pack it is processed with no findings. When a rule broke on it, it stays pending with `errored`
    until another version is active. Raises `UnknownReference`.
    """
    record = record_by_id(record_id)
    if record.status != RecordStatus.PENDING or record.batch_id or already_tried(record):
        return record
    policy = policy_now()
    severities = severities_of(policy, record.dataset.active_version)
    verdict = judge(record, severities)
    status = status_for(verdict)
    mine = Record.objects.filter(id=record.id, status=RecordStatus.PENDING, errored=record.errored)
    if mine.update(status=status, errored=verdict.errored):
        verdict_store(record, status, verdict, Judged(policy.number, severities))
    return record_by_id(record_id)


def already_tried(record: Record) -> bool:
    """Whether the active version broke on this record before."""
    if not record.errored:
        return False
    last = Run.objects.filter(record_id=record.id).order_by("-id").first()
    return last is not None and last.pack_version_id == record.dataset.active_version_id


def judge(record: Record, severities: Mapping[str, str]) -> RecordVerdict:
    version = record.dataset.active_version
    if version is None:
        return NOTHING
    try:
        return record_rules(version, severities).judge(record.payload or {}, record.dataset.parameters)
    except ParameterError as error:
        raise StateConflict(f"Dataset {record.dataset.name} cannot judge records: {error}") from error


def status_for(verdict: RecordVerdict) -> RecordStatus:
    if verdict.errored:
        return RecordStatus.PENDING
    failed = any(finding.severity in FAILING for finding in verdict.findings)
    return RecordStatus.FAILED if failed else RecordStatus.PROCESSED


def verdict_store(record: Record, status: RecordStatus, verdict: RecordVerdict, judged: Judged) -> None:
    """The run of this record with its findings and outcomes, the audit event, and last the counters."""
    run = run_store(record, status, verdict, judged)
    Finding.objects.bulk_create(finding(run, record, number, each) for number, each in enumerate(verdict.findings, 1))
    RuleOutcome.objects.bulk_create(outcomes(run, record, verdict))
    facts = {"status": str(status), "errored": verdict.errored, "findings": len(verdict.findings)}
    version = record.dataset.active_version
    audit_append("record.decided", record, {**facts, "version": str(version or "")})
    if status != RecordStatus.PENDING:
        day = created_at(record.id).date()
        for moved, amount in sorted([(RecordStatus.PENDING, -1), (status, 1)]):
            count_add(record.dataset, day, moved, amount)


def run_store(record: Record, status: RecordStatus, verdict: RecordVerdict, judged: Judged) -> Run:
    counts = {
        severity.value: sum(finding.severity == severity for finding in verdict.findings) for severity in Severity
    }
    run: Run = Run.objects.create(
        record_id=record.id,
        dataset=record.dataset,
        pack_version=record.dataset.active_version,
        parameters=record.dataset.parameters,
        policy_version=judged.policy_version,
        severities=dict(judged.severities),
        status=RunStatus.COMPLETED,
        stage="Followed up",
        rows_read=1,
        records_processed=int(status == RecordStatus.PROCESSED),
        records_failed=int(status == RecordStatus.FAILED),
        records_errored=int(verdict.errored),
        created_by=current_actor().label,
        started_at=Now(),
        finished_at=Now(),
        **counts,
    )
    return run


def finding(run: Run, record: Record, number: int, found: RecordFinding) -> Finding:
    return Finding(
        id=row_id(run.id, number),
        run=run,
        record_id=record.id,
        ordinal=number,
        rule=found.rule,
        type=found.type,
        stage=found.stage,
        severity=found.severity,
        label=found.label or "",
        input=found.input,
        unit=unit_name(found.unit or ""),
        key=dict(found.key),
        left=found.left,
        right=found.right,
        difference=found.difference,
        tolerance=found.tolerance,
        magnitude=None if found.difference is None else abs(float(found.difference)),
        fields=dict(found.fields),
        message=found.message,
        fingerprint=found.fingerprint,
    )


def outcomes(run: Run, record: Record, verdict: RecordVerdict) -> Iterable[RuleOutcome]:
    version = record.dataset.active_version
    rules: dict[str, dict[str, Any]] = {one["code"]: one for one in version.summary["rules"]} if version else {}
    for position, judged in enumerate(verdict.outcomes, start=1):
        rule = rules[judged.rule]
        severity = stricter(rule["severity"], run.severities.get(judged.rule, rule["severity"]))
        yield RuleOutcome(
            run=run,
            position=position,
            rule=judged.rule,
            type=rule["type"],
            stage=rule["stage"],
            severity=severity,
            label=rule["label"] if severity == rule["severity"] else "",
            title=rule["title"],
            **{COUNTERS[judged.outcome]: 1},
        )


COUNTERS = {
    "pass": "passed",
    "fail": "failed",
    "not_applicable": "not_applicable",
    "not_evaluated": "not_evaluated",
    "error": "errored",
}
