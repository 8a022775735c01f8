"""Where the check tries things: a tenant of its own, so that nothing of anybody else's is touched.

What has to be committed (a delivery, a repeated request) stays in that tenant; everything else is rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cortx.trust.delivery import Delivery, deliver
from cortx.trust.stored import CHECKER
from records import commands
from rulepacks.catalog.services import pack_install
from tenants.access.keys import key_issue, key_revoke
from tenants.accounts.models import Tenant
from tenants.accounts.services import tenant_create
from tenants.context import actor_scope, tenant_scope

TRUST_TENANT_ID = UUID("00000000-0000-7000-8000-000000000001")
SLUG, DATASET = "trust-check", "trust"
PACK = Path(__file__).parent / "pack"
KEY_LASTS = timedelta(minutes=10)


@dataclass(frozen=True)
class Credential:
    """A key of the tenant, as headers."""

    text: str

    @property
    def headers(self) -> dict[str, str]:
        """What a program sends."""
        return {"X-API-Key": self.text}


class Ground:
    """The tenant of the check, and a key of it."""

    def __init__(self, tenant: Tenant, key: Credential) -> None:
        self.tenant, self.key = tenant, key

    @cached_property
    def delivery(self) -> Delivery:
        """A delivery through the workers that are up; made once for all promises that look at it."""
        return deliver(self.tenant, DATASET, self.key.headers)


@contextmanager
def ground_prepared() -> Iterator[Ground]:
    """The tenant as the check needs it, with a key that ends with the scope."""
    with actor_scope(CHECKER):
        tenant = tenant_ensure()
        expires_at = timezone.now() + KEY_LASTS
        key, text = key_issue(tenant=tenant, name="Trust check", scopes=["read", "write"], expires_at=expires_at)
        try:
            yield Ground(tenant, Credential(text))
        finally:
            key_revoke(key)


@transaction.atomic
def tenant_ensure() -> Tenant:
    """The tenant with its dataset, made when it is missing. Nobody is a member of it."""
    tenant = Tenant.objects.filter(id=TRUST_TENANT_ID).first()
    tenant = tenant or tenant_create(slug=SLUG, name="Trust check", id=TRUST_TENANT_ID)
    with tenant_scope(tenant.id):
        version, dataset = pack_install(folder=PACK), commands.dataset_for_category(DATASET)
        if dataset.active_version_id != version.id:
            commands.dataset_activate(dataset=dataset, version=version)
    return tenant
