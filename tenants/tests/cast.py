"""Fixture `cast`: two tenants and their people. Every endpoint and page is also tried by the outsider."""

import time
from dataclasses import dataclass

import pytest
from django.test import Client

from tenants.models import Membership, Tenant, User
from tenants.tests.factories import MembershipFactory, TenantFactory, UserFactory


@dataclass(frozen=True)
class Cast:
    """`owner`, `analyst` and `auditor` belong to `tenant`; `outsider` owns `other` and belongs nowhere else."""

    tenant: Tenant
    owner: User
    analyst: User
    auditor: User
    other: Tenant
    outsider: User

    def browser(self, user: User) -> Client:
        """A browser in which `user` has signed in, with a second factor."""
        client = Client()
        client.force_login(user)
        show_second_factor(client, user)
        return client


def show_second_factor(client: Client, user: User) -> None:
    """What a sign-in with a code leaves in the session."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def member(tenant: Tenant, role: str) -> User:
    user = UserFactory.create(email=f"{role}@{tenant.slug}.example")
    MembershipFactory.create(tenant=tenant, user=user, role=role)
    return user


@pytest.fixture
def cast(db: None) -> Cast:
    return cast_made()


def cast_made() -> Cast:
    """The rows themselves, for fixtures that live longer than a test."""
    tenant = TenantFactory.create(slug="agency", name="Agency")
    other = TenantFactory.create(slug="elsewhere", name="Elsewhere")
    roles = Membership.Role
    return Cast(
        tenant=tenant,
        owner=member(tenant, roles.OWNER),
        analyst=member(tenant, roles.ANALYST),
        auditor=member(tenant, roles.AUDITOR),
        other=other,
        outsider=member(other, roles.OWNER),
    )
