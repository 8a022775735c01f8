"""The audit log: append-only events, written in the transaction of the change they tell about, and the tree over them.

An event is never touched again. Its place in the tree is a row of its own, made when the sealer comes by.
"""

from django.db import models

from tenants.redaction import redact
from tenants.scoping import BulkTenantOwned, TenantOwned


class AuditEvent(TenantOwned):
    """One thing that was done. `leaf_hash` is the RFC 6962 leaf over the event's canonical JSON."""

    created_at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=160)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    object_label = models.CharField(max_length=160, blank=True)
    facts = models.JSONField(default=dict)
    request_id = models.CharField(max_length=80, blank=True)
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        app_label = "tenants"
        indexes = (
            models.Index(fields=("tenant", "-id"), name="audit_newest"),
            models.Index(fields=("tenant", "object_type", "object_id"), name="audit_object"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.object_label or self.object_id}"

    @property
    def position(self) -> int | None:
        """Its place in the tree, in rows that `selectors` read; None while it waits."""
        return getattr(self, "place", None)


class AuditPending(models.Model):
    """An event without a place in the tree yet. The sealer must see those of all tenants, so there is no content."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()

    class Meta:
        app_label = "tenants"

    def __str__(self) -> str:
        return f"{self.id} waits to be sealed"


class AuditSeal(BulkTenantOwned):
    """The place of the event with the same id in its tenant's tree, from 0 on."""

    position = models.PositiveBigIntegerField()
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        app_label = "tenants"
        constraints = (models.UniqueConstraint(fields=("tenant", "position"), name="one_event_per_position"),)

    def __str__(self) -> str:
        return f"{self.position} {self.leaf_hash}"


class AuditNode(BulkTenantOwned):
    """An inner node of the tree, of every eighth level: what proofs in a long log are computed from."""

    level = models.PositiveSmallIntegerField()
    place = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        app_label = "tenants"
        constraints = (models.UniqueConstraint(fields=("tenant", "level", "place"), name="one_hash_per_node"),)

    def __str__(self) -> str:
        return f"{self.level}/{self.place} {self.hash}"


class AuditCheckpoint(TenantOwned):
    """A signed statement on the log's first `size` events. `note` is what counts; the columns repeat it.

    `frontier` are the roots of the tree's perfect subtrees, largest first: what the next batch is appended to.
    """

    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    frontier = models.JSONField()
    note = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        app_label = "tenants"
        constraints = (models.UniqueConstraint(fields=("tenant", "size"), name="one_checkpoint_per_size"),)

    def __str__(self) -> str:
        return f"{self.size} {self.root}"


class CheckpointDelivery(TenantOwned):
    """How far the checkpoints have come at one place outside: a row a place that the tenant's policy ever named.

    `size` is that of the checkpoint delivered last, 0 before the first; `error` is what stood against the last try.
    """

    class Kind(models.TextChoices):
        FOLDER = "folder", "Folder"
        URL = "url", "URL"

    kind = models.CharField(max_length=6, choices=Kind)
    place = models.CharField(max_length=500)
    size = models.PositiveBigIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "tenants"
        constraints = (models.UniqueConstraint(fields=("tenant", "kind", "place"), name="one_delivery_per_place"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.shown}: {self.size}"

    @property
    def shown(self) -> str:
        """The place without what of it may be a secret, such as a query."""
        return redact(self.place)
