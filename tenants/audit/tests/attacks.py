"""A log with a history, and its operator: the owner of the database, who can switch the triggers off."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from uuid import UUID

import psycopg
from django.db import transaction

from cortx.testing.database import owner_url
from tenants.audit.leaves import leaf_hash
from tenants.audit.models import AuditCheckpoint, AuditEvent, AuditPending
from tenants.audit.sealing import audit_seal
from tenants.audit.services import audit_append
from tenants.audit.verification import Fault, Witnessed, audit_verify
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.scoping import new_id

BATCHES = (5, 8, 300, 7)
"""Events in each of the sealed batches."""
TABLES = ("tenants_auditevent", "tenants_auditseal", "tenants_auditnode", "tenants_auditcheckpoint")
Run = Callable[..., list[tuple[object, ...]]]


def history(tenant: Tenant) -> None:
    """Write and seal the batches."""
    for number, events in enumerate(BATCHES):
        with transaction.atomic(), tenant_scope(tenant.id):
            append_many(tenant, [{"batch": number, "place": place} for place in range(events)])
        assert audit_seal(tenant.id) == events


def append_many(tenant: Tenant, facts: Sequence[Mapping[str, object]]) -> None:
    """What `audit_append` would write one by one."""
    first = audit_append("tenant.changed", tenant, facts[0])
    others = [replaced(first, one) for one in facts[1:]]
    AuditEvent.objects.bulk_create(others)
    AuditPending.objects.bulk_create(AuditPending(id=event.id, tenant_id=tenant.id) for event in others)


def replaced(event: AuditEvent, facts: Mapping[str, object]) -> AuditEvent:
    """A later event with other facts."""
    other = copy(event)
    other.id, other.facts = new_id(), facts
    other.leaf_hash = leaf_hash(other)
    return other


@contextmanager
def owner(tenant: Tenant) -> Iterator[Run]:
    """The owner's connection to the database in use, bound to the tenant, with the triggers out of the way."""
    with psycopg.connect(owner_url()) as session:

        def run(statement: str, *parameters: object) -> list[tuple[object, ...]]:
            cursor = session.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

        run("SELECT set_config('app.tenant_id', %s, true)", str(tenant.id))
        for table in TABLES:
            run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield run
        run("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            run(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def event_at(run: Run, position: int) -> UUID:
    """Id of the event at a place."""
    found = run("SELECT id FROM tenants_auditseal WHERE position = %s", position)[0][0]
    assert isinstance(found, UUID)
    return found


def newest(tenant: Tenant) -> AuditCheckpoint:
    with tenant_scope(tenant.id):
        checkpoint = AuditCheckpoint.objects.order_by("-size").first()
    assert isinstance(checkpoint, AuditCheckpoint)
    return checkpoint


def leaves(tenant: Tenant) -> list[str]:
    """What somebody who follows the log keeps of it."""
    with tenant_scope(tenant.id):
        return list(AuditEvent.objects.order_by("id").values_list("leaf_hash", flat=True))


def fault(tenant_id: UUID, *outside: Witnessed) -> Fault:
    """The fault that a check finds."""
    with tenant_scope(tenant_id):
        found = audit_verify(outside).fault
    assert found is not None
    return found
