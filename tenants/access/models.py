"""API keys: a prefix to find the row, a hash to check the secret, which is shown once."""

from django.db import models

from tenants.accounts.models import Tenant
from tenants.scoping import new_id


class ApiKey(models.Model):
    """A machine's credential. The secret has 256 random bits, so one SHA-256 is enough to store it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list, help_text="read, write")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        app_label = "tenants"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
