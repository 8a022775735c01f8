"""Reads of who belongs to a tenant."""

from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet

from tenants.accounts.models import Membership, Tenant
from tenants.problems import UnknownReference


def members_of(tenant: Tenant) -> QuerySet[Membership]:
    """The tenant's members with their accounts, each with `second_factor`: whether an authenticator app is set up."""
    apps = Authenticator.objects.filter(user_id=OuterRef("user_id"), type=Authenticator.Type.TOTP)
    found: QuerySet[Membership] = Membership.objects.filter(tenant=tenant).select_related("user", "tenant")
    return found.annotate(second_factor=Exists(apps))


def member_of(tenant: Tenant, membership_id: UUID) -> Membership:
    """One of them. Raises `UnknownReference`."""
    found = members_of(tenant).filter(id=membership_id).first()
    if found is None:
        raise UnknownReference("No such member")
    return found
