"""Writing to the audit log: always in the transaction of the change it tells about."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models
from django.utils import timezone

from tenants.audit.actions import action_named
from tenants.audit.leaves import leaf_hash, plain
from tenants.audit.models import AuditEvent, AuditPending
from tenants.context import current_actor, current_request_id, current_tenant_id
from tenants.redaction import redact, redact_value


def audit_append(action: str, target: models.Model, facts: Mapping[str, Any] | None = None) -> AuditEvent:
    """Append what was just done to `target` in the bound tenant, by the actor and request of the context.

    Facts are JSON values, amounts as Decimal or text; secrets and personal identifiers in them and in
    the labels are blanked out.
    Raises LookupError for an undeclared action, TypeError for a fact that is not JSON, RuntimeError outside a
    transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an audit event is written in the transaction of the change it tells about")
    actor = current_actor()
    event = AuditEvent(
        created_at=timezone.now(),
        action=action_named(action).name,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=_text(redact(actor.label), 160),
        object_type=str(target._meta.model_name),
        object_id=str(target.pk),
        object_label=_text(redact(str(target)), 160),
        facts=plain(redact_value(dict(facts or {}))),
        request_id=_text(current_request_id(), 80),
    )
    event.leaf_hash = leaf_hash(event)
    event.save(force_insert=True)
    AuditPending(id=event.id, tenant_id=current_tenant_id()).save(force_insert=True)
    return event


def _text(value: str, length: int) -> str:
    return str(plain(value))[:length]
