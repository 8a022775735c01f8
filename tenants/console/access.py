"""Who may enter the admin, and what they see of it."""

from django.http import HttpRequest

from tenants.access.identity import Identity
from tenants.access.roles import Permission


def administering(request: HttpRequest) -> Identity:
    """Who works in the admin, and on which tenant (the middleware found out)."""
    identity: Identity = request.identity  # type: ignore[attr-defined]
    return identity


def is_platform_staff(request: HttpRequest) -> bool:
    """Configures the installation, and any tenant after choosing it."""
    return bool(request.user.is_active and getattr(request.user, "is_staff", False))


def may_configure(request: HttpRequest, permission: Permission = Permission.CONFIGURE_TENANT) -> bool:
    """A tenant is bound, and the role table lets this person configure it, in this respect too."""
    identity = administering(request)
    return identity.tenant is not None and {Permission.CONFIGURE_TENANT, permission} <= identity.permissions


def may_enter(request: HttpRequest) -> bool:
    """Whether there is any screen for this person."""
    return is_platform_staff(request) or may_configure(request)
