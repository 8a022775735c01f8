"""The API of datasets, of records that come one at a time, and of the counts over them."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from records import commands, snapshots
from records.datasets import paging
from records.datasets.filters import RecordFilter, SummaryFilter
from records.datasets.models import Dataset, Record, RecordCount
from records.datasets.paging import Asked, created_between
from records.datasets.representations import (
    DatasetShape,
    RecordPage,
    RecordShape,
    SummaryShape,
    record_shape,
    record_shapes,
)
from records.datasets.selectors import dataset_by_name, dataset_etag, datasets, record_by_id, summary
from rulepacks.catalog.selectors import version_named
from tenants.access.roles import Permission
from tenants.bodies import body_as, no_body
from tenants.filtering import KEYSET, LIMIT, OFFSET, nothing_else, page_of
from tenants.http import TenantAPIView
from tenants.pagination import OldestFirst, page_limit, page_offset

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class NewRecord(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /records`."""

    source: Name
    category: Name
    payload: dict[str, Any]


NEW_RECORD = inline_serializer(
    "NewRecord",
    {
        "source": serializers.CharField(max_length=120),
        "category": serializers.CharField(max_length=120),
        "payload": serializers.DictField(),
    },
)


class RecordList(TenantAPIView):
    """Records, and a new one."""

    @extend_schema(parameters=[*RecordFilter.parameters(), LIMIT, OFFSET], responses=RecordPage)
    def get(self, request: Request) -> Response:
        """Records of all datasets, newest first unless told otherwise."""
        wanted = RecordFilter.values(request.query_params, Record.objects.none(), ("limit", "offset"))
        limit, offset = page_limit(request), page_offset(request)
        bounds = created_between(wanted["created_after"], wanted["created_before"])
        asked = Asked(status=wanted["status"] or None, category=wanted["category"] or None, **bounds)
        total = paging.total(asked)
        descending = wanted["sort_order"] != "asc"
        ids = paging.page(asked, wanted["sort_by"] or "created_at", descending, offset, limit) if offset < total else []
        return Response({"results": record_shapes(ids), "total": total, "limit": limit, "offset": offset})

    @extend_schema(request=NEW_RECORD, responses={201: RecordShape})
    def post(self, request: Request) -> Response:
        """Take in one record; it is `pending` until it is processed. An unknown category becomes a dataset."""
        nothing_else(request.query_params)
        new = body_as(NewRecord, request.data)
        record = commands.record_create(source=new.source, category=new.category, payload=new.payload)
        return Response(record_shape(record, record.payload), status=HTTPStatus.CREATED)


class RecordDetail(TenantAPIView):
    """One record."""

    @extend_schema(responses=RecordShape)
    def get(self, request: Request, record_id: UUID) -> Response:
        """The record with its payload; that of a batch's row comes from the snapshot, as it was delivered."""
        nothing_else(request.query_params)
        return Response(with_payload(record_by_id(record_id)))


class RecordProcess(TenantAPIView):
    """The decision about one record."""

    write_permission = Permission.PROCESS

    @extend_schema(request=None, responses=RecordShape)
    def post(self, request: Request, record_id: UUID) -> Response:
        """Decide a pending record by its dataset's active pack. Repeated calls give the one decision there is."""
        nothing_else(request.query_params)
        no_body(request)
        return Response(with_payload(commands.record_process(record_id)))


def with_payload(record: Record) -> dict[str, Any]:
    delivered = snapshots.record_row(record)
    return record_shape(record, delivered.values if delivered else record.payload)


class Summary(TenantAPIView):
    """How many records there are."""

    @extend_schema(parameters=SummaryFilter.parameters(), responses=SummaryShape)
    def get(self, request: Request) -> Response:
        """Counts by status and by category; the totals are those of the list under the same filters."""
        wanted = SummaryFilter.values(request.query_params, RecordCount.objects.none())
        found = summary(status=wanted["status"], date_from=wanted["date_from"], date_to=wanted["date_to"])
        return Response({"total": found.total, "by_status": found.by_status, "by_category": found.by_category})


class NewDataset(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /api/v1/datasets`."""

    name: Name
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    parameters: dict[str, str | int | bool] = {}


NEW_DATASET = inline_serializer(
    "NewDataset",
    {
        "name": serializers.CharField(max_length=120),
        "title": serializers.CharField(max_length=200, required=False, allow_blank=True),
        "parameters": serializers.DictField(required=False),
    },
)


class DatasetList(TenantAPIView):
    """Datasets, and a new one."""

    write_permission = Permission.ACTIVATE

    @extend_schema(parameters=[*KEYSET], responses=page_of(DatasetShape))
    def get(self, request: Request) -> Response:
        """Datasets, oldest first."""
        nothing_else(request.query_params, ("limit", "cursor"))
        page = OldestFirst()
        rows = page.paginate_queryset(datasets(), request)
        return page.get_paginated_response(DatasetShape(rows, many=True).data)

    @extend_schema(request=NEW_DATASET, responses={201: DatasetShape})
    def post(self, request: Request) -> Response:
        """Make a dataset with the defaults of its pack's parameters."""
        nothing_else(request.query_params)
        new = body_as(NewDataset, request.data)
        dataset = commands.dataset_create(name=new.name, title=new.title, parameters=new.parameters)
        return Response(DatasetShape(dataset).data, status=HTTPStatus.CREATED)


class DatasetView(TenantAPIView):
    """One dataset."""

    @extend_schema(responses=DatasetShape)
    def get(self, request: Request, name: str) -> Response:
        """The dataset. Its ETag changes when it does."""
        nothing_else(request.query_params)
        return dataset_response(dataset_by_name(name))


def dataset_response(dataset: Dataset) -> Response:
    return Response(DatasetShape(dataset).data, headers={"ETag": dataset_etag(dataset)})


class Activation(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /api/v1/datasets/{name}/activate`."""

    pack: str
    version: str = ""


class DatasetActivate(TenantAPIView):
    """Which version judges a dataset."""

    write_permission = Permission.ACTIVATE

    @extend_schema(
        parameters=[OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="An ETag of the dataset.")],
        request=inline_serializer(
            "Activation", {"pack": serializers.CharField(), "version": serializers.CharField(required=False)}
        ),
        responses=DatasetShape,
    )
    def post(self, request: Request, name: str) -> Response:
        """Judge what arrives from now on with this version; without one, with the pack's newest published.

        With `If-Match`, only if the dataset is still as its ETag says.
        """
        nothing_else(request.query_params)
        wanted = body_as(Activation, request.data)
        dataset = dataset_by_name(name)
        version = version_named(wanted.pack, wanted.version)
        commands.dataset_activate(dataset=dataset, version=version, if_match=request.headers.get("If-Match"))
        return dataset_response(dataset)
