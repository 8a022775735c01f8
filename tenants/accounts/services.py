"""Tenants, people and who belongs where: each change with its audit event."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from tenants.accounts.models import Membership, Tenant, User
from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.problems import StateConflict, UnknownReference, ValidationProblem

PLATFORM_TENANT_ID = UUID("00000000-0000-7000-8000-000000000000")
"""The built-in tenant whose log keeps the events that belong to no tenant. Not active: nobody works in it."""


@transaction.atomic
def tenant_create(*, slug: str, name: str, **fields: Any) -> Tenant:
    """A new tenant. Raises `ValidationProblem` for a bad slug, `StateConflict` for one that is taken."""
    tenant = Tenant(slug=slug, name=name, **fields)
    if Tenant.objects.filter(slug=slug).exists():
        raise StateConflict(f"The slug {slug} is taken", fields={"slug": "taken"})
    _check(tenant)
    tenant.save(force_insert=True)
    facts = {"slug": slug, "public_reads": tenant.public_reads}
    for log in (PLATFORM_TENANT_ID, tenant.id):
        with tenant_scope(log):
            audit_append("tenant.created", tenant, facts)
    return tenant


@transaction.atomic
def tenant_change(tenant: Tenant, **fields: Any) -> None:
    """Change a tenant's settings. Raises `ValidationProblem`."""
    before = Tenant.objects.select_for_update().get(id=tenant.id)
    changes = {name: {"before": getattr(before, name), "after": value} for name, value in fields.items()}
    changes = {name: change for name, change in changes.items() if change["before"] != change["after"]}
    for name in changes:
        setattr(tenant, name, fields[name])
    _check(tenant)
    tenant.save(update_fields=list(changes))
    with tenant_scope(tenant.id):
        audit_append("tenant.changed", tenant, changes)


def tenant_default_ensure() -> Tenant:
    """The tenant that unnamed callers meet, made when it is missing; in development anybody may read it."""
    found = Tenant.objects.filter(slug=settings.DEFAULT_TENANT).first()
    return found or tenant_create(
        slug=settings.DEFAULT_TENANT, name=settings.DEFAULT_TENANT.title(), public_reads=settings.APP_ENV == "dev"
    )


@transaction.atomic
def user_create(*, email: str, password: str | None = None, name: str = "", is_staff: bool = False) -> User:
    """A person's account; without a password they cannot sign in yet.

    Raises `ValidationProblem` for a bad address or a weak password, `StateConflict` for an address in use.
    """
    email = User.objects.normalize_email(email).lower()
    if User.objects.filter(email=email).exists():
        raise StateConflict("An account with this address exists", fields={"email": "in use"})
    user = User(email=email, name=name, is_staff=is_staff, is_superuser=is_staff)
    _check(user, exclude={"password"})
    if password is not None:
        _check_password(password, user)
    user.set_password(password)
    user.save(force_insert=True)
    with tenant_scope(PLATFORM_TENANT_ID):
        audit_append("user.created", user, {"platform_staff": is_staff})
    return user


@transaction.atomic
def user_change(user: User, *, name: str, is_staff: bool, is_active: bool) -> None:
    """Change an account; one that is closed is signed out everywhere.

    Raises `ValidationProblem` for a name that is too long, `StateConflict` when a tenant would have no owner left.
    """
    if not is_active:
        for membership in Membership.objects.filter(user=user, role=Membership.Role.OWNER):
            _keep_an_owner(_kept(membership), leaving=True)
        sign_ins_end(user)
    user.name, user.is_staff, user.is_superuser, user.is_active = name, is_staff, is_staff, is_active
    _check(user, exclude={"password"})
    user.save(update_fields=["name", "is_staff", "is_superuser", "is_active"])
    with tenant_scope(PLATFORM_TENANT_ID):
        audit_append("user.changed", user, {"platform_staff": is_staff, "active": is_active})


@transaction.atomic
def password_choose(user: User, *, name: str, password: str) -> None:
    """Let a person who has none yet choose name and password. Raises `ValidationProblem`."""
    user.name = name.strip()
    _check(user, exclude={"password"})
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["name", "password"])
    with tenant_scope(PLATFORM_TENANT_ID):
        audit_append("user.password_changed", user)


def sign_ins_end(user: User) -> None:
    """End all the person's sessions and tokens: they carry the epoch in which they began."""
    User.objects.filter(id=user.id).update(sign_in_epoch=F("sign_in_epoch") + 1)


def user_theme_set(user: User, *, theme: str) -> None:
    """Keep the look a person chose; a preference, so no audit event. Raises `ValidationProblem`."""
    user.theme = theme
    _check(user, exclude={"password"})
    user.save(update_fields=["theme"])


def user_named(email: str) -> User:
    """The account with this address, made when there is none: whether there was one is nobody's business."""
    found = User.objects.filter(email=User.objects.normalize_email(email).lower()).first()
    return found or user_create(email=email)


@transaction.atomic
def membership_add(*, tenant: Tenant, user: User, role: str) -> Membership:
    """Make the person a member. Raises `StateConflict` when they are one, `ValidationProblem` for an unknown role."""
    # Of two at once the second sees the first.
    Tenant.objects.select_for_update(no_key=True).get(id=tenant.id)
    if Membership.objects.filter(tenant=tenant, user=user).exists():
        raise StateConflict(f"{user} is a member of {tenant}")
    membership = Membership(tenant=tenant, user=user, role=role)
    _check(membership)
    membership.save(force_insert=True)
    with tenant_scope(tenant.id):
        audit_append("membership.added", membership, {"role": role})
    return membership


@transaction.atomic
def membership_change(membership: Membership, *, role: str) -> None:
    """Give the member another role, and have them sign in again.

    Raises `StateConflict` when the tenant would have no owner left.
    """
    before = _kept(membership)
    membership.role = role
    _check(membership)
    if before.role == role:
        return
    _keep_an_owner(before, leaving=before.role == Membership.Role.OWNER)
    membership.save(update_fields=["role"])
    sign_ins_end(before.user)
    with tenant_scope(membership.tenant_id):
        facts = {"before": before.role, "role": role}
        audit_append("membership.changed", membership, facts)


@transaction.atomic
def membership_remove(membership: Membership) -> None:
    """End the membership, and what the person is signed in to.

    Raises `StateConflict` when the tenant would have no owner left.
    """
    before = _kept(membership)
    _keep_an_owner(before, leaving=before.role == Membership.Role.OWNER)
    sign_ins_end(before.user)
    with tenant_scope(membership.tenant_id):
        audit_append("membership.removed", before, {"role": before.role})
    before.delete()


def membership_locked(tenant_id: UUID, membership_id: UUID) -> Membership:
    """The tenant's membership as stored now, while nobody else changes one. Raises `UnknownReference`."""
    # The tenant's row stands for all its memberships: two owners cannot leave at once.
    Tenant.objects.select_for_update().get(id=tenant_id)
    found = Membership.objects.select_related("user", "tenant").filter(tenant_id=tenant_id, id=membership_id).first()
    if found is None:
        raise UnknownReference("No such member")
    return found


def _kept(membership: Membership) -> Membership:
    return membership_locked(membership.tenant_id, membership.id)


def _keep_an_owner(membership: Membership, *, leaving: bool) -> None:
    owners = Membership.objects.filter(
        tenant_id=membership.tenant_id, role=Membership.Role.OWNER, user__is_active=True
    ).exclude(id=membership.id)
    if leaving and not owners.exists():
        raise StateConflict("The last owner of a tenant stays its owner")


def _check(row: Tenant | User | Membership, exclude: set[str] | None = None) -> None:
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        fields = {name: " ".join(messages) for name, messages in error.message_dict.items()}
        raise ValidationProblem("; ".join(fields.values()), fields=fields) from error


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        detail = " ".join(error.messages)
        raise ValidationProblem(detail, fields={"password": detail}) from error
