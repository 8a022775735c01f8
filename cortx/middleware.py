"""Around every request: its id and access log line, then who is asking and the tenant that is bound for it."""

import logging
import time
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

from cortx.bodies import body_received
from cortx.callers import Limited, caller_of
from cortx.errors import answer, refused, wants_page
from cortx.request_ids import request_id_of
from tenants.access.administration import administrator
from tenants.access.identity import (
    CHOSEN_TENANT,
    TENANT_PATH,
    Identity,
    NoSuchTenant,
    identify,
    identity_of,
)
from tenants.access.problems import BadCredential
from tenants.context import actor_scope, request_scope, tenant_scope
from tenants.problems import Refusal
from tenants.rates.services import Rate, rate_of, rate_of_stranger
from tenants.redaction import redact_path
from tenants.serving_role import serving_role_settle

GetResponse = Callable[[HttpRequest], HttpResponseBase]
TENANTLESS = ("/health", "/version", "/accounts/", "/api/v1/auth/", "/docs", "/openapi.json", "/static/")
"""Where nobody's rows are shown: no tenant is looked up."""
ASKED_AGAIN_SECONDS = 5
"""How long a caller beyond its limit is refused without a look. A limit may be raised, and a key may end, meanwhile."""
NO_TURN_SECONDS = 0.5
SIGN_IN = ("/accounts/", "/api/v1/auth/")

logger = logging.getLogger("cortx.access")


class RequestIdMiddleware:
    """Takes `X-Request-ID` or makes one, returns it on every response, and logs the request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_of(request.headers.get("X-Request-ID", ""))
        request.request_id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        with request_scope(request_id):
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            milliseconds = (time.perf_counter() - started) * 1000
            about = (request.method, redact_path(request.path), response.status_code, milliseconds)
            tenant = identity_of(request).tenant
            logger.info("%s %s %d %.0f ms", *about, extra={"tenant": tenant.id if tenant else ""})
        return response


class IdentityMiddleware:
    """Finds out who is asking, and whether they still may within this minute."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if no_turn := caller_of(request).refusal:
            return without_turn(request, no_turn)
        if "%00" in request.META.get("QUERY_STRING", "") and wants_page(request):
            # No text holds it and PostgreSQL fails at it; the API says by itself which parameter it stands in.
            return answer(request, 400, "The address holds the character NUL")
        if request.path_info.startswith(TENANTLESS):
            response = self.get_response(request)
            if request.path_info.startswith(SIGN_IN):
                # Said by itself only where a session was looked at, which told whether an address has an account.
                patch_vary_headers(response, ("Cookie",))
            return response
        serving_role_settle()
        in_admin = request.path_info.startswith("/admin/")
        try:
            identity = administrator(request) if in_admin else identify(request)
        except BadCredential as refusal:
            limited = too_many(request, rate_of_stranger(address_of(request)))
            return limited or answer(request, 401, refusal.detail)
        except NoSuchTenant:
            return answer(request, 404)
        if identity.tenant is not None and not identity.is_anonymous:
            caller_of(request).tenant = str(identity.tenant.id)
        rate = rate_of(identity, address_of(request))
        if limited := too_many(request, rate):
            return limited
        response = self.in_turn(identity, request)
        if rate is not None and not wants_page(request):
            for name, value in rate.headers.items():
                response[name] = value
        return response

    def in_turn(self, identity: Identity, request: HttpRequest) -> HttpResponseBase:
        """The response to a caller within its limits."""
        in_path = TENANT_PATH.match(request.path_info)
        if in_path and identity.is_anonymous:
            return sign_in_first(request)
        if in_path and request.session.get(CHOSEN_TENANT) != in_path[1]:
            request.session[CHOSEN_TENANT] = in_path[1]
        request.identity = identity  # type: ignore[attr-defined]
        return self.get_response(request)


class TenantMiddleware:
    """Binds the caller and its tenant; on PostgreSQL the scope is the request's transaction."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response, made inside the caller's scopes. A refusal or failure leaves nothing behind."""
        identity = identity_of(request)
        with actor_scope(identity.actor):
            if identity.tenant is None:
                return self.get_response(request)
            try:
                with body_received(request, identity), tenant_scope(identity.tenant.id):
                    return self.in_transaction(request)
            except Refusal as refusal:
                return refused(request, refusal)
            except UnreadablePostError:
                return answer(request, 400)

    def in_transaction(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code >= 400 and connection.vendor == "postgresql":
            transaction.set_rollback(True)
        # A cache between here and the caller must never show one tenant's rows to another.
        patch_cache_control(response, private=True)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal that a page did not handle is an answer, not a failure."""
        return answer(request, exception.status, exception.detail) if isinstance(exception, Refusal) else None


def address_of(request: HttpRequest) -> str:
    """The address of whoever connected to this server."""
    return str(request.META.get("REMOTE_ADDR", ""))


def too_many(request: HttpRequest, rate: Rate | None) -> HttpResponse | None:
    """The refusal of a request beyond the limit; None for one within it."""
    if rate is None or not rate.exceeded:
        return None
    detail = f"More than {rate.limit:,} requests in a minute"
    caller_of(request).limited = Limited(429, detail, min(rate.resets_in, ASKED_AGAIN_SECONDS))
    response = answer(request, 429, detail)
    for name, value in {**rate.headers, "Retry-After": str(rate.resets_in)}.items():
        response[name] = value
    return response


def without_turn(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal of a request that got no turn; for a moment it is given again without a look."""
    caller_of(request).limited = Limited(refusal.status, refusal.detail, NO_TURN_SECONDS)
    return refused(request, refusal)


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; the same for tenants that exist and for those that do not."""
    response = redirect_to_login(request.get_full_path())
    if request.headers.get("HX-Request"):
        # Followed by script: a redirect would put the sign-in page into a part of this one.
        return HttpResponse(status=204, headers={"HX-Redirect": response.url})
    return response
