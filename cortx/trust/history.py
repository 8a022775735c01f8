"""P5: the audit log cannot be rewritten unnoticed."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import Error, connection, transaction

from cortx.database_roles import APPEND_ONLY
from cortx.trust.ground import Ground
from cortx.trust.promise import Measured, Promise
from tenants.accounts.models import Tenant
from tenants.audit.models import AuditCheckpoint, AuditEvent, AuditPending, AuditSeal
from tenants.audit.notes import BadNote, note_open, origin
from tenants.audit.selectors import checkpoint_newest
from tenants.audit.services import audit_append
from tenants.audit.verification import audit_verify
from tenants.context import tenant_scope

VERIFIED_EVENTS, VERIFIED_SECONDS = 1_000_000, 20.0
"""What is recomputed at most; longer logs are for `manage.py audit verify`."""
WATCHED = 1_000
"""Events waiting for their place that are looked after."""
SEALED_SECONDS, PATIENCE_SECONDS, POLL_SECONDS = 2.0, 8.0, 0.1
TRIGGERS = """
SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'D' GROUP BY c.relname
"""


@dataclass
class Found:
    """What the check of all logs came to."""

    logs: int = 0
    checked: int = 0
    events: int = 0
    broken: int = 0
    unsigned: int = 0
    faults: list[str] = field(default_factory=list)


def measure(ground: Ground) -> Measured:
    """An event on its way into the tree, all logs within reach recomputed, and tries to change what is written."""
    began, waiting = time.monotonic(), list(AuditPending.objects.values_list("id", flat=True)[:WATCHED])
    lag = seal_lag(ground.tenant)
    found = logs_verified()
    # The sealer goes from tenant to tenant, and ours is the first.
    time.sleep(max(0.0, began + SEALED_SECONDS - time.monotonic()))
    stuck = AuditPending.objects.filter(id__in=waiting).count()
    changed = [*rows_changed(ground), *triggers_missing()]
    faults = [
        f"{found.broken} logs do not hold; `manage.py audit verify` names the first bad position"
        if found.broken
        else "",
        f"{found.unsigned} newest checkpoints are not signed by this installation" if found.unsigned else "",
        "" if lag is not None and lag <= SEALED_SECONDS else sealing_fault(lag),
        f"{stuck} events still wait for their place; does a sealer run?" if stuck else "",
        f"not refused: {', '.join(changed)}" if changed else "",
    ]
    reason = "; ".join(fault for fault in faults if fault)
    sealed = "not sealed" if lag is None else f"sealed after {lag:.1f} s"
    figure = f"{found.broken} of {found.checked} logs changed ({found.logs} in all, {found.events:,} events); {sealed}"
    return Measured(figure, not reason, reason)


def sealing_fault(lag: float | None) -> str:
    """Why the seal is late."""
    if lag is None:
        return f"an event was not sealed within {PATIENCE_SECONDS:.0f} s; does a sealer run?"
    return f"an event was sealed after {lag:.1f} s"


def seal_lag(tenant: Tenant) -> float | None:
    """Seconds from an event of now to the checkpoint over it; None when it gets none in time."""
    with transaction.atomic(), tenant_scope(tenant.id):
        event = audit_append("trust.tried", tenant)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with tenant_scope(tenant.id):
            if seal := AuditSeal.objects.filter(id=event.id).first():
                over = AuditCheckpoint.objects.filter(size__gt=seal.position).order_by("size")[0]
                return float(max(0.0, (over.created_at - event.created_at).total_seconds()))
        time.sleep(POLL_SECONDS)
    return None


def logs_verified() -> Found:
    """The signature of every log's newest checkpoint, and the logs themselves, the short ones first, within reach."""
    found, sizes = Found(), list[tuple[int, UUID]]()
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        with tenant_scope(tenant_id):
            newest = checkpoint_newest()
        if newest is not None:
            sizes.append((newest.size, tenant_id))
            found.unsigned += not signed_here(newest, tenant_id)
    found.logs, began = len(sizes), time.monotonic()
    for size, tenant_id in sorted(sizes):
        if found.events + size > VERIFIED_EVENTS or time.monotonic() - began > VERIFIED_SECONDS:
            break
        with tenant_scope(tenant_id):
            report = audit_verify()
        found.checked, found.events = found.checked + 1, found.events + report.events
        found.broken += report.fault is not None
    return found


def signed_here(checkpoint: AuditCheckpoint, tenant_id: UUID) -> bool:
    """Whether the key of this installation signed the note, and it says what the row says."""
    try:
        said = note_open(checkpoint.note, origin(tenant_id))
    except BadNote:
        return False
    return (said.size, said.root.hex()) == (checkpoint.size, checkpoint.root)


def rows_changed(ground: Ground) -> Iterator[str]:
    """Changes to a row of the check's own log that the database let through; they are rolled back."""
    with tenant_scope(ground.tenant.id):
        rows = {
            model._meta.db_table: model.objects.order_by("-id").values_list("id", flat=True).first()
            for model in (AuditEvent, AuditSeal, AuditCheckpoint)
        }
        for table, row in rows.items():
            key = AuditEvent._meta.pk.get_db_prep_value(row, connection)
            for verb in (f"UPDATE {table} SET id = id WHERE id = %s", f"DELETE FROM {table} WHERE id = %s"):
                if row is not None and let_through(verb, key):
                    yield verb.replace("%s", "…")


def let_through(statement: str, key: Any) -> bool:
    """Whether the database carried it out, though nothing of it stays."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [key])
            transaction.set_rollback(True)
    except Error:
        return False
    return True


def triggers_missing() -> Iterator[str]:
    """Tables of the log without both triggers, which also bind the owner. SQLite's were just tried."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS)
        active = dict(cursor.fetchall())
    yield from (f"changes of {table} by its owner" for table in APPEND_ONLY if active.get(table, 0) < 2)


PROMISE = Promise(
    key="P5",
    name="The audit log cannot be rewritten unnoticed",
    tried=f"Signatures of all newest checkpoints, logs of up to {VERIFIED_EVENTS:,} events recomputed, a new event on "
    "its way into the tree, changes to what is written",
    target=f"0 logs changed; sealed within {SEALED_SECONDS:.0f} s",
    measure=measure,
)
