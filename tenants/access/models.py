"""Credentials of programs: API keys, and pairs of tokens. Secrets are shown once and kept as hashes."""

from django.db import models
from django.utils import timezone

from tenants.accounts.models import Tenant, User
from tenants.scoping import TenantOwned, new_id


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
    replaced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        app_label = "tenants"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_over(self) -> bool:
        """Revoked or expired."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= timezone.now())


class TokenFamily(TenantOwned):
    """What began with one sign-in by program: a row of pairs, each replaced by the next."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "tenants"

    def __str__(self) -> str:
        return f"Tokens of {self.user}"


class TokenPair(TenantOwned):
    """An access token, named by this row's id, and the refresh token beside it, of which a hash is kept."""

    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="pairs")
    refresh_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "tenants"

    def __str__(self) -> str:
        return f"Pair {self.id}"
