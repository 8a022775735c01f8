"""Giving events their place in the tree: in batches, one sealer a tenant, each batch under a signed checkpoint."""

import logging
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from tenants.accounts.models import Tenant
from tenants.audit.delivery import delivery_enqueue
from tenants.audit.merkle import Finished, Frontier
from tenants.audit.models import AuditCheckpoint, AuditEvent, AuditNode, AuditPending, AuditSeal
from tenants.audit.notes import Checkpoint, note_hash, note_sign, note_time, origin
from tenants.audit.selectors import checkpoint_newest
from tenants.context import current_tenant_id, tenant_scope

BATCH = 2_000

logger = logging.getLogger(__name__)


def audit_seal_due() -> int:
    """Seal whatever waits, a batch a tenant in turns; returns how many events got their place."""
    sealed, left = 0, True
    while left:
        left = False
        for tenant_id in AuditPending.objects.order_by("tenant_id").values_list("tenant_id", flat=True).distinct():
            count = seal_or_log(tenant_id)
            sealed, left = sealed + count, left or count == BATCH
    return sealed


def seal_or_log(tenant_id: UUID) -> int:
    """One batch; a tenant whose log cannot be sealed does not keep the others waiting."""
    try:
        return audit_seal(tenant_id)
    except Exception:
        logger.exception("the audit log of tenant %s cannot be sealed", tenant_id)
        return 0


@transaction.atomic
def audit_seal(tenant_id: UUID) -> int:
    """Seal the next batch of a tenant and sign the tree; 0 when nothing waits, or another sealer is at it."""
    with tenant_scope(tenant_id):
        tenant = sealer_lock(tenant_id)
        if tenant is None:
            return 0
        waiting = AuditPending.objects.filter(tenant_id=tenant_id).order_by("id").values("id")[:BATCH]
        events = list(AuditEvent.objects.filter(id__in=waiting).order_by("id").values_list("id", "leaf_hash"))
        if events:
            delivery_enqueue(tenant, batch_seal(events, checkpoint_newest()))
            AuditPending.objects.filter(id__in=[event for event, _ in events]).delete()
        return len(events)


def sealer_lock(tenant_id: UUID) -> Tenant | None:
    """The tenant, when this transaction is its sealer. On SQLite there is one writer at a time anyway.

    The lock is of the kind that lets others insert rows which refer to the tenant.
    """
    mine = Tenant.objects.select_for_update(skip_locked=True, no_key=True).filter(id=tenant_id)
    return mine.first()


def batch_seal(events: Iterable[tuple[UUID, str]], last: AuditCheckpoint | None) -> AuditCheckpoint:
    """Append leaves to the tree as the last checkpoint left it, and sign it."""
    tree = Frontier(last.size, map(bytes.fromhex, last.frontier)) if last else Frontier()
    seals: list[AuditSeal] = []
    finished: list[Finished] = []
    for event, leaf in events:
        seals.append(AuditSeal(id=event, position=tree.size, leaf_hash=leaf))
        finished += tree.append(bytes.fromhex(leaf))
    AuditSeal.objects.bulk_create(seals)
    AuditNode.objects.bulk_create(
        AuditNode(level=level, place=place, hash=hashed.hex()) for level, place, hashed in finished
    )
    return checkpoint_create(tree, last)


def checkpoint_create(tree: Frontier, last: AuditCheckpoint | None) -> AuditCheckpoint:
    """Sign the tree as it is now."""
    now, previous = timezone.now(), note_hash(last.note) if last else ""
    checkpoint = AuditCheckpoint(
        size=tree.size,
        root=tree.root().hex(),
        frontier=[part.hex() for part in tree.hashes],
        created_at=now,
    )
    said = Checkpoint(origin(current_tenant_id()), tree.size, tree.root(), note_time(now), previous)
    checkpoint.note = note_sign(said)
    checkpoint.save(force_insert=True)
    return checkpoint
