"""Is it alive, which version is it: for load balancers and people."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from tenants.http import problem_response

SERVICES = ("gateway", "identity", "ai-broker", "schemas", "validation", "compliance", "workflow")
"""Parts that a load balancer may ask for one by one; all of them live in this process."""


def only_read(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """GET and HEAD, never cached. Nothing is written here, so no form's token is missed before the method is."""

    @csrf_exempt
    @never_cache
    @wraps(view)
    def answered(request: HttpRequest, **parts: str) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return problem_response(405, f"Method {request.method} not allowed", headers={"Allow": "GET, HEAD"})
        return view(request, **parts)

    return answered


def database_fault() -> str:
    """Why the database does not answer, or an empty text. Says nothing about where it is."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return type(error).__name__
    return ""


@only_read
def health(request: HttpRequest) -> JsonResponse:
    """`status` and `database`; 503 with `error` when the database is away."""
    if fault := database_fault():
        body = {"status": "unhealthy", "database": "disconnected", "error": fault}
        return JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return JsonResponse({"status": "healthy", "database": "connected"})


@only_read
def service_health(request: HttpRequest, service: str) -> JsonResponse:
    """`status`, `service` and `version` of one part."""
    if service not in {*SERVICES, settings.SERVICE_NAME}:
        raise Http404
    fault = database_fault()
    body = {"status": "unhealthy" if fault else "healthy", "service": service, "version": settings.APP_VERSION}
    return JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE if fault else HTTPStatus.OK)


@only_read
def version(request: HttpRequest) -> JsonResponse:
    """What runs here."""
    return JsonResponse(
        {"version": settings.APP_VERSION, "commit": settings.GIT_COMMIT, "environment": settings.APP_ENV}
    )
