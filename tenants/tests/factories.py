"""The cast of the tests: tenants, and people in their roles. Call `.create(…)`, which is typed."""

from functools import lru_cache

from django.contrib.auth.hashers import make_password
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from tenants.models import ApiKey, Membership, Tenant, User

PASSWORD = "correct horse battery staple"


@lru_cache
def hashed() -> str:
    """The password's hash, made once: it is slow on purpose."""
    return make_password(PASSWORD)


class TenantFactory(DjangoModelFactory[Tenant]):
    class Meta:
        model = Tenant

    slug = Sequence(lambda number: f"tenant-{number}")
    name = LazyAttribute(lambda tenant: tenant.slug.title())


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda number: f"person-{number}@demo.example")
    password = LazyFunction(hashed)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    tenant = SubFactory(TenantFactory)
    user = SubFactory(UserFactory)
    role = Membership.Role.ANALYST


class ApiKeyFactory(DjangoModelFactory[ApiKey]):
    """A key row whose secret nobody knows; tests that call with a key issue one instead."""

    class Meta:
        model = ApiKey

    tenant = SubFactory(TenantFactory)
    name = "loader"
    prefix = Sequence(lambda number: f"{number:08d}")
    secret_hash = "0" * 64
    scopes = LazyFunction(lambda: ["read", "write"])
