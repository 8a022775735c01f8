"""Is it alive, which version is it: for load balancers and people."""

from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

SERVICES = ("gateway", "identity", "ai-broker", "schemas", "validation", "compliance", "workflow")
"""Parts that a load balancer may ask for one by one; all of them live in this process."""


def database_fault() -> str:
    """Why the database does not answer, or an empty text. Says nothing about where it is."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return type(error).__name__
    return ""


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """`status` and `database`; 503 with `error` when the database is away."""
    if fault := database_fault():
        body = {"status": "unhealthy", "database": "disconnected", "error": fault}
        return JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return JsonResponse({"status": "healthy", "database": "connected"})


@never_cache
@require_safe
def service_health(request: HttpRequest, service: str) -> JsonResponse:
    """`status`, `service` and `version` of one part."""
    if service not in {*SERVICES, settings.SERVICE_NAME}:
        raise Http404
    fault = database_fault()
    body = {"status": "unhealthy" if fault else "healthy", "service": service, "version": settings.APP_VERSION}
    return JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE if fault else HTTPStatus.OK)


@never_cache
@require_safe
def version(request: HttpRequest) -> JsonResponse:
    """What runs here."""
    return JsonResponse(
        {"version": settings.APP_VERSION, "commit": settings.GIT_COMMIT, "environment": settings.APP_ENV}
    )
