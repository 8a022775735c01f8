"""Whether the role table lets the caller through to a view of the API."""

from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tenants.access.identity import identity_of
from tenants.problems import ValidationProblem


class TenantPermission(BasePermission):
    """Asks for the view's `read_permission` or `write_permission`; a view without a tenant has no rows to show."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises `NotAuthenticated` (401) when a credential could help, else answers whether it is allowed (403)."""
        identity = identity_of(request._request)
        if identity.tenant is None and not identity.is_anonymous:
            raise ValidationProblem("Name the tenant in the header X-Tenant", fields={"X-Tenant": "missing"})
        safe = request.method in SAFE_METHODS
        wanted = view.read_permission if safe else view.write_permission
        if identity.tenant and identity.may(wanted):
            return True
        if identity.is_anonymous:
            raise NotAuthenticated("A credential is needed: the header X-API-Key, or a session")
        return False
