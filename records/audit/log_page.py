"""What the page of the audit log shows: the state of the seal, events with checkpoints between them, an open event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from records.audit.event_page import event_context
from records.audit.last_check import last_check
from records.dashboards.formats import moment_exact
from records.dashboards.pages import PageRequest, slug_of
from records.datasets.references import uuid_or_none
from tenants.audit.actions import actions
from tenants.audit.delivery import deliveries
from tenants.audit.models import AuditCheckpoint, AuditEvent
from tenants.audit.notes import origin, verifier_key
from tenants.audit.selectors import audit_event, audit_events, audit_sentence, checkpoint_newest
from tenants.context import current_tenant_id
from tenants.problems import UnknownReference

PAGE = 50
FILTERS = ("action", "object_id", "actor_id", "request_id")


@dataclass(frozen=True)
class EventRow:
    """A line about an event; `position` is None while it waits."""

    position: int | None
    at: datetime
    exact: str
    actor: str
    sentence: str
    hash: str
    url: str
    chosen: bool


@dataclass(frozen=True)
class CheckpointRow:
    """A line about a checkpoint."""

    size: int
    at: datetime
    exact: str
    root: str


def log_context(request: PageRequest) -> dict[str, Any]:
    """Everything on the page."""
    here, asked = reverse("audit", args=[slug_of(request)]), request.GET
    chosen = {name: asked.get(name, "").replace("\0", "")[:80] for name in FILTERS}
    narrowed = {name: value for name, value in chosen.items() if value}
    events = page_of(audit_events().filter(**narrowed), asked)
    shown = events[:PAGE]
    opened = opened_event(asked)
    return {
        "crumb": "Audit log",
        "seal": {"checked": last_check(), "newest": checkpoint_newest(), "deliveries": deliveries()},
        "rows": list(rows(request, shown, opened, checkpoints=not narrowed)),
        "next_url": f"{here}?{urlencode({**narrowed, 'before': str(shown[-1].id)})}" if len(events) > PAGE else "",
        "chosen": chosen,
        "filtered": bool(narrowed),
        "actions": actions(),
        "event": event_context(opened) if opened else None,
        "here": here,
        "close_url": f"{here}?{urlencode(narrowed)}",
        "verifier_key": verifier_key(origin(current_tenant_id())),
    }


def page_of(events: QuerySet[AuditEvent], asked: QueryDict) -> Sequence[AuditEvent]:
    """One more than a page, from after the event `?before=`."""
    before = uuid_or_none(asked.get("before", ""))
    return list((events.filter(id__lt=before) if before else events)[: PAGE + 1])


def opened_event(asked: QueryDict) -> AuditEvent | None:
    """The event `?open=`, if there is one."""
    try:
        wanted = uuid_or_none(asked.get("open", ""))
        return audit_event(wanted) if wanted else None
    except UnknownReference:
        return None


def rows(
    request: PageRequest, events: Sequence[AuditEvent], opened: AuditEvent | None, *, checkpoints: bool
) -> Iterator[EventRow | CheckpointRow]:
    """Events, and above each the checkpoint that was signed when it was the last."""
    assert request.identity.tenant is not None
    zone = request.identity.tenant.time_zone
    places = [event.position for event in events if event.position is not None]
    signed = signed_between(min(places), max(places)) if checkpoints and places else {}
    for event in events:
        if event.position is not None and (checkpoint := signed.get(event.position + 1)):
            exact = moment_exact(checkpoint.created_at, zone)
            yield CheckpointRow(checkpoint.size, checkpoint.created_at, exact, checkpoint.root)
        query = {**request.GET.dict(), "open": str(event.id)}
        yield EventRow(
            position=event.position,
            at=event.created_at,
            exact=moment_exact(event.created_at, zone),
            actor=event.actor_label,
            sentence=audit_sentence(event),
            hash=event.leaf_hash,
            url=f"?{urlencode(query)}",
            chosen=opened is not None and opened.id == event.id,
        )


def signed_between(first: int, last: int) -> dict[int, AuditCheckpoint]:
    """Checkpoints by their size."""
    found = AuditCheckpoint.objects.filter(size__gt=first, size__lte=last + 1).defer("note", "frontier")
    return {checkpoint.size: checkpoint for checkpoint in found}
