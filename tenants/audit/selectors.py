"""Reading the audit log of the bound tenant."""

from uuid import UUID

from django.db.models import QuerySet

from tenants.audit.actions import action_named
from tenants.audit.models import AuditCheckpoint, AuditEvent


def audit_events(*, action: str = "", object_type: str = "", object_id: str | UUID = "") -> QuerySet[AuditEvent]:
    """Newest first; each argument narrows."""
    wanted = {"action": action, "object_type": object_type, "object_id": str(object_id)}
    return AuditEvent.objects.filter(**{name: value for name, value in wanted.items() if value}).order_by("-id")


def audit_sentence(event: AuditEvent) -> str:
    """The event as a sentence for people."""
    target = event.object_label or event.object_id
    return action_named(event.action).tell(event.actor_label, target, event.facts)


def checkpoint_newest() -> AuditCheckpoint | None:
    """The last signed statement on the log, or None before the first."""
    newest: AuditCheckpoint | None = AuditCheckpoint.objects.order_by("-size").first()
    return newest
