"""The API of the audit log: events, signed checkpoints, proofs, and an export that a stranger can check."""

from uuid import UUID

import django_filters
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.access.roles import Permission
from tenants.audit.delivery import deliveries
from tenants.audit.downloads import export_response
from tenants.audit.models import AuditCheckpoint
from tenants.audit.proofs import consistency_proof, inclusion_proof
from tenants.audit.representations import (
    AuditEventShape,
    CheckpointShape,
    ConsistencyShape,
    DeliveryShape,
    InclusionShape,
)
from tenants.audit.selectors import audit_event, audit_events, checkpoint_at, checkpoint_newest, sealed_under
from tenants.filtering import KEYSET, StrictFilterSet, nothing_else, page_of
from tenants.http import TenantAPIView
from tenants.negotiation import answered_as
from tenants.pagination import KeysetPagination, whole_number
from tenants.problems import StateConflict, ValidationProblem

LARGEST = 2**53 - 1


class AuditEventFilter(StrictFilterSet):
    """Which events."""

    action = django_filters.CharFilter()
    object_type = django_filters.CharFilter()
    object_id = django_filters.CharFilter()
    actor_id = django_filters.CharFilter()
    request_id = django_filters.CharFilter()


class AuditView(TenantAPIView):
    """Base: the log is for those who may read it."""

    read_permission = Permission.READ_AUDIT
    write_permission = Permission.READ_AUDIT


class AuditEventList(AuditView):
    """Events."""

    @extend_schema(parameters=[*AuditEventFilter.parameters(), *KEYSET], responses=page_of(AuditEventShape))
    def get(self, request: Request) -> Response:
        """What was done, newest first."""
        page = KeysetPagination()
        found = AuditEventFilter.narrow(request.query_params, audit_events(), ("limit", "cursor"))
        rows = page.paginate_queryset(found, request)
        return page.get_paginated_response(AuditEventShape(rows, many=True).data)


class AuditEventView(AuditView):
    """One event."""

    @extend_schema(responses=AuditEventShape)
    def get(self, request: Request, event_id: UUID) -> Response:
        """The event."""
        nothing_else(request.query_params)
        return Response(AuditEventShape(audit_event(event_id)).data)


class AuditEventProof(AuditView):
    """That an event stands in the log."""

    @extend_schema(responses={200: InclusionShape, 409: None})
    def get(self, request: Request, event_id: UUID) -> Response:
        """The inclusion path of RFC 6962 up to the newest checkpoint; 409 while the event waits for its place."""
        nothing_else(request.query_params)
        event = audit_event(event_id)
        position, checkpoint = sealed_under(event.id)
        return Response(inclusion_proof(event, position, checkpoint))


class CheckpointList(AuditView):
    """Signed checkpoints."""

    @extend_schema(parameters=list(KEYSET), responses=page_of(CheckpointShape, deliveries=DeliveryShape(many=True)))
    def get(self, request: Request) -> Response:
        """Checkpoints, newest first. Keep one elsewhere, and a rewritten log cannot pass for the same.

        `deliveries` says where the policy sends them by itself, and how far they came there.
        """
        page = KeysetPagination()
        nothing_else(request.query_params, ("limit", "cursor"))
        rows = page.paginate_queryset(AuditCheckpoint.objects.all(), request)
        answer = page.get_paginated_response(CheckpointShape(rows, many=True).data)
        answer.data["deliveries"] = DeliveryShape(deliveries(), many=True).data
        return answer


class Consistency(AuditView):
    """That the log has only grown."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "old", {"type": "integer", "minimum": 1}, required=True, description="Size of the earlier."
            ),
            OpenApiParameter("new", {"type": "integer", "minimum": 1}, description="Size of the later; the newest."),
        ],
        responses=ConsistencyShape,
    )
    def get(self, request: Request) -> Response:
        """The consistency proof of RFC 6962 between two checkpoints."""
        nothing_else(request.query_params, ("old", "new"))
        newest = checkpoint_newest()
        new = whole_number(request, "new", newest.size if newest else 1, minimum=1, maximum=LARGEST)
        old = whole_number(request, "old", 0, minimum=1, maximum=new)
        return Response(consistency_proof(checkpoint_at(old), checkpoint_at(new)))


class AuditExport(AuditView):
    """The log as a file."""

    renderer_classes = answered_as(["application/x-ndjson"])

    @extend_schema(
        parameters=[
            OpenApiParameter("first", {"type": "integer", "minimum": 0}, description="First position; 0."),
            OpenApiParameter("last", {"type": "integer", "minimum": 0}, description="Position after the last; all."),
        ],
        responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY, 409: None},
    )
    def get(self, request: Request) -> FileResponse:
        """Sealed events as NDJSON with their proof; `cortx_verify.py export FILE` checks it without CORTX.

        409 while the log has no checkpoint.
        """
        nothing_else(request.query_params, ("first", "last"))
        checkpoint = checkpoint_newest()
        if checkpoint is None:
            raise StateConflict("The log has no checkpoint yet; it gets one within seconds of its first event")
        last = whole_number(request, "last", checkpoint.size, minimum=0, maximum=LARGEST)
        first = whole_number(request, "first", 0, minimum=0, maximum=LARGEST)
        if not first <= last <= checkpoint.size:
            reason = f"expected positions up to {checkpoint.size}, the first not after the last"
            raise ValidationProblem(f"last: {reason}", fields={"last": reason})
        return export_response(checkpoint, first, last)
