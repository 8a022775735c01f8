"""The reports: events in the log of the tenant `platform`, as hard to change as what they tell about."""

from datetime import datetime

from django.db import transaction

from cortx.trust.report import Report, Result
from tenants.accounts.models import Tenant
from tenants.accounts.services import PLATFORM_TENANT_ID
from tenants.audit.selectors import audit_events
from tenants.audit.services import audit_append
from tenants.context import Actor, actor_scope, tenant_scope

CHECKER = Actor("system", "trust-check", "Trust check")
CHECKED = "trust.checked"


@transaction.atomic
def report_store(report: Report) -> None:
    """Append the report to the log."""
    with tenant_scope(PLATFORM_TENANT_ID), actor_scope(CHECKER):
        audit_append(CHECKED, Tenant.objects.get(id=PLATFORM_TENANT_ID), report.document())


def report_newest() -> Report | None:
    """The last report, or None before the first. Counts only: it is about the installation, not about a tenant."""
    with tenant_scope(PLATFORM_TENANT_ID):
        kind = str(Tenant._meta.model_name)
        event = audit_events(action=CHECKED, object_type=kind, object_id=PLATFORM_TENANT_ID).first()
    if event is None:
        return None
    said = event.facts
    return Report(
        checked_at=datetime.fromisoformat(said["checked_at"]),
        version=said["version"],
        commit=said["commit"],
        database=said["database"],
        seconds=said["seconds"],
        results=tuple(Result(**result) for result in said["results"]),
    )
