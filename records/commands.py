"""Every write that comes from outside: API, pages, admin actions, terminal. Opens the transaction and enqueues."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from records.datasets import services as datasets
from records.datasets.models import Batch, Dataset, Record
from records.datasets.payloads import payload_check
from records.datasets.selectors import dataset_etag
from records.datasets.uploads import StoredFile, Upload, batch_id_for, files_forget, uploads_store
from records.runs import services as runs
from records.runs import single
from records.runs.explaining import EXPLAIN_WORK
from records.runs.models import Finding, Run
from records.runs.selectors import RUN_WORK
from records.settings.policy_checks import Unconfirmed, forgotten, severity_mistakes
from rulepacks.models import PackVersion
from tenants.context import current_tenant_id
from tenants.models import PolicyDocument, User
from tenants.policies.policy import policy_from
from tenants.policies.services import policy_check, policy_etag, policy_hash, policy_locked, policy_write
from tenants.preconditions import unchanged_since
from tenants.problems import StateConflict
from tenants.work.services import work_enqueue

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Receipt:
    """What became of a delivery: its batch, and whether the same had been delivered before."""

    batch: Batch
    duplicate: bool


def command(write: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """One transaction around the whole function."""

    @wraps(write)
    def inside(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        with transaction.atomic():
            return write(*args, **kwargs)

    return inside


@command
def dataset_create(*, name: str, title: str = "", parameters: Mapping[str, Any] | None = None) -> Dataset:
    """A new dataset. Raises `StateConflict` when the name is taken."""
    return datasets.dataset_create(name=name, title=title, parameters=parameters)


@command
def dataset_change(*, dataset: Dataset, title: str, parameters: Mapping[str, Any]) -> None:
    """Another title, other defaults of the parameters."""
    datasets.dataset_change(dataset=dataset, title=title, parameters=parameters)


@command
def dataset_for_category(name: str) -> Dataset:
    """The dataset of that name, made when it is new."""
    return datasets.dataset_for_category(name)


@command
def dataset_activate(*, dataset: Dataset, version: PackVersion, if_match: str | None = None) -> None:
    """Judge what arrives from now on with this version. Raises `StateConflict` unless it is published.

    `if_match` names the ETag the caller has seen; raises `Stale` when the dataset has changed since.
    """
    unchanged_since(if_match, dataset_etag(Dataset.objects.select_for_update().get(id=dataset.id)))
    datasets.dataset_activate(dataset=dataset, version=version)


def batch_receive(
    *,
    dataset: Dataset,
    uploads: Sequence[Upload],
    parameters: Mapping[str, Any],
    source: str,
    again: bool = False,
) -> Receipt:
    """Take a delivery: store its files, then commit batch, run and work together; the run follows in a worker.

    Inside a transaction that is open already, give it files that were received before (`uploads.receiving`).

    A repeat (same dataset, parameters and content of all inputs) gives the batch there is, unless `again`.
    Raises `ValidationProblem` for unknown, missing or mistyped inputs and parameters, `TooLarge`.
    """
    datasets.inputs_check(dataset.active_version, [upload.input for upload in uploads])
    bound = datasets.parameters_for(dataset, parameters)
    batch_id = batch_id_for(uploads)
    files = uploads_store(uploads, batch_id)
    receipt = None
    try:
        receipt = batch_accept(batch_id, dataset, files, bound, source, again)
    finally:
        if receipt is None or receipt.duplicate:
            files_forget([file.stored_as for file in files])
    return receipt


@command
def batch_accept(
    batch_id: UUID,
    dataset: Dataset,
    files: Sequence[StoredFile],
    parameters: Mapping[str, Any],
    source: str,
    again: bool,
) -> Receipt:
    """Commit a delivery whose files are in storage. The series' lock lets one of two equal deliveries see the other."""
    content_hash = delivery_hash(dataset, parameters, files)
    datasets.series_lock("batch")
    known = None if again else Batch.objects.filter(content_hash=content_hash).order_by("-id").first()
    if known is not None:
        return Receipt(known, duplicate=True)
    batch = datasets.batch_create(
        batch_id=batch_id,
        dataset=dataset,
        files=files,
        parameters=parameters,
        source=source,
        content_hash=content_hash,
    )
    run_enqueue(batch, dataset.active_version)
    return Receipt(batch, duplicate=False)


def delivery_hash(dataset: Dataset, parameters: Mapping[str, Any], files: Sequence[StoredFile]) -> str:
    """SHA-256 over dataset, parameters and the hash of every input."""
    content = {file.input: file.sha256 for file in files}
    canonical = json.dumps([str(dataset.id), parameters, content], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


@command
def run_again(batch: Batch, version: PackVersion | None = None) -> Run:
    """Judge the batch again, with `version` or the dataset's active one. Earlier runs keep their findings.

    Raises `StateConflict` while a run of the batch is under way, `ValidationProblem` when its parameters or inputs
    do not fit the version.
    """
    Batch.objects.select_for_update().get(id=batch.id)
    # Read after the lock is held: a join of the locking query would show the run of before the wait.
    batch = Batch.objects.select_related("dataset__active_version__pack", "last_run").get(id=batch.id)
    if batch.last_run is not None and not batch.last_run.ended:
        raise StateConflict(f"A run of {batch.label} is under way")
    chosen = version or batch.dataset.active_version
    names = list(batch.inputs.values_list("name", flat=True))
    datasets.inputs_check(chosen, names)
    return run_enqueue(batch, chosen)


def run_enqueue(batch: Batch, version: PackVersion | None) -> Run:
    run = runs.run_create(batch=batch, version=version)
    work_enqueue(tenant_id=current_tenant_id(), kind=RUN_WORK, reference=run.id)
    return run


@command
def run_cancel(run: Run) -> None:
    """Ask a run to stop: at once when no worker has it, otherwise at the worker's next look.

    Raises `StateConflict` when it has ended.
    """
    runs.run_cancel(run=run)


def finding_explain(finding: Finding) -> None:
    """Have a worker ask the engine how the finding came about; asked again, or by two at once, it is asked once."""
    with suppress(IntegrityError), transaction.atomic():
        work_enqueue(tenant_id=current_tenant_id(), kind=EXPLAIN_WORK, reference=finding.id)


@command
def record_create(*, source: str, category: str, payload: Any) -> Record:
    """A single pending record; an unknown category makes its dataset. Raises `ValidationProblem`."""
    payload_check(payload)
    dataset = datasets.dataset_for_category(category)
    return datasets.record_add(dataset=dataset, source=source, payload=payload)


@command
def record_process(record_id: UUID) -> Record:
    """Decide a single pending record. Repeated and parallel calls give the one decision. Raises `UnknownReference`."""
    return single.record_judge(record_id)


@command
def policy_set(
    *, document: Mapping[str, Any], person: User, note: str = "", if_match: str | None = None, confirm: str = ""
) -> PolicyDocument:
    """Write the tenant's policy down. `confirm` is the hash of a document whose author saw what it would forget.

    Raises `ValidationProblem` with all mistakes, `Stale`, `Unconfirmed`.
    """
    before = policy_locked()
    unchanged_since(if_match, policy_etag(before))
    policy_check(document, severity_mistakes)
    old, new = (policy_from(0, one) for one in (before.document if before else {}, document))
    lost = forgotten(old, new, timezone.now())
    if lost and confirm != policy_hash(document):
        raise Unconfirmed(
            f"This forgets {lost}, for good", fields={"confirm": f"expected {policy_hash(document)} to go ahead"}
        )
    return policy_write(before=before, document=document, author=person, note=note)
