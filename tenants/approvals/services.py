"""Asking for approval, giving it, and what ends it. Each writes its audit event in the caller's transaction."""

from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from tenants.accounts.models import Membership, User
from tenants.approvals.models import Approval
from tenants.approvals.selectors import OPEN, approvals_needed, has_expired, is_short
from tenants.audit.services import audit_append
from tenants.context import current_tenant_id
from tenants.policies.selectors import policy_now
from tenants.problems import NotAllowed, StateConflict

ALONE = "The policy does not allow that the only member approves their own work"


def approval_request(*, subject: Model, content_hash: str, author: User, editor: User) -> Approval:
    """Ask for approval of this content. What was asked or approved before about the thing is void."""
    approval_void(subject=subject, reason="Asked for again")
    asked = policy_now().approvals
    approval: Approval = Approval.objects.create(
        kind=subject._meta.model_name,
        object_id=subject.pk,
        object_label=str(subject)[:200],
        content_hash=content_hash,
        author=author,
        editor=editor,
        needed=asked.required,
        expires_at=timezone.now() + timedelta(days=asked.valid_days),
    )
    audit_append("approval.requested", subject, {"content_hash": content_hash, "needed": asked.required})
    return approval


def approval_give(*, subject: Model, content_hash: str, person: User, sole_operator: bool = False) -> Approval:
    """Approve this content of the thing. Of two at once one is first, and the other is told so.

    Where two have to approve, the first leaves it pending. `sole_operator` is the exception of a tenant with one
    member, who then approves own work on record, if the policy allows it. Raises `StateConflict`, `NotAllowed` for
    own work and for a second time.
    """
    approval = _short(subject, content_hash)
    if person.pk in (approval.author_id, approval.editor_id):
        return _give_alone(approval, subject, person, sole_operator=sole_operator)
    if person.pk == approval.approver_id:
        raise NotAllowed("You approved this already; another member has to")
    last = approval.given + 1 >= approvals_needed(approval, policy_now().approvals)
    _decide(
        approval,
        Approval.Status.APPROVED if last else Approval.Status.PENDING,
        **{"second_approver" if approval.approver_id else "approver": person},
    )
    audit_append("approval.given" if last else "approval.given_first", subject, {"content_hash": content_hash})
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
    policy = policy_now().approvals
    if approval.sole_operator and not policy.sole_operator:
        raise StateConflict(f"{ALONE}; send {subject} back and submit it again, for another member to approve")
    if is_short(approval, policy):
        raise StateConflict(f"{subject} has {approval.given} of {approvals_needed(approval, policy)} approvals")
    _decide(approval, Approval.Status.USED)
    return approval


def _give_alone(approval: Approval, subject: Model, person: User, *, sole_operator: bool) -> Approval:
    if not sole_operator:
        raise NotAllowed("Nobody approves what they made or edited; another member has to")
    if not policy_now().approvals.sole_operator:
        raise NotAllowed(ALONE)
    if not _is_alone(person):
        raise NotAllowed("There are other members: the exception for a sole operator does not apply")
    _decide(approval, Approval.Status.APPROVED, approver=person, sole_operator=True)
    facts = {"content_hash": approval.content_hash, "sole_operator": True}
    audit_append("approval.given_alone", subject, facts)
    return approval


def _short(subject: Model, content_hash: str) -> Approval:
    """The open approval that still needs somebody. One that was enough when it was given may not be so any more."""
    approval = _current(subject, content_hash)
    if approval.status == Approval.Status.APPROVED and not is_short(approval, policy_now().approvals):
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
