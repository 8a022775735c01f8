"""The whole map, and a few addresses at which tests provoke what they are about."""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cortx.urls import handler400, handler403, handler404, handler500
from cortx.urls import urlpatterns as real
from tenants.audit.services import audit_append
from tenants.context import current_actor, current_tenant_id
from tenants.http import TenantAPIView, accepted
from tenants.models import Tenant
from tenants.problems import StateConflict, UnknownReference

ERRORS = {
    "refusal": StateConflict("The run has ended", fields={"status": "ended"}),
    "unknown": UnknownReference("No such run"),
    "missing": Http404("No Run matches"),
    "denied": PermissionDenied(),
    "django": DjangoValidationError("Not a date"),
    "large": RequestDataTooBig(),
    "suspicious": SuspiciousOperation(),
    "data": DataError("out of range"),
    "gone": OperationalError("server closed the connection"),
    "closed": InterfaceError("connection already closed"),
    "redis": RedisConnectionError("refused"),
    "nested": serializers.ValidationError({"rows": [{}, {"amount": ["Not a number"]}], "non_field_errors": ["Odd"]}),
    "throttled": exceptions.Throttled(wait=3),
    "bug": ZeroDivisionError("secret detail"),
}


class Echo(TenantAPIView):
    """Says who the caller is; a POST writes an event and then ends as asked."""

    def get(self, request: Request) -> Response:
        return Response(
            {"tenant": str(current_tenant_id()), "actor": current_actor().label, "role": self.identity.role}
        )

    def post(self, request: Request) -> Response:
        audit_append("tenant.changed", Tenant.objects.get(id=current_tenant_id()), {})
        asked = dict(request.data)
        if error := ERRORS.get(str(asked.get("error"))):
            raise error
        if asked.get("later"):
            return accepted({"id": 1}, "/api/v1/batches/1")
        return Response({"taken": asked}, status=201)


def page(request: HttpRequest, slug: str, error: str = "") -> HttpResponse:
    if error:
        raise ERRORS[error]
    return HttpResponse(str(current_tenant_id()))


def tenantless(request: HttpRequest, **_: Any) -> HttpResponse:
    raise ERRORS["gone"]


urlpatterns = [
    path("api/v1/echo", Echo.as_view()),
    path("records/echo", Echo.as_view()),
    path("t/<slug:slug>/", page),
    path("t/<slug:slug>/<str:error>", page),
    path("accounts/gone", tenantless),
    *real,
]
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
