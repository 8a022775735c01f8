"""Answers to what went wrong: a page for people, problem+json for everybody else. Never a traceback."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from tenants.availability import is_unavailable
from tenants.context import current_request_id
from tenants.http import DETAILS, RETRY_SECONDS, problem_response, refusal_response
from tenants.problems import Refusal

PAGES = ("/t/", "/admin/", "/accounts/")
API = ("/api/", "/v1/", "/records", "/reports", "/health", "/version", "/openapi.json")


def wants_page(request: HttpRequest) -> bool:
    """Whether a person with a browser is asking; a program that names no type gets JSON."""
    return page_wanted(request.path_info, request.headers.get("Accept", ""))


def page_wanted(path: str, accept: str) -> bool:
    """The same by the path that is asked for and the types that are named."""
    if path == "/" or path.startswith(PAGES):
        return True
    return "text/html" in accept and not path.startswith(API)


def answer(request: HttpRequest, status: int, detail: str = "", code: str = "") -> HttpResponse:
    """The error page or the problem of this status. Touches neither database nor session."""
    return error_page(status, detail) if wants_page(request) else problem_response(status, detail, code=code)


def error_page(status: int, detail: str = "") -> HttpResponse:
    """The page of this status."""
    context = {"status": status, "detail": detail or DETAILS.get(status, ""), "request_id": current_request_id()}
    page = HttpResponse(render_to_string("error.html", context), status=status)
    if status == 503:
        page["Retry-After"] = str(RETRY_SECONDS)
    return page


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal outside of the API's views."""
    if not wants_page(request):
        return refusal_response(refusal)
    page = answer(request, refusal.status, refusal.detail)
    if refusal.retry_after:
        page["Retry-After"] = str(refusal.retry_after)
    return page


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Malformed, or more than the limits allow."""
    return answer(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Known, but not allowed."""
    return answer(request, 403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Not there, or somebody else's: the same words for both."""
    return answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Our own fault, or the database's absence, wherever in the request it was noticed."""
    return answer(request, 503 if is_unavailable(sys.exc_info()[1]) else 500)


def form_token_missing(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A browser's write without the token of its form."""
    return answer(request, 403, "The form has expired; load the page again")
