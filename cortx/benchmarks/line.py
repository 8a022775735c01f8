"""The whole line: a delivery received, judged and committed, in this process, without a worker's message."""

import time
from dataclasses import dataclass
from pathlib import Path

from django.core.files.base import File

from cortx.benchmarks.subject import INPUT, PARAMETERS
from records import commands, tasks
from records.datasets.models import Batch, Dataset
from records.datasets.uploads import Upload
from records.runs.bulk import rows_delete
from records.runs.selectors import RUN_WORK, run_by_id
from rulepacks.models import PackVersion
from tenants.accounts.models import Tenant
from tenants.accounts.services import tenant_create
from tenants.context import tenant_scope
from tenants.work.models import Work

SLUG = "bench"


@dataclass(frozen=True)
class Measured:
    """Seconds to receive the file, from then to the commit, and of the store alone."""

    receive: float
    judge_and_store: float
    store: float


def bench_tenant() -> Tenant:
    """The tenant all benchmarks run in."""
    return Tenant.objects.filter(slug=SLUG).first() or tenant_create(slug=SLUG, name="Benchmarks")


def deliver_and_judge(tenant: Tenant, version: PackVersion, file: Path) -> Measured:
    """Once along the line; what was stored is deleted afterwards."""
    began = time.perf_counter()
    with tenant_scope(tenant.id):
        batch = receive(dataset_for(version), file)
    received = time.perf_counter()
    assert batch.last_run is not None
    work = Work.objects.get(kind=RUN_WORK, reference=batch.last_run.id)
    tasks.run(str(work.id))
    done = time.perf_counter()
    with tenant_scope(tenant.id):
        run = run_by_id(work.reference)
        rows_delete("records_record", batch.id)
        rows_delete("records_finding", run.id)
    stages = {stage["name"]: stage for stage in run.progress["stages"]}
    stored = stages["Stored"].get("seconds", 0.0)
    return Measured(received - began, done - received, stored)


def dataset_for(version: PackVersion) -> Dataset:
    dataset = commands.dataset_for_category(version.pack.name)
    if dataset.active_version_id != version.id:
        commands.dataset_activate(dataset=dataset, version=version)
    return dataset


def receive(dataset: Dataset, file: Path) -> Batch:
    with file.open("rb") as content:
        upload = Upload(INPUT, file.name, File(content))
        receipt = commands.batch_receive(
            dataset=dataset, uploads=[upload], parameters=PARAMETERS, source="benchmark", again=True
        )
    return receipt.batch
