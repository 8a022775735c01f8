"""Reads of approvals."""

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from tenants.approvals.models import Approval
from tenants.policies.policy import Approvals

OPEN = (Approval.Status.PENDING, Approval.Status.APPROVED)


def has_expired(approval: Approval) -> bool:
    """Whether the approval was asked for too long ago."""
    return approval.expires_at <= timezone.now()


def approvals_needed(approval: Approval, policy: Approvals) -> int:
    """How many people have to approve: what was asked for, or more if the policy wants more by now."""
    return max(approval.needed, policy.required)


def approvals_missing(approval: Approval, policy: Approvals) -> int:
    """How many more people have to approve. The exception of the only member stands for all."""
    return 0 if approval.sole_operator else max(0, approvals_needed(approval, policy) - approval.given)


def is_short(approval: Approval, policy: Approvals) -> bool:
    """Whether more people have to approve."""
    return approvals_missing(approval, policy) > 0


def approval_of(subject: Model) -> Approval | None:
    """The newest approval asked for about the thing, whatever became of it."""
    return history_of(subject).first()


def history_of(subject: Model) -> QuerySet[Approval]:
    """All that was asked about the thing, newest first."""
    people = ("author", "editor", "approver", "second_approver")
    rows = Approval.objects.filter(kind=subject._meta.model_name, object_id=subject.pk)
    return rows.select_related(*people).order_by("-id")


def waiting(policy: Approvals) -> QuerySet[Approval]:
    """What waits for another pair of eyes, oldest first; also what was approved by fewer than the policy wants now."""
    asked = Q(status=Approval.Status.PENDING)
    if policy.required > 1:
        asked |= Q(status=Approval.Status.APPROVED, sole_operator=False, second_approver=None)
    rows = Approval.objects.filter(asked, expires_at__gt=timezone.now())
    return rows.select_related("author", "editor", "approver", "second_approver").order_by("id")
