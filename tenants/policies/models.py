"""The policy of a tenant, as it was written down: a row a version, never changed."""

from django.db import models

from tenants.scoping import TenantOwned


class PolicyDocument(TenantOwned):
    """One version of a tenant's policy. `Tenant.current_policy` names the newest, which holds."""

    number = models.PositiveIntegerField()
    document = models.JSONField()
    content_hash = models.CharField(max_length=64)
    author = models.ForeignKey("tenants.User", on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "tenants"
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="one_policy_per_number"),)

    def __str__(self) -> str:
        return f"Policy {self.number}"
