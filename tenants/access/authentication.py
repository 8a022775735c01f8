"""The API's view of who is asking; the middleware has found out already."""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from tenants.access.identity import Identity, identity_of
from tenants.accounts.models import User


class CredentialAuthentication(BaseAuthentication):
    """`request.auth` is the `Identity`; `request.user` the person, if it is one.

    A browser session needs the form token for everything that writes, a key does not.
    """

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Identity]:
        """Raises `PermissionDenied` (403) when a browser's write comes without its form token."""
        identity = identity_of(request._request)
        if identity.is_browser:
            SessionAuthentication().enforce_csrf(request)
        return identity.user or AnonymousUser(), identity

    def authenticate_header(self, request: Request) -> str:
        """Makes the answer to a missing credential a 401 instead of a 403."""
        return 'Bearer realm="cortx"'
