"""Delivered files that the tenant's policy does not keep any more. Their rows stay, as snapshots."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, QuerySet, Sum

from records.datasets.identity import first_id_at
from records.datasets.models import BatchInput
from records.datasets.uploads import files_forget
from tenants.accounts.models import Tenant
from tenants.audit.services import audit_append
from tenants.context import current_tenant_id
from tenants.policies.policy import Policy
from tenants.policies.selectors import policy_now

AT_ONCE = 500
NAMED = 20


@dataclass(frozen=True)
class Past:
    """What a policy would not keep: files, their bytes, and the newest number of a batch among them."""

    files: int
    size: int
    batches: int
    newest: int


def files_past(policy: Policy, now: datetime) -> QuerySet[BatchInput]:
    """Files delivered longer ago than the policy keeps them, that were read; oldest first."""
    days = policy.retention.delivered_files_days
    if days is None:
        return BatchInput.objects.none()
    read = BatchInput.objects.exclude(snapshot="").exclude(stored_as="")
    return read.filter(batch_id__lt=first_id_at(now - timedelta(days=days))).order_by("batch_id", "id")


def files_counted(policy: Policy, now: datetime) -> Past:
    """How many they are."""
    wanted = {"files": Count("id"), "size": Sum("size"), "batches": Count("batch", distinct=True)}
    found = files_past(policy, now).order_by().aggregate(**wanted, newest=Max("batch__number"))
    return Past(**{name: value or 0 for name, value in found.items()})


@transaction.atomic
def files_expire(now: datetime) -> int:
    """Forget the bound tenant's next files that are past; returns how many."""
    policy = policy_now()
    rows = list(files_past(policy, now).select_for_update(of=("self",)).select_related("batch")[:AT_ONCE])
    if not rows:
        return 0
    names = [row.stored_as for row in rows]
    BatchInput.objects.filter(id__in=[row.id for row in rows]).update(stored_as="")
    batches = list(dict.fromkeys(row.batch.label for row in rows))
    facts = {"count": len(rows), "what": "delivered files", "policy": str(policy.number), "batches": batches[:NAMED]}
    audit_append("retention.applied", Tenant.objects.get(id=current_tenant_id()), facts)
    # Before the commit: names that are forgotten while their files stay would leave them for good.
    files_forget(names)
    return len(rows)
