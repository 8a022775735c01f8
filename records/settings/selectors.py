"""What the settings show."""

from dataclasses import dataclass

from tenants.access.identity import Identity
from tenants.access.roles import Permission
from tenants.accounts.selectors import members_of
from tenants.models import Membership


@dataclass(frozen=True)
class Member:
    """A row of the members list; `fixed` for owners, seen by somebody who is none."""

    membership: Membership
    fixed: bool
    myself: bool


def members(identity: Identity) -> list[Member]:
    """The members of the caller's tenant, by address."""
    assert identity.tenant is not None
    owners_too = identity.may(Permission.CHANGE_OWNERS)
    return [
        Member(
            membership=row,
            fixed=row.role == Membership.Role.OWNER and not owners_too,
            myself=row.user == identity.user,
        )
        for row in members_of(identity.tenant).order_by("user__email")
    ]


def roles_to_give(identity: Identity) -> list[tuple[str, str]]:
    """Roles that the caller may give, as choices."""
    owners_too = identity.may(Permission.CHANGE_OWNERS)
    return [(role.value, role.label) for role in Membership.Role if owners_too or role != Membership.Role.OWNER]
