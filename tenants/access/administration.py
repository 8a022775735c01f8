"""Which tenant the admin works on: chosen by the person, remembered in the session, audited."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from tenants.access.identity import NOBODY, Identity, user_actor
from tenants.access.roles import MAY, PLATFORM_STAFF, Permission
from tenants.accounts.models import Membership, Tenant, User
from tenants.audit.services import audit_append
from tenants.context import actor_scope, tenant_scope
from tenants.problems import UnknownReference

ADMINISTERED_TENANT = "administered_tenant"
"""Name in the session of the slug of the tenant that the admin works on."""
_ROLES = [role for role, allowed in MAY.items() if Permission.CONFIGURE_TENANT in allowed]


def tenants_administered_by(user: User) -> QuerySet[Tenant]:
    """Platform staff may choose any tenant, everybody else those in which they are owner or administrator."""
    tenants = Tenant.objects.order_by("name", "id")
    return tenants if user.is_staff else tenants.filter(is_active=True, id__in=_configured_by(user))


def administrator(request: HttpRequest) -> Identity:
    """The caller in the tenant that was chosen; without a choice, in the first that is theirs."""
    user = request.user
    if not isinstance(user, User):
        return NOBODY
    tenants = tenants_administered_by(user)
    tenant = tenants.filter(slug=request.session.get(ADMINISTERED_TENANT, "")).first()
    tenant = tenant or tenants.filter(id__in=_configured_by(user)).first()
    membership = Membership.objects.filter(tenant=tenant, user=user).first()
    role = membership.role if membership else ""
    allowed = PLATFORM_STAFF if user.is_staff else MAY.get(role, frozenset())
    return Identity(user_actor(user), tenant, user, role, allowed, is_browser=True)


@transaction.atomic
def tenant_select(request: HttpRequest, user: User, slug: str) -> Tenant:
    """Have the admin work on this tenant from now on. Raises `UnknownReference` for one that is not the user's."""
    tenant = tenants_administered_by(user).filter(slug=slug).first()
    if tenant is None:
        raise UnknownReference("No such tenant")
    request.session[ADMINISTERED_TENANT] = tenant.slug
    with tenant_scope(tenant.id), actor_scope(user_actor(user)):
        audit_append("tenant.selected", tenant, {"platform_staff": user.is_staff})
    return tenant


def _configured_by(user: User) -> QuerySet[Membership, Any]:
    return Membership.objects.filter(user=user, role__in=_ROLES).values("tenant_id")
