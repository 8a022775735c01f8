"""What the settings show."""

from collections.abc import Iterable
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from tenants.access.identity import Identity
from tenants.access.roles import Permission
from tenants.models import ApiKey, Membership, Tenant


@dataclass(frozen=True)
class Member:
    """A row of the members list; `fixed` for owners, seen by somebody who is none."""

    membership: Membership
    second_factor: bool
    fixed: bool
    myself: bool


def members(identity: Identity) -> list[Member]:
    """The members of the caller's tenant, by name."""
    rows = list(Membership.objects.filter(tenant=identity.tenant).select_related("user").order_by("user__email"))
    secured = secured_users(row.user_id for row in rows)
    owners_too = identity.may(Permission.CHANGE_OWNERS)
    return [
        Member(
            membership=row,
            second_factor=row.user_id in secured,
            fixed=row.role == Membership.Role.OWNER and not owners_too,
            myself=row.user == identity.user,
        )
        for row in rows
    ]


def secured_users(user_ids: Iterable[object]) -> set[object]:
    """Those of them with an authenticator app."""
    found = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user_id__in=list(user_ids))
    return set(found.values_list("user_id", flat=True))


def roles_to_give(identity: Identity) -> list[tuple[str, str]]:
    """Roles that the caller may give, as choices."""
    owners_too = identity.may(Permission.CHANGE_OWNERS)
    return [(role.value, role.label) for role in Membership.Role if owners_too or role != Membership.Role.OWNER]


def keys(tenant: Tenant) -> QuerySet[ApiKey]:
    """The tenant's keys, those in force first."""
    return ApiKey.objects.filter(tenant=tenant).order_by("revoked_at", "name", "id")
