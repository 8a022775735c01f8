"""The admin site: platform staff and the administrators of a tenant enter, through the same sign-in as everybody."""

from collections.abc import Callable
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from tenants.accounts.models import User
from tenants.accounts.second_factor import second_factor_page, second_factor_passed
from tenants.console.access import may_enter

# Its bundled Alpine builds functions from text and its widgets set style attributes; everything else stays strict.
POLICY = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}
View = Callable[..., HttpResponseBase]


class ConsoleSite(UnfoldAdminSite):
    """The admin at `/admin/`."""

    index_title = "Configuration"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        # Nothing is deleted in bulk here.
        self.disable_action("delete_selected")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this person may see any screen at all, and has shown a second factor."""
        return may_enter(request) and second_factor_passed(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """The view under the admin's own content security policy."""
        return csp_update(POLICY)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Whoever may enter shows a second factor, anybody else who is signed in may not; the rest sign in first."""
        target = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        if isinstance(request.user, User):
            if not may_enter(request) or second_factor_passed(request):
                raise PermissionDenied
            return HttpResponseRedirect(second_factor_page(request.user, target))
        return redirect_to_login(target, resolve_url(settings.LOGIN_URL))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Signing out is the same everywhere; the redirect keeps the method, which is POST."""
        return HttpResponseRedirect(reverse("account_logout"), preserve_request=True)
