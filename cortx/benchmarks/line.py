"""The whole line: a delivery received, judged and committed, in this process, without a worker's message."""

import time
from dataclasses import dataclass
from pathlib import Path

from django.core.files.base import File

from records import commands, tasks
from records.datasets.models import Batch, Dataset
from records.datasets.uploads import Upload
from records.runs.bulk import rows_delete
from records.runs.models import Run
from records.runs.selectors import RUN_WORK, run_by_id
from rulepacks.models import PackVersion
from tenants.accounts.models import Tenant
from tenants.accounts.services import tenant_create
from tenants.context import tenant_scope
from tenants.work.models import Work

SLUG = "bench"


@dataclass(frozen=True)
class Measured:
    """Seconds to receive the files, from then to the commit, and of the store alone; bytes of memory at the peak."""

    receive: float
    judge_and_store: float
    store: float
    worker_memory: int
    run: Run


def bench_tenant() -> Tenant:
    """The tenant all benchmarks run in."""
    return Tenant.objects.filter(slug=SLUG).first() or tenant_create(slug=SLUG, name="Benchmarks")


def deliver_and_judge(
    tenant: Tenant, version: PackVersion, inputs: dict[str, Path], parameters: dict[str, str]
) -> Measured:
    """Once along the line; what was stored is deleted afterwards."""
    forget_peak()
    began = time.perf_counter()
    with tenant_scope(tenant.id):
        batch = receive(dataset_for(version), inputs, parameters)
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
    return Measured(received - began, done - received, stored, peak_memory(), run)


def dataset_for(version: PackVersion) -> Dataset:
    dataset = commands.dataset_for_category(version.pack.name)
    if dataset.active_version_id != version.id:
        commands.dataset_activate(dataset=dataset, version=version)
    return dataset


def receive(dataset: Dataset, inputs: dict[str, Path], parameters: dict[str, str]) -> Batch:
    uploads = [Upload(name, path.name, File(path.open("rb"))) for name, path in inputs.items()]
    receipt = commands.batch_receive(
        dataset=dataset, uploads=uploads, parameters=parameters, source="benchmark", again=True
    )
    for upload in uploads:
        upload.content.close()
    return receipt.batch


def forget_peak() -> None:
    """Let the kernel count this process's peak memory from now on."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory() -> int:
    """The most resident memory of this process since `forget_peak`, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
