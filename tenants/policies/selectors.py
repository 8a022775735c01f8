"""Reads of policies. A version never changes, so what a process has read of one it keeps; which one holds, it asks."""

from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from django.db.models import QuerySet

from tenants.accounts.models import Tenant
from tenants.context import current_tenant_id, tenant_scope
from tenants.policies.changes import policy_changes
from tenants.policies.models import PolicyDocument
from tenants.policies.policy import Policy, policy_from

KEPT = 1_024
UNWRITTEN = Policy()


def policy_of(tenant: Tenant) -> Policy:
    """What holds in the tenant, whose row was read in this request."""
    return UNWRITTEN if tenant.current_policy is None else _version(tenant.id, tenant.current_policy)


def policy_now() -> Policy:
    """What holds in the bound tenant at this moment."""
    return policy_of(Tenant.objects.only("id", "current_policy").get(id=current_tenant_id()))


def policy_newest() -> PolicyDocument | None:
    """The version that holds in the bound tenant."""
    return policy_versions().first()


def policy_versions() -> QuerySet[PolicyDocument]:
    """All versions of the bound tenant, newest first."""
    return PolicyDocument.objects.select_related("author").order_by("-number")


def told(versions: Sequence[PolicyDocument]) -> list[tuple[PolicyDocument, list[str]]]:
    """Each version with what it changed, as sentences."""
    before = PolicyDocument.objects.filter(number__in=[one.number - 1 for one in versions])
    documents = dict(before.values_list("number", "document"))
    return [(one, policy_changes(documents.get(one.number - 1, {}), one.document)) for one in versions]


@lru_cache(maxsize=KEPT)
def _version(tenant_id: UUID, version_id: UUID) -> Policy:
    with tenant_scope(tenant_id):
        row = PolicyDocument.objects.get(id=version_id)
    return policy_from(row.number, row.document)
