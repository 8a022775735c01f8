"""The bytes that an event's leaf hash covers. Whoever wants to check a log rebuilds exactly these.

Sealing (a later table of tenant, index and event) takes the stored leaf hashes in order and never touches events.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tenants.audit.models import AuditEvent

LEAF_PREFIX = b"\x00"


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


def canonical(event: AuditEvent) -> bytes:
    """UTF-8 JSON with sorted names and no spaces."""
    content = {
        "id": str(event.id),
        "tenant": str(event.tenant_id),
        "created_at": event.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "action": event.action,
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "label": event.actor_label},
        "object": {"type": event.object_type, "id": event.object_id, "label": event.object_label},
        "facts": event.facts,
        "request_id": event.request_id,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def leaf_hash(event: AuditEvent) -> str:
    """RFC 6962, section 2.1: SHA-256 over a zero byte and the leaf's content, in hexadecimal."""
    return hashlib.sha256(LEAF_PREFIX + canonical(event)).hexdigest()
