"""Asking for approval, giving it, and what ends it. Each writes its audit event in the caller's transaction."""

from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from tenants.accounts.models import Membership, User
from tenants.approvals.models import Approval
from tenants.approvals.selectors import OPEN, has_expired
from tenants.audit.services import audit_append
from tenants.context import current_tenant_id
from tenants.problems import NotAllowed, StateConflict

VALID = timedelta(days=14)
"""How long a request, and the approval given to it, holds."""


def approval_request(*, subject: Model, content_hash: str, author: User, editor: User) -> Approval:
    """Ask for approval of this content. What was asked or approved before about the thing is void."""
    approval_void(subject=subject, reason="Asked for again")
    approval: Approval = Approval.objects.create(
        kind=subject._meta.model_name,
        object_id=subject.pk,
        object_label=str(subject)[:200],
        content_hash=content_hash,
        author=author,
        editor=editor,
        expires_at=timezone.now() + VALID,
    )
    audit_append("approval.requested", subject, {"content_hash": content_hash})
    return approval


def approval_give(*, subject: Model, content_hash: str, person: User, sole_operator: bool = False) -> Approval:
    """Approve this content of the thing. Of two at once one is first, and the other is told so.

    `sole_operator` is the exception of a tenant with one member, who then approves own work on record.
    Raises `StateConflict`, `NotAllowed` for own work.
    """
    approval = _pending(subject, content_hash)
    own = person.pk in (approval.author_id, approval.editor_id)
    if own and not (sole_operator and _is_alone(person)):
        raise NotAllowed(
            "Nobody approves what they made or edited; another member has to"
            if not sole_operator
            else "There are other members: the exception for a sole operator does not apply"
        )
    _decide(approval, Approval.Status.APPROVED, approver=person, sole_operator=own)
    facts = {"content_hash": content_hash, **({"sole_operator": True} if own else {})}
    audit_append("approval.given_alone" if own else "approval.given", subject, facts)
    return approval


def approval_refuse(*, subject: Model, content_hash: str, reason: str) -> Approval:
    """Ask for changes instead; what was approved before is no longer. Raises `StateConflict`."""
    approval = _open(subject, content_hash)
    _decide(approval, Approval.Status.REFUSED, reason=reason)
    audit_append("approval.refused", subject, {"content_hash": content_hash, "reason": reason})
    return approval


def approval_void(*, subject: Model, reason: str) -> None:
    """End what is open about the thing, because it changed."""
    approval = _locked(subject)
    if approval is not None:
        _decide(approval, Approval.Status.VOID, reason=reason)
        facts = {"content_hash": approval.content_hash, "reason": reason}
        audit_append("approval.voided", subject, facts)


def approval_use(*, subject: Model, content_hash: str) -> Approval:
    """Carry out what was approved, once. Raises `StateConflict` unless this very content is approved and in time."""
    approval = _current(subject, content_hash)
    if approval.status != Approval.Status.APPROVED:
        raise StateConflict(f"{subject} waits for approval by somebody who did not make it")
    _decide(approval, Approval.Status.USED)
    return approval


def _pending(subject: Model, content_hash: str) -> Approval:
    approval = _current(subject, content_hash)
    if approval.status != Approval.Status.PENDING:
        raise StateConflict(f"{subject} is approved already, by {approval.approver}")
    return approval


def _current(subject: Model, content_hash: str) -> Approval:
    approval = _open(subject, content_hash)
    if has_expired(approval):
        raise StateConflict(f"The request to approve {subject} ended on {approval.expires_at:%Y-%m-%d}; ask again")
    return approval


def _open(subject: Model, content_hash: str) -> Approval:
    """The open approval, locked. Raises `StateConflict` when there is none, or it is about other content."""
    approval = _locked(subject)
    if approval is None:
        raise StateConflict(f"No approval of {subject} is asked for")
    if approval.content_hash != content_hash:
        raise StateConflict(f"{subject} has other content by now: its hash is {approval.content_hash}")
    return approval


def _locked(subject: Model) -> Approval | None:
    found: Approval | None = (
        Approval.objects.select_for_update(of=("self",))
        .filter(kind=subject._meta.model_name, object_id=subject.pk, status__in=OPEN)
        .first()
    )
    return found


def _decide(approval: Approval, status: str, **values: Any) -> None:
    given = {"status": status, **values}
    if status in (Approval.Status.APPROVED, Approval.Status.REFUSED):
        given["decided_at"] = timezone.now()
    for name, value in given.items():
        setattr(approval, name, value)
    approval.save(update_fields=list(given))


def _is_alone(person: User) -> bool:
    others = Membership.objects.filter(tenant_id=current_tenant_id(), user__is_active=True).exclude(user=person)
    return not others.exists()
