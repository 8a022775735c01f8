"""The API of deliveries: take one in, list them, look at one, judge it again."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from records import commands
from records.datasets.filters import BatchFilter
from records.datasets.models import BatchInput
from records.datasets.receiving import FORMATS, PARSERS, received, sent
from records.datasets.representations import BatchDetail, BatchShape, ReceivedShape
from records.datasets.selectors import batch_by_id, batch_counts, batch_inputs, batches
from records.runs.representations import RunShape
from tenants.access.roles import Permission
from tenants.bodies import no_body
from tenants.filtering import KEYSET, nothing_else, page_of
from tenants.http import TenantAPIView, accepted
from tenants.negotiation import answered_as
from tenants.pagination import KeysetPagination

FORM = {
    "type": "object",
    "required": ["dataset"],
    "properties": {
        "dataset": {"type": "string", "description": "Name of the dataset; made when it is new."},
        "pack": {"type": "string", "description": "Name of the pack that has to judge it, or name@version."},
        "source": {"type": "string", "maxLength": 120},
        "again": {"type": "string", "enum": ["0", "1"], "description": "1 takes a repeat for a new batch."},
    },
    "additionalProperties": {
        "type": "string",
        "description": "A file for each input, named as in the pack, and `param.<name>` for its parameters.",
    },
}
RAW = {"type": "string", "format": "binary"}
FIELDS = ("dataset", "pack", "source", "again", "filename")


class BatchList(TenantAPIView):
    """Deliveries, and a new one."""

    parser_classes = PARSERS
    write_permission = Permission.UPLOAD
    takes_files = True

    @extend_schema(parameters=[*BatchFilter.parameters(), *KEYSET], responses=page_of(BatchShape))
    def get(self, request: Request) -> Response:
        """Deliveries, newest first."""
        page = KeysetPagination()
        found = BatchFilter.narrow(request.query_params, batches(), ("limit", "cursor"))
        rows = page.paginate_queryset(found, request)
        return page.get_paginated_response(BatchShape(rows, many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter(name, str, description="Beside a raw body, as in the form.") for name in FIELDS],
        request={"multipart/form-data": FORM, **dict.fromkeys(FORMATS, RAW)},
        responses={200: ReceivedShape, 202: ReceivedShape},
    )
    def post(self, request: Request) -> Response:
        """Take in a delivery: a multipart form with a part per input, or one raw body for the first input.

        A repeat (same dataset, parameters and content) answers 200 with the batch there is, unless `again=1`.
        """
        receipt = received(self.identity, sent(request))
        batch = receipt.batch
        body = {
            "id": batch.id,
            "number": batch.label,
            "run": batch.last_run_id,
            "duplicate": receipt.duplicate,
            "batch_url": reverse("api-batch", args=[batch.id]),
        }
        status_url = reverse("api-run", args=[batch.last_run_id])
        return Response({**body, "status_url": status_url}) if receipt.duplicate else accepted(body, status_url)


class BatchView(TenantAPIView):
    """One delivery."""

    @extend_schema(responses=BatchDetail)
    def get(self, request: Request, batch_id: UUID) -> Response:
        """The delivery with its files and the counts of its records."""
        nothing_else(request.query_params)
        batch = batch_by_id(batch_id)
        context = {"inputs": batch_inputs(batch), "counts": batch_counts(batch)}
        return Response(BatchDetail(batch, context=context).data)


class BatchRejected(TenantAPIView):
    """Rows of a delivery that could not be read."""

    renderer_classes = answered_as(["application/x-ndjson"])

    @extend_schema(responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY})
    def get(self, request: Request, batch_id: UUID) -> StreamingHttpResponse:
        """One JSON object a row: input, row, line, column, reason and the start of its text."""
        nothing_else(request.query_params)
        batch = batch_by_id(batch_id)
        lines = rejected_lines(batch_inputs(batch))
        headers = {"Content-Disposition": f'attachment; filename="{batch.label}-rejected.ndjson"'}
        return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)


def rejected_lines(inputs: list[BatchInput]) -> Iterator[bytes]:
    """The rejected rows of all inputs, in the pack's order; reads storage only, since the transaction is over."""
    for name in [each.rejects for each in inputs if each.rejects]:
        with default_storage.open(name) as file:
            yield from file.chunks()


class BatchRerun(TenantAPIView):
    """A new run of a delivery."""

    write_permission = Permission.RERUN

    @extend_schema(request=None, responses={202: RunShape})
    def post(self, request: Request, batch_id: UUID) -> Response:
        """Judge the delivery again with its dataset's active version. Earlier runs keep their findings."""
        nothing_else(request.query_params)
        no_body(request)
        run = commands.run_again(batch_by_id(batch_id))
        body: dict[str, Any] = dict(RunShape(run).data)
        return accepted(body, reverse("api-run", args=[run.id]))
