"""Reading the audit log of the bound tenant."""

from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from tenants.audit.actions import action_named
from tenants.audit.models import AuditCheckpoint, AuditEvent, AuditSeal
from tenants.problems import StateConflict, UnknownReference


def audit_events(*, action: str = "", object_type: str = "", object_id: str | UUID = "") -> QuerySet[AuditEvent]:
    """Newest first; each argument narrows."""
    wanted = {"action": action, "object_type": object_type, "object_id": str(object_id)}
    return with_position(AuditEvent.objects.filter(**{name: value for name, value in wanted.items() if value}))


def with_position(events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Newest first; `position` is the place in the tree, None while the event waits for it."""
    place = AuditSeal.objects.filter(id=OuterRef("id")).values("position")
    return events.annotate(place=Subquery(place)).order_by("-id")


def audit_event(event_id: UUID) -> AuditEvent:
    """One event with its `position`. Raises `UnknownReference`."""
    event: AuditEvent | None = with_position(AuditEvent.objects.filter(id=event_id)).first()
    if event is None:
        raise UnknownReference("No such event")
    return event


def audit_sentence(event: AuditEvent) -> str:
    """The event as a sentence for people."""
    target = event.object_label or event.object_id
    return action_named(event.action).tell(event.actor_label, target, event.facts)


def checkpoint_newest() -> AuditCheckpoint | None:
    """The last signed statement on the log, or None before the first."""
    newest: AuditCheckpoint | None = AuditCheckpoint.objects.order_by("-size").first()
    return newest


def sealed_under(event_id: UUID) -> tuple[int, AuditCheckpoint]:
    """Position of an event, and the newest checkpoint over it. Raises `StateConflict` while the event waits."""
    seal, newest = AuditSeal.objects.filter(id=event_id).first(), checkpoint_newest()
    if seal is None or newest is None:
        raise StateConflict("The event has no place in the log yet; it gets one within seconds")
    return seal.position, newest


def checkpoint_at(size: int) -> AuditCheckpoint:
    """The checkpoint over so many events. Raises `UnknownReference`."""
    found: AuditCheckpoint | None = AuditCheckpoint.objects.filter(size=size).first()
    if found is None:
        raise UnknownReference("No checkpoint of that size")
    return found
