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
_written = msgspec.json.Encoder()


class _Actor(msgspec.Struct, gc=False):
    id: str
    kind: str
    label: str


class _Object(msgspec.Struct, gc=False):
    id: str
    label: str
    type: str


class _Content(msgspec.Struct, gc=False):
    """Names in order of the alphabet, here and above: so they are written, at half the time of sorting them."""

    action: str
    actor: _Actor
    created_at: str
    facts: msgspec.Raw
    id: str
    object: _Object
    request_id: str
    tenant: str


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
    return _written.encode(
        _Content(
            action,
            _Actor(actor[1], actor[0], actor[2]),
            created_at,
            msgspec.Raw(_sorted.encode(facts)),
            event,
            _Object(target[1], target[2], target[0]),
            request_id,
            tenant,
        )
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
