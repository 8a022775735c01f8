"""Tokens over the API: sign in, refresh, sign out. No tenant is bound here, and no credential is asked for."""

from http import HTTPStatus

import msgspec
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from tenants.access.jwts import LIFETIME
from tenants.access.sign_in import sign_in_by_program
from tenants.access.tokens import Issued, tokens_refresh, tokens_revoke
from tenants.bodies import body_as
from tenants.rates.services import rate_of_stranger


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a sign-in. `code` is the second factor's, `tenant` the slug, needed by members of several."""

    email: str
    password: str
    code: str = ""
    tenant: str = ""


class Refresh(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a refresh and of a sign-out."""

    refresh: str


SIGN_IN = inline_serializer(
    "SignIn",
    {
        "email": serializers.CharField(),
        "password": serializers.CharField(),
        "code": serializers.CharField(required=False, help_text="Of the authenticator app, where there is one."),
        "tenant": serializers.CharField(required=False, help_text="Slug; needed by members of several tenants."),
    },
)
REFRESH = inline_serializer("Refresh", {"refresh": serializers.CharField()})
PAIR = inline_serializer(
    "TokenPair",
    {
        "access": serializers.CharField(help_text="Sent as `Authorization: Bearer …`."),
        "refresh": serializers.CharField(help_text="Used once."),
        "token_type": serializers.CharField(),
        "expires_in": serializers.IntegerField(help_text="Seconds."),
    },
)


class AddressThrottle(BaseThrottle):
    """Counts with the requests of an address whose credentials are not valid."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the address is within its limit."""
        self.rate = rate_of_stranger(str(request.META.get("REMOTE_ADDR", "")))
        return self.rate is None or not self.rate.exceeded

    def wait(self) -> float | None:
        """Seconds until the count begins anew."""
        return float(self.rate.resets_in) if self.rate else None


class Door(APIView):
    """Base: whoever asks is unknown until they have shown something in the body."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AddressThrottle,)


class Login(Door):
    """Sign in."""

    @extend_schema(request=SIGN_IN, responses=PAIR)
    def post(self, request: Request) -> Response:
        """A pair of tokens for address and password."""
        asked = body_as(SignIn, request.data)
        issued = sign_in_by_program(
            request._request, email=asked.email, password=asked.password, code=asked.code, tenant=asked.tenant
        )
        return shown(issued)


class TokenRefresh(Door):
    """The next pair."""

    @extend_schema(request=REFRESH, responses=PAIR)
    def post(self, request: Request) -> Response:
        """A new pair in exchange for a refresh token, which is over, as is the access token beside it."""
        return shown(tokens_refresh(body_as(Refresh, request.data).refresh))


class Logout(Door):
    """Sign out."""

    @extend_schema(request=REFRESH, responses={HTTPStatus.NO_CONTENT: None})
    def post(self, request: Request) -> Response:
        """End everything that came from the same sign-in."""
        tokens_revoke(body_as(Refresh, request.data).refresh)
        return Response(status=HTTPStatus.NO_CONTENT)


def shown(issued: Issued) -> Response:
    """The pair as RFC 6749 section 5.1 writes it, for no cache to keep."""
    lasts = int(LIFETIME.total_seconds())
    body = {"access": issued.access, "refresh": issued.refresh, "token_type": "Bearer", "expires_in": lasts}
    return Response(body, headers={"Cache-Control": "no-store"})
