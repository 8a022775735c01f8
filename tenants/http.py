"""What every app's API needs: problem+json errors, the 202 answer, and base classes that know the caller."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.access.identity import Identity, identity_of
from tenants.access.problems import BadCredential
from tenants.access.roles import Permission
from tenants.accounts.models import Tenant, User
from tenants.availability import is_unavailable
from tenants.context import current_request_id
from tenants.problems import NotAllowed, Refusal
from tenants.redaction import redact_secrets

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = 5
LONGEST = 10_000
"""Characters of one text in an answer."""
Errors = Iterable[Mapping[str, str]]

CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "stale",
    413: "too_large",
    415: "unsupported_media_type",
    422: "idempotency_key_reused",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}
DETAILS = {
    400: "Bad request",
    401: "Invalid authentication credentials",
    403: "This account may not do that here",
    404: "Not found",
    413: "The request is larger than the limit",
    500: "Internal server error",
    503: "The service does not answer at the moment",
}


def problem_response(
    status: int,
    detail: str = "",
    *,
    code: str = "",
    errors: Errors = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """An RFC 9457 problem: `detail` for people, `code` for programs, `errors` a field each, and the request's id.

    Whoever gets it may log it, so it repeats no secret that was sent in the wrong place.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": shown(detail) or DETAILS.get(status, HTTPStatus(status).phrase),
        "code": code or CODES.get(status, "refused"),
        "request_id": current_request_id(),
    }
    if listed := [{name: shown(text) for name, text in error.items()} for error in errors]:
        body["errors"] = listed
    response = HttpResponse(json.dumps(body), status=status, content_type=PROBLEM_JSON, headers=headers)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_SECONDS)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="cortx"'
    return response


def shown(text: str) -> str:
    """The text without secrets, and not all of one that a name as long as the body made long."""
    return redact_secrets(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def refusal_response(refusal: Refusal) -> HttpResponse:
    """The problem that a refusal is, with the time to wait when waiting helps."""
    errors = [field_error(name, message) for name, message in refusal.fields.items()]
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
    return problem_response(refusal.status, refusal.detail, code=refusal.code, errors=errors, headers=headers)


def problem_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """The problem that an exception of an API view is; None for what is our own fault and becomes a 500."""
    match error:
        case BadCredential():
            return problem_response(401, error.detail)
        case Refusal():
            return refusal_response(error)
        case Http404():
            return problem_response(404)
        case PermissionDenied():
            return problem_response(403)
        case exceptions.APIException():
            return api_problem(error)
        case DjangoValidationError():
            return problem_response(400, " ".join(error.messages))
        case RequestDataTooBig():
            return problem_response(413)
        case SuspiciousOperation() | UnreadablePostError():
            return problem_response(400)
        case DataError():
            return problem_response(400, "A value is outside of what can be stored")
        case _ if is_unavailable(error):
            return problem_response(503)
    return None


def api_problem(error: exceptions.APIException) -> HttpResponse:
    """A problem from the framework's own exceptions."""
    errors = list(field_errors(error.detail)) if isinstance(error, exceptions.ValidationError) else []
    if isinstance(error.detail, list | dict):
        detail = "; ".join(
            f"{each['field']}: {each['message']}" if each["field"] else each["message"] for each in errors
        )
    else:
        detail = str(error.detail)
    wait = getattr(error, "wait", None)
    headers = {"Retry-After": str(int(wait) + 1)} if wait else None
    return problem_response(error.status_code, detail, errors=errors, headers=headers)


def field_errors(detail: Any, path: tuple[str, ...] = ()) -> Iterable[dict[str, str]]:
    """One entry a message, wherever it stands in nested input."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from field_errors(inner, path if name == "non_field_errors" else (*path, str(name)))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from field_errors(inner, (*path, str(index)) if isinstance(inner, Mapping) else path)
    else:
        yield field_error(".".join(path), str(detail))


def field_error(name: str, message: str) -> dict[str, str]:
    """A message about one field, named as people write it and as a JSON pointer (RFC 6901); either may be given."""
    if name.startswith("/"):
        steps = [step.replace("~1", "/").replace("~0", "~") for step in name[1:].split("/")]
        return {"field": ".".join(steps), "pointer": name, "message": message}
    steps = name.split(".") if name else []
    pointer = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
    return {"field": name, "pointer": pointer, "message": message}


def accepted(body: Mapping[str, Any], status_url: str) -> Response:
    """202: taken in and committed, not yet done; `status_url` tells how it goes."""
    headers = {"Location": status_url, "Retry-After": "1"}
    return Response({**body, "status_url": status_url}, status=HTTPStatus.ACCEPTED, headers=headers)


class TenantAPIView(APIView):
    """Base of the API: `TenantPermission` asks the role table for what the view names here."""

    read_permission = Permission.READ
    write_permission = Permission.UPLOAD

    @classmethod
    def takes(cls, request: HttpRequest, identity: Identity) -> bool:
        """Whether a body will be read: method and media type exist here, and the caller may write."""
        method, media_type = str(request.method).lower(), (request.content_type or "").lower()
        known = method in cls.http_method_names and hasattr(cls, method)
        return (
            known
            and identity.may(cls.write_permission)
            and any(parser.media_type == media_type for parser in cls.parser_classes)
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing has a name with a NUL in it, and PostgreSQL would not even look for one."""
        super().initial(request, *args, **kwargs)
        if any("\0" in value for value in kwargs.values() if isinstance(value, str)):
            raise Http404

    @property
    def identity(self) -> Identity:
        """The caller, in the bound tenant."""
        return identity_of(self.request._request)

    @property
    def tenant(self) -> Tenant:
        """The bound tenant; `TenantPermission` lets nobody through without one."""
        assert self.identity.tenant is not None
        return self.identity.tenant

    @property
    def person(self) -> User:
        """Who is asking. Raises `NotAllowed` for a key, which answers for nobody."""
        if self.identity.user is None:
            raise NotAllowed("Only a person may do that: a key answers for nobody")
        return self.identity.user
