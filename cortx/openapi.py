"""The OpenAPI document: which paths it lists, how callers identify themselves, what errors look like."""

from collections.abc import Iterable
from typing import Any

from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from cortx.operations import COMPATIBLE

Endpoint = tuple[str, str, str, Any]
WRITE_ERRORS = {
    "408": "The body stopped arriving",
    "409": "It is not in a state that allows this",
    "411": "The body has no length",
    "413": "The request is larger than the limit",
    "415": "The media type is not taken here",
}
REPEAT_ERRORS = {"422": "This Idempotency-Key was sent before, with another request"}
ERRORS = {
    "400": "The input is wrong",
    "401": "A credential is missing or not valid",
    "403": "The caller may not do that here",
    "404": "Not found",
    "406": "None of the media types asked for is answered here",
    "429": "More requests in a minute than the limit allows",
    "503": "The service does not answer at the moment",
}
OPERATIONAL = {
    "/health": ("Whether the service works", ("status", "database"), "The database does not answer"),
    "/version": ("What runs here", ("version", "commit", "environment"), ""),
}
RETRY_AFTER = {
    "description": "Seconds after which the same may be asked again; at 409 only while the first request is under way.",
    "schema": {"type": "integer", "minimum": 1},
}
COME_AGAIN = {"409", "429", "503"}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Chosen by the caller. The same request sent again with it gets the first answer, for 48 hours.",
}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people."},
        "code": {"type": "string", "description": "For programs."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "pointer", "message"],
                "properties": {
                    "field": {"type": "string"},
                    "pointer": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


class Credentials(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Three ways to say who is calling."""

    target_class = "tenants.access.authentication.CredentialAuthentication"
    name = ["ApiKey", "BearerKey", "Session"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            {"type": "http", "scheme": "bearer"},
            {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        ]


def listed_once(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Each path without its form with a slash at the end."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def described_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Every operation may answer with these problems; written once."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            for status, text in errors_of(method, operation).items():
                if "content" not in operation["responses"].get(status, {}):
                    operation["responses"][status] = described_error(status, text)
            if method == "post":
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    result["paths"] |= {path: {"get": operational(path, *told)} for path, told in OPERATIONAL.items()}
    return result


def errors_of(method: str, operation: dict[str, Any]) -> dict[str, str]:
    """Status and meaning of the problems an operation may answer with, with those it names without a body."""
    conditional = any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ()))
    stale = {"412": "It has changed since the caller saw it"} if conditional else {}
    named = {status: text for status, text in WRITE_ERRORS.items() if status in operation["responses"]}
    written = WRITE_ERRORS if method != "get" else named
    return ERRORS | written | (REPEAT_ERRORS if method == "post" else {}) | stale


def described_error(status: str, text: str) -> dict[str, Any]:
    """A problem, and whether it says when to come again."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {"headers": {"Retry-After": RETRY_AFTER}} if status in COME_AGAIN else {}
    return {"description": text, "content": content, **headers}


def operational(path: str, summary: str, names: tuple[str, ...], failing: str) -> dict[str, Any]:
    """An operation for those who run the service: it needs no credential and names no tenant."""
    shape = {"type": "object", "required": list(names), "properties": {name: {"type": "string"} for name in names}}
    answer = {"content": {"application/json": {"schema": shape}}}
    responses = {"200": {"description": summary, **answer}}
    if failing:
        responses["503"] = {"description": failing, **answer}
    name = path.strip("/").partition("/")[0]
    return {"operationId": f"get_{name}", "summary": summary, "tags": [COMPATIBLE], "responses": responses}


class OpenApiDocument(SpectacularJSONAPIView):
    """`/openapi.json`."""

    permission_classes = (AllowAny,)


@method_decorator(
    csp_replace(
        {
            "default-src": ["'none'"],
            "script-src": ["'self'"],
            "style-src": ["'self'", "'unsafe-inline'"],
            "img-src": ["'self'", "data:"],
            "font-src": ["'self'"],
            "connect-src": ["'self'"],
            "base-uri": ["'none'"],
            "frame-ancestors": ["'none'"],
        }
    ),
    name="dispatch",
)
class Documentation(SpectacularSwaggerSplitView):
    """`/docs`: the document, to read and to try. Its viewer sets styles by script."""

    permission_classes = (AllowAny,)
    url_name = "openapi"
