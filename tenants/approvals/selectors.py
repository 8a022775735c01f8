"""Reads of approvals."""

from django.db.models import Model, QuerySet
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


def is_short(approval: Approval, policy: Approvals) -> bool:
    """Whether more people have to approve. The exception of the only member stands for all."""
    return not approval.sole_operator and approval.given < approvals_needed(approval, policy)


def approval_of(subject: Model) -> Approval | None:
    """The newest approval asked for about the thing, whatever became of it."""
    return history_of(subject).first()


def history_of(subject: Model) -> QuerySet[Approval]:
    """All that was asked about the thing, newest first."""
    people = ("author", "editor", "approver", "second_approver")
    rows = Approval.objects.filter(kind=subject._meta.model_name, object_id=subject.pk)
    return rows.select_related(*people).order_by("-id")


def waiting() -> QuerySet[Approval]:
    """What waits for a second pair of eyes, oldest first."""
    rows = Approval.objects.filter(status=Approval.Status.PENDING, expires_at__gt=timezone.now())
    return rows.select_related("author", "editor").order_by("id")
