"""Every write to people and roles that comes from outside: pages, admin. Each opens its transaction."""

from uuid import UUID

from django.db import transaction

from tenants.access.identity import Identity
from tenants.access.roles import may_give
from tenants.accounts.models import Membership, User
from tenants.accounts.services import membership_add, membership_change, membership_locked, membership_remove
from tenants.invitations.models import Invitation
from tenants.invitations.services import invitation_send
from tenants.problems import NotAllowed


@transaction.atomic
def member_add(identity: Identity, *, user: User, role: str) -> Membership:
    """Make the person a member of the caller's tenant. Raises `NotAllowed`, `StateConflict`, `ValidationProblem`."""
    _owners_by_owners(identity, role)
    assert identity.tenant is not None
    return membership_add(tenant=identity.tenant, user=user, role=role)


@transaction.atomic
def member_invite(identity: Identity, *, email: str, role: str, site: str) -> Invitation:
    """Invite somebody into the caller's tenant. Raises `NotAllowed`, `StateConflict`, `ValidationProblem`."""
    _owners_by_owners(identity, role)
    return invitation_send(email=email, role=role, by=identity.user, site=site)


@transaction.atomic
def member_role_set(identity: Identity, membership_id: UUID, *, role: str) -> Membership:
    """Give a member another role. Raises `UnknownReference`, `NotAllowed`, `StateConflict`, `ValidationProblem`."""
    membership = _member(identity, membership_id)
    _owners_by_owners(identity, membership.role, role)
    membership_change(membership, role=role)
    return membership


@transaction.atomic
def member_remove(identity: Identity, membership_id: UUID) -> Membership:
    """End a membership. Raises `UnknownReference`, `NotAllowed`, `StateConflict`."""
    membership = _member(identity, membership_id)
    _owners_by_owners(identity, membership.role)
    membership_remove(membership)
    return membership


def _member(identity: Identity, membership_id: UUID) -> Membership:
    assert identity.tenant is not None
    return membership_locked(identity.tenant.id, membership_id)


def _owners_by_owners(identity: Identity, *roles: str) -> None:
    if not all(may_give(identity.permissions, role) for role in roles):
        raise NotAllowed("Only an owner makes or removes an owner")
