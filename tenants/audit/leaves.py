"""The bytes that an event's leaf hash covers. Whoever wants to check a log rebuilds exactly these."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from tenants.audit.merkle import hash_leaf
from tenants.audit.models import AuditEvent

_sorted = msgspec.json.Encoder(order="sorted")


def plain(value: Any) -> Any:
    """`value` as JSON that reads back the same from both databases: no floats, no NUL, no lone surrogates.

    Amounts become decimal text. Raises TypeError for a value that has no such form.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return value.encode("utf-8", "replace").decode().replace("\0", "")
        case Decimal() | float() | UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {plain(str(name)): plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} cannot be a fact of an audit event")


def content(
    event: str,
    tenant: str,
    created_at: str,
    action: str,
    actor: tuple[str, str, str],
    target: tuple[str, str, str],
    facts: Any,
    request_id: str,
) -> bytes:
    """UTF-8 JSON with sorted names and no spaces. Actor and target are kind or type, id, label."""
    return _sorted.encode(
        {
            "id": event,
            "tenant": tenant,
            "created_at": created_at,
            "action": action,
            "actor": {"kind": actor[0], "id": actor[1], "label": actor[2]},
            "object": {"type": target[0], "id": target[1], "label": target[2]},
            "facts": facts,
            "request_id": request_id,
        }
    )


def canonical(event: AuditEvent) -> bytes:
    """The content of an event."""
    return content(
        str(event.id),
        str(event.tenant_id),
        event.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.action,
        (event.actor_kind, event.actor_id, event.actor_label),
        (event.object_type, event.object_id, event.object_label),
        event.facts,
        event.request_id,
    )


def leaf_hash(event: AuditEvent) -> str:
    """RFC 6962, section 2.1: SHA-256 over a zero byte and the leaf's content, in hexadecimal."""
    return hash_leaf(canonical(event)).hex()
