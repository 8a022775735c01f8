"""What every page of a tenant does first: who is asking, may they, and which frame is drawn around the answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from records.dashboards.frame import frame
from tenants.access.identity import Identity
from tenants.access.roles import Permission
from tenants.models import Tenant, User


class PageRequest(HttpRequest):
    """A request of somebody who belongs to the tenant in the path."""

    identity: Identity


def page(
    permission: Permission = Permission.READ,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Signed out: to the sign-in page. Not of this tenant: 404, as if it were not there. Without the role: 403."""

    def around(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: PageRequest, slug: str, **parts: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            identity = request.identity
            if identity.tenant is None or identity.tenant.slug != slug:
                raise Http404
            if not identity.may(permission):
                raise PermissionDenied
            return view(request, **parts)

        return checked

    return around


def show(request: PageRequest, template: str, section: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The template in its frame. `crumb` in the context names the page."""
    return render(request, template, {**frame(request, section), **context}, status=status)


def user_of(request: PageRequest) -> User:
    """The person who is asking."""
    assert request.identity.user is not None
    return request.identity.user


def tenant_of(request: PageRequest) -> Tenant:
    """The tenant the page belongs to."""
    assert request.identity.tenant is not None
    return request.identity.tenant


def slug_of(request: PageRequest) -> str:
    """Its slug."""
    return tenant_of(request).slug
