"""Reads of deliveries and records. Counts come from the counters, never from the records."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from records.datasets.identity import first_id_at
from records.datasets.models import Batch, BatchInput, Dataset, Record, RecordCount
from tenants.problems import UnknownReference


@dataclass(frozen=True)
class Summary:
    """How many records there are, by status and by category (the dataset's name); each adds up to `total`."""

    total: int
    by_status: Mapping[str, int]
    by_category: Mapping[str, int]


def datasets() -> QuerySet[Dataset]:
    """All datasets by name, with the version that judges them."""
    return Dataset.objects.select_related("active_version__pack").order_by("name")


def dataset_by_name(name: str) -> Dataset:
    """The dataset of that name. Raises `UnknownReference`."""
    found = datasets().filter(name=name).first()
    if found is None:
        raise UnknownReference(f"No dataset is called {name!r}")
    return found


def dataset_etag(dataset: Dataset) -> str:
    """Another one whenever what the dataset says of itself is another."""
    said = json.dumps([str(dataset.active_version_id), dataset.title, dataset.parameters], sort_keys=True)
    return f'W/"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def batches() -> QuerySet[Batch]:
    """All batches, newest first, with their dataset and newest run."""
    related = ("dataset", "last_run__pack_version__pack", "current_run")
    return Batch.objects.select_related(*related).order_by("-id")


def batch_list(
    *,
    dataset: str = "",
    source: str = "",
    status: str = "",
    pack: str = "",
    date_from: date | None = None,
    date_to: date | None = None,
) -> QuerySet[Batch]:
    """Batches, newest first; `status` is that of the newest run, days are UTC and inclusive."""
    conditions = Q()
    for lookup, wanted in (
        ("dataset__name", dataset),
        ("source", source),
        ("last_run__status", status),
        ("last_run__pack_version__pack__name", pack),
    ):
        if wanted:
            conditions &= Q(**{lookup: wanted})
    return batches().filter(conditions & arrived_between(date_from, date_to))


def batch_by_id(batch_id: UUID) -> Batch:
    """The batch. Raises `UnknownReference`."""
    found = batches().filter(id=batch_id).first()
    if found is None:
        raise UnknownReference("No such batch")
    return found


def batch_inputs(batch: Batch) -> list[BatchInput]:
    """What was delivered, the records' input first."""
    inputs = list(BatchInput.objects.filter(batch=batch).order_by("id"))
    first = first_input_name(batch)
    return sorted(inputs, key=lambda delivered: delivered.name != first)


def first_input_name(batch: Batch) -> str:
    """Name of the input whose rows are the records: the pack's first, or the first one delivered."""
    run = batch.current_run or batch.last_run
    if run is not None and run.pack_version is not None:
        inputs = run.pack_version.summary.get("inputs") or []
        if inputs:
            return str(inputs[0]["name"])
    first = BatchInput.objects.filter(batch=batch).order_by("id").first()
    return first.name if first else ""


def records() -> QuerySet[Record]:
    """All records with their dataset and batch, newest first."""
    return Record.objects.select_related("dataset", "batch").order_by("-id")


def record_by_id(record_id: UUID) -> Record:
    """The record. Raises `UnknownReference`."""
    found = records().filter(id=record_id).first()
    if found is None:
        raise UnknownReference("No such record")
    return found


def record_list(
    *,
    status: str = "",
    category: str = "",
    source: str = "",
    batch: UUID | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> QuerySet[Record]:
    """Records, newest first. The times bound the arrival: after inclusive, before exclusive."""
    conditions = Q()
    if status:
        conditions &= Q(status=status)
    if category:
        conditions &= Q(dataset__name=category)
    if source:
        conditions &= Q(batch__isnull=True, source=source) | Q(batch__source=source)
    if batch:
        conditions &= Q(batch=batch)
    if created_after:
        conditions &= Q(id__gte=first_id_at(created_after))
    if created_before:
        conditions &= Q(id__lt=first_id_at(created_before))
    return records().filter(conditions)


def summary(*, status: str = "", date_from: date | None = None, date_to: date | None = None) -> Summary:
    """Counts of records that arrived on the given UTC days, both inclusive."""
    counted = RecordCount.objects.all()
    if status:
        counted = counted.filter(status=status)
    if date_from:
        counted = counted.filter(day__gte=date_from)
    if date_to:
        counted = counted.filter(day__lte=date_to)
    by_status = counted.values_list("status").annotate(Sum("count")).order_by("status")
    by_category = counted.values_list("dataset__name").annotate(Sum("count")).order_by("dataset__name")
    statuses = {name: count for name, count in by_status if count}
    return Summary(sum(statuses.values()), statuses, {name: count for name, count in by_category if count})


def batch_counts(batch: Batch) -> dict[str, int]:
    """How many records of the batch have each status."""
    return dict(RecordCount.objects.filter(batch_id=batch.id).values_list("status", "count"))


def arrived_between(date_from: date | None, date_to: date | None) -> Q:
    """Rows whose id was made on these UTC days, both inclusive."""
    conditions = Q()
    if date_from:
        conditions &= Q(id__gte=first_id_at(datetime.combine(date_from, time(), UTC)))
    if date_to:
        conditions &= Q(id__lt=first_id_at(datetime.combine(date_to + timedelta(days=1), time(), UTC)))
    return conditions
