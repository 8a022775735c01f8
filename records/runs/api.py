"""The API of runs and findings."""

from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from records import commands
from records.dashboards.tables import output_names
from records.runs.filters import FindingParameters, RunFilter, UnitFilter
from records.runs.models import Finding, UnitStatus
from records.runs.representations import FindingShape, RunDetailShape, RunShape, UnitShape
from records.runs.selectors import FindingFilter, finding_by_id, findings, run_by_id, run_detail, runs
from rulepacks.engine.formats.media import MEDIA_TYPES, content_type
from tenants.access.roles import Permission
from tenants.bodies import no_body
from tenants.filtering import KEYSET, nothing_else, page_of
from tenants.http import TenantAPIView
from tenants.negotiation import answered_as
from tenants.pagination import KeysetPagination, OldestFirst
from tenants.problems import UnknownReference

PAGE = ("limit", "cursor")


class RunList(TenantAPIView):
    """Runs."""

    @extend_schema(parameters=[*RunFilter.parameters(), *KEYSET], responses=page_of(RunShape))
    def get(self, request: Request) -> Response:
        """Runs, newest first."""
        page = KeysetPagination()
        rows = page.paginate_queryset(RunFilter.narrow(request.query_params, runs(), PAGE), request)
        return page.get_paginated_response(RunShape(rows, many=True).data)


class RunView(TenantAPIView):
    """One run."""

    @extend_schema(responses=RunDetailShape)
    def get(self, request: Request, run_id: UUID) -> Response:
        """The run with its progress, outcomes, units by status, log and outputs. Its ETag changes when it does."""
        nothing_else(request.query_params)
        return run_response(run_id)


class RunCancel(TenantAPIView):
    """The end of a run before it is done."""

    write_permission = Permission.CANCEL

    @extend_schema(request=None, responses={202: RunDetailShape})
    def post(self, request: Request, run_id: UUID) -> Response:
        """Ask the run to stop; nothing of it will have been decided."""
        nothing_else(request.query_params)
        no_body(request)
        commands.run_cancel(run_by_id(run_id))
        return run_response(run_id, status=202)


def run_response(run_id: UUID, status: int = 200) -> Response:
    detail = run_detail(run_id)
    body: Any = RunDetailShape(detail.run, context={"detail": detail}).data
    return Response(body, status=status, headers={"ETag": f'W/"{detail.run.id}-{detail.run.revision}"'})


class RunOutput(TenantAPIView):
    """A file that the pack put out."""

    renderer_classes = answered_as([*dict.fromkeys(MEDIA_TYPES.values()), "application/octet-stream"])

    @extend_schema(responses={(200, media): OpenApiTypes.BINARY for media in MEDIA_TYPES.values()})
    def get(self, request: Request, run_id: UUID, name: str) -> FileResponse:
        """The file as an attachment."""
        nothing_else(request.query_params)
        run = run_by_id(run_id)
        if name not in output_names(run):
            raise UnknownReference("No such output")
        file = default_storage.open(run.outputs[name])
        return FileResponse(file, as_attachment=True, filename=name, content_type=content_type(name))


class RunUnits(TenantAPIView):
    """Where the units stand."""

    @extend_schema(parameters=[*UnitFilter.parameters(), *KEYSET], responses=page_of(UnitShape))
    def get(self, request: Request, run_id: UUID) -> Response:
        """Units of the run with their statuses."""
        page = OldestFirst()
        units = UnitStatus.objects.filter(run=run_by_id(run_id))
        rows = page.paginate_queryset(UnitFilter.narrow(request.query_params, units, PAGE), request)
        return page.get_paginated_response(UnitShape(rows, many=True).data)


class FindingList(TenantAPIView):
    """Findings."""

    @extend_schema(parameters=[*FindingParameters.parameters(), *KEYSET], responses=page_of(FindingShape))
    def get(self, request: Request) -> Response:
        """Findings in order of run and ordinal; of each batch's run in force, unless narrowed."""
        page = OldestFirst()
        wanted = FindingParameters.values(request.query_params, Finding.objects.none(), PAGE)
        values: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in wanted.items()}
        chosen = FindingFilter(**values)
        rows = page.paginate_queryset(findings(chosen), request)
        return page.get_paginated_response(FindingShape(rows, many=True).data)


class FindingView(TenantAPIView):
    """One finding."""

    @extend_schema(responses=FindingShape)
    def get(self, request: Request, finding_id: UUID) -> Response:
        """The finding."""
        nothing_else(request.query_params)
        return Response(FindingShape(finding_by_id(finding_id)).data)
