"""The audit log: append-only events, written in the transaction of the change they tell about."""

from django.db import models

from tenants.scoping import TenantOwned


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
