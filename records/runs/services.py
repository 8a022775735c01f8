"""Writes of a run's own life: requested, started, cancelled, failed. What a run decides is stored in `storing`."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from records.datasets.models import Batch
from records.datasets.services import parameters_for
from records.runs.models import Run, RunEvent
from records.states import RUN_TRANSITIONS, RunStatus
from rulepacks.models import PackVersion
from tenants.audit.services import audit_append
from tenants.context import current_actor
from tenants.policies.policy import Policy
from tenants.policies.selectors import policy_now
from tenants.problems import StateConflict
from tenants.redaction import redact_quoted


def run_create(*, batch: Batch, version: PackVersion | None) -> Run:
    """A pending live run of the batch, which becomes its newest. Raises `ValidationProblem` for its parameters."""
    policy = policy_now()
    run: Run = Run.objects.create(
        batch=batch,
        dataset=batch.dataset,
        pack_version=version,
        parameters=parameters_of(batch, version),
        policy_version=policy.number,
        severities=severities_of(policy, version),
        created_by=current_actor().label,
    )
    Batch.objects.filter(id=batch.id).update(last_run=run)
    batch.last_run = run
    run_note(run, f"Received {batch.label} from {batch.source}")
    facts = {"batch": batch.label, "version": str(version or "")}
    if run.severities:
        facts |= {"policy": f"{policy.number}", "severities": run.severities}
    audit_append("run.requested", run, facts)
    return run


def severities_of(policy: Policy, version: PackVersion | None) -> dict[str, str]:
    """By rule of this version: the least severity that the tenant's policy demands."""
    demanded = policy.severities.get(version.pack.name, {}) if version else {}
    known = {rule["code"] for rule in version.summary["rules"]} if version else set()
    return {code: severity for code, severity in sorted(demanded.items()) if code in known}


def parameters_of(batch: Batch, version: PackVersion | None) -> dict[str, Any]:
    """The batch's parameters as this version knows them; those it has no use for are left out."""
    if version is None:
        return dict(batch.parameters)
    declared = {one["name"] for one in version.summary["parameters"]}
    given = {name: value for name, value in batch.parameters.items() if name in declared}
    return parameters_for(batch.dataset, given, version)


def run_move(run: Run, status: RunStatus, **values: Any) -> bool:
    """Take the run to a status it may go to from where it is; False when somebody was faster."""
    allowed = RUN_TRANSITIONS[status]
    moved = Run.objects.filter(id=run.id, status__in=allowed).update(
        status=status, revision=F("revision") + 1, **values
    )
    return bool(moved)


def run_note(run: Run, message: str, *, level: str = "info") -> None:
    """A line in the run's log."""
    RunEvent.objects.create(run=run, message=message, level=level)


def run_cancel(*, run: Run) -> None:
    """Raises `StateConflict` when the run has ended."""
    if Run.objects.filter(id=run.id, status=RunStatus.PENDING).update(cancel_requested=True):
        run_stop(run, "Cancelled before it started")
    elif not Run.objects.filter(id=run.id, status=RunStatus.RUNNING).update(
        cancel_requested=True, revision=F("revision") + 1
    ):
        raise StateConflict("The run has ended")
    audit_append("run.cancel_requested", run, {})


def run_stop(run: Run, reason: str) -> None:
    """End the run as cancelled; nothing of it was decided."""
    if run_move(run, RunStatus.CANCELLED, reason=reason, finished_at=Now()):
        run_note(run, reason)
        audit_append("run.cancelled", run, {"reason": reason})


def run_fail(run: Run, reason: str, problems: Sequence[dict[str, Any]] = ()) -> None:
    """End the run as failed, with what was wrong; nothing of it was decided."""
    if run_move(run, RunStatus.FAILED, reason=reason, problems=list(problems), finished_at=Now()):
        run_note(run, reason, level="problem")
        audit_append("run.failed", run, {"reason": redact_quoted(reason)[:500], "problems": len(problems)})
