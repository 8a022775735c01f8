"""Events of signing in and out: they belong to no tenant, so the built-in one keeps them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from tenants.accounts.models import Tenant, User
from tenants.accounts.services import PLATFORM_TENANT_ID
from tenants.audit.services import audit_append
from tenants.context import Actor, actor_scope, tenant_scope


def note(action: str, target: User | Tenant, actor: Actor, facts: Mapping[str, Any] | None = None) -> None:
    """One event in the log of the built-in tenant."""
    with transaction.atomic(), tenant_scope(PLATFORM_TENANT_ID), actor_scope(actor):
        audit_append(action, target, facts)


def account_or_platform(email: str) -> User | Tenant:
    """The account of that address; for an unknown one the built-in tenant, so that the address is not written down."""
    found = User.objects.filter(email=email.lower()).first()
    return found or Tenant.objects.get(id=PLATFORM_TENANT_ID)


def acting(user: User) -> Actor:
    """The person themselves."""
    return Actor("user", str(user.id), str(user))
