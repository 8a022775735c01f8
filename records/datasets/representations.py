"""How datasets, batches and records look in the API."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import TextField
from django.db.models.functions import Cast
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from records.datasets.identity import created_at
from records.datasets.models import Batch, BatchInput, Dataset, Record
from records.states import RecordStatus, RunStatus

COLUMNS = (
    "id", "dataset__name", "batch_id", "row_number", "status", "errored", "source", "batch__source",
)  # fmt: skip


class RecordShape(serializers.Serializer):
    """A record. Rows of a batch keep their values in its snapshot: a list shows their `payload` as null."""

    id = serializers.UUIDField()
    source = serializers.CharField()  # type: ignore[assignment]  # DRF keeps declared fields apart
    category = serializers.CharField(help_text="Name of the dataset.")
    status = serializers.ChoiceField(choices=RecordStatus.choices)
    errored = serializers.BooleanField(help_text="A rule broke on it, so it is still pending.")
    payload = serializers.DictField(allow_null=True)
    created_at = serializers.DateTimeField()
    batch = serializers.UUIDField(allow_null=True)
    row_number = serializers.IntegerField(allow_null=True, help_text="1-based data row in the delivered file.")
    findings_url = serializers.CharField()


class RecordPage(serializers.Serializer):
    """Records in the wanted order, and how many there are in all."""

    results = RecordShape(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class SummaryShape(serializers.Serializer):
    """Counts of records; each of the two adds up to `total`."""

    total = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_category = serializers.DictField(child=serializers.IntegerField())


def record_shape(record: Record, payload: Any) -> dict[str, Any]:
    """One record with the payload that was found for it."""
    source = record.batch.source if record.batch else record.source
    where = (record.id, record.dataset.name, record.batch_id, record.row_number)
    return shape(*where, record.status, record.errored, source, payload)


def record_shapes(ids: list[UUID]) -> list[dict[str, Any]]:
    """These records, in this order, without the payloads of batches. JSON text goes through unread."""
    rows = Record.objects.filter(id__in=ids).values_list(*COLUMNS, Cast("payload", TextField()))
    found = {row[0]: row for row in rows}
    return [of_row(*found[identifier]) for identifier in ids if identifier in found]


def of_row(*row: Any) -> dict[str, Any]:
    *start, source, batch_source, payload = row
    text = msgspec.Raw(payload.encode()) if payload else None
    return shape(*start, source if batch_source is None else batch_source, text)


def shape(
    identifier: UUID, category: str, batch: UUID | None, row: int | None, status: str, errored: bool, *rest: Any
) -> dict[str, Any]:
    source, payload = rest
    return {
        "id": identifier,
        "source": source,
        "category": category,
        "status": status,
        "errored": errored,
        "payload": payload,
        "created_at": created_at(identifier),
        "batch": batch,
        "row_number": row,
        "findings_url": f"{reverse('api-findings')}?record={identifier}",
    }


class DatasetShape(serializers.ModelSerializer):
    """A dataset and the version that judges it."""

    active_version = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields: tuple[str, ...] = ("id", "name", "title", "active_version", "parameters", "created_at")

    @extend_schema_field({"type": "string", "nullable": True})
    def get_active_version(self, dataset: Dataset) -> str | None:
        return str(dataset.active_version) if dataset.active_version else None


class InputShape(serializers.ModelSerializer):
    """A delivered file, and what reading it gave."""

    class Meta:
        model = BatchInput
        fields: tuple[str, ...] = (
            "name", "filename", "format", "encoding", "size", "sha256", "snapshot_sha256",
            "rows_read", "rows_accepted", "rows_rejected",
        )  # fmt: skip


class BatchShape(serializers.ModelSerializer):
    """A delivery. `run` is its newest run, `current_run` the one whose verdicts are in force."""

    number = serializers.CharField(source="label")
    dataset = serializers.CharField(source="dataset.name")
    run = serializers.UUIDField(source="last_run_id", allow_null=True)
    status = serializers.ChoiceField(
        choices=RunStatus.choices,
        source="last_run.status",
        allow_null=True,
        default=None,
        help_text="Of its newest run.",
    )
    current_run = serializers.UUIDField(source="current_run_id", allow_null=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Batch
        fields: tuple[str, ...] = (
            "id", "number", "dataset", "source", "parameters", "content_hash", "status", "run", "current_run",
            "created_at", "created_by", "links",
        )  # fmt: skip

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_links(self, batch: Batch) -> dict[str, str]:
        return batch_links(batch)


class BatchDetail(BatchShape):
    """A delivery with its files and the counts of its records."""

    inputs = serializers.SerializerMethodField()
    records = serializers.SerializerMethodField()

    class Meta(BatchShape.Meta):
        fields: tuple[str, ...] = (*BatchShape.Meta.fields, "inputs", "records")

    @extend_schema_field(InputShape(many=True))
    def get_inputs(self, batch: Batch) -> Any:
        return InputShape(self.context["inputs"], many=True).data

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_records(self, batch: Batch) -> dict[str, int]:
        return {status: self.context["counts"].get(status, 0) for status in RecordStatus.values}


class ReceivedShape(serializers.Serializer):
    """What became of a delivery; `duplicate` means that the same one had been taken before."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    run = serializers.UUIDField(allow_null=True)
    duplicate = serializers.BooleanField()
    status_url = serializers.CharField(help_text="Tells how far the run is.")
    batch_url = serializers.CharField()


def batch_links(batch: Batch) -> dict[str, str]:
    """Where to go on from a batch."""
    links = {
        "self": reverse("api-batch", args=[batch.id]),
        "rejected": reverse("api-batch-rejected", args=[batch.id]),
        "findings": f"{reverse('api-findings')}?batch={batch.id}",
    }
    if batch.last_run_id:
        links["run"] = reverse("api-run", args=[batch.last_run_id])
    return links


def inputs_shape(inputs: Iterable[BatchInput]) -> Any:
    return InputShape(inputs, many=True).data
