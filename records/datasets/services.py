"""Writes of datasets, batches and single records. Called inside the transaction a command has opened."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F

from records.datasets.identity import created_at
from records.datasets.models import Batch, BatchInput, Dataset, NumberSeries, Record, RecordCount
from records.datasets.parameters import parameters_bind
from records.datasets.uploads import StoredFile
from records.states import RecordStatus
from rulepacks.models import PackVersion
from tenants.audit.services import audit_append
from tenants.context import current_actor
from tenants.problems import StateConflict, ValidationProblem

NAME_LENGTH = 120
NAME = re.compile("[a-z][a-z0-9_]{0,79}")
SINGLE = UUID(int=0)
"""In place of the batch id in the counters of single records."""


def dataset_for_category(name: str) -> Dataset:
    """The dataset of that name, made when it is new. Raises `ValidationProblem` for a name that cannot be one."""
    if not name or len(name) > NAME_LENGTH or "\0" in name:
        raise ValidationProblem(
            "The category is 1 to 120 characters", fields={"category": "expected 1 to 120 characters"}
        )
    dataset: Dataset
    dataset, created = Dataset.objects.get_or_create(name=name)
    if created:
        audit_append("dataset.created", dataset, {"name": name})
    return dataset


def dataset_create(*, name: str, title: str = "", parameters: Mapping[str, Any] | None = None) -> Dataset:
    """A new dataset. Raises `StateConflict` when the name is taken."""
    if Dataset.objects.filter(name=name).exists():
        raise StateConflict(f"A dataset called {name!r} exists")
    dataset = dataset_for_category(name)
    dataset.title, dataset.parameters = title, dict(parameters or {})
    dataset.save(update_fields=("title", "parameters"))
    return dataset


def dataset_change(*, dataset: Dataset, title: str, parameters: Mapping[str, Any]) -> None:
    """Another title, other defaults of the parameters."""
    dataset.title, dataset.parameters = title, dict(parameters)
    dataset.save(update_fields=("title", "parameters"))
    audit_append("dataset.changed", dataset, {"title": title, "parameters": dataset.parameters})


def dataset_activate(*, dataset: Dataset, version: PackVersion) -> None:
    """Judge what arrives from now on with this version. Raises `StateConflict` unless it is published."""
    if version.status != PackVersion.Status.PUBLISHED:
        raise StateConflict(f"{version} is {version.status}; only a published version can be active")
    before = dataset.active_version
    dataset.active_version = version
    dataset.save(update_fields=("active_version",))
    facts = {"version": str(version), "content_hash": version.content_hash, "before": str(before) if before else ""}
    audit_append("dataset.activated", dataset, facts)


def number_next(name: str) -> int:
    """The next number of a series, from 1. The counter's row stays locked until the transaction ends."""
    NumberSeries.objects.get_or_create(name=name)
    NumberSeries.objects.filter(name=name).update(value=F("value") + 1)
    value: int = NumberSeries.objects.values_list("value", flat=True).get(name=name)
    return value


def batch_create(
    *,
    batch_id: UUID,
    dataset: Dataset,
    files: Sequence[StoredFile],
    parameters: Mapping[str, Any],
    source: str,
    content_hash: str,
) -> Batch:
    """The batch and its inputs, with the next number."""
    batch: Batch = Batch.objects.create(
        id=batch_id,
        number=number_next("batch"),
        dataset=dataset,
        source=source,
        parameters=dict(parameters),
        content_hash=content_hash,
        created_by=current_actor().label,
    )
    for file in files:
        BatchInput.objects.create(
            batch=batch,
            name=file.input,
            filename=file.filename,
            format=file.format,
            size=file.size,
            sha256=file.sha256,
            stored_as=file.stored_as,
        )
    sizes = {file.input: {"sha256": file.sha256, "bytes": file.size} for file in files}
    audit_append("batch.received", batch, {"dataset": dataset.name, "content_hash": content_hash, "inputs": sizes})
    return batch


def inputs_check(version: PackVersion | None, names: Sequence[str]) -> None:
    """Raises `ValidationProblem` when the named inputs are not what the version reads."""
    problems = {name: "The same input is given twice" for name in names if names.count(name) > 1}
    if not names:
        problems[""] = "No file was given"
    problems |= {
        name: "An input's name is lower-case letters, digits and _" for name in names if not NAME.fullmatch(name)
    }
    if version is not None:
        declared = {one["name"]: one for one in version.summary["inputs"]}
        problems |= {name: f"{version} has no input {name!r}" for name in names if name not in declared}
        missing = [name for name, one in declared.items() if not one["optional"] and name not in names]
        problems |= {name: f"Input {name!r} is required" for name in missing}
    if problems:
        raise ValidationProblem("; ".join(problems.values()), fields=problems)


def parameters_for(dataset: Dataset, given: Mapping[str, Any], version: PackVersion | None = None) -> dict[str, Any]:
    """Parameters of a delivery to the dataset. Raises `ValidationProblem`."""
    return dict(parameters_bind(version or dataset.active_version, dataset.parameters, given))


def record_add(*, dataset: Dataset, source: str, payload: Mapping[str, Any]) -> Record:
    """A single pending record, counted."""
    record: Record = Record.objects.create(dataset=dataset, source=source, payload=dict(payload))
    audit_append("record.received", record, {"dataset": dataset.name, "source": source})
    count_add(dataset, created_at(record.id).date(), RecordStatus.PENDING, 1)
    return record


def count_add(dataset: Dataset, day: date, status: str, amount: int, *, batch_id: UUID = SINGLE) -> None:
    """Add to a counter; last in a transaction, since everybody else who counts waits for its row."""
    key = {"dataset": dataset, "batch_id": batch_id, "day": day, "status": status}
    if not RecordCount.objects.filter(**key).update(count=F("count") + amount):
        RecordCount.objects.get_or_create(**key, defaults={"count": 0})
        RecordCount.objects.filter(**key).update(count=F("count") + amount)


def series_lock(name: str) -> None:
    """Let no other transaction draw a number of the series until this one ends."""
    NumberSeries.objects.get_or_create(name=name)
    NumberSeries.objects.filter(name=name).update(value=F("value"))
