"""A delivery is stored, hashed, numbered and queued together, or not at all; a repeat is recognised."""

from datetime import timedelta
from hashlib import sha256
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings

from records import commands
from records.commands import Receipt
from records.datasets.models import Batch, BatchInput, Dataset, new_parent_id
from records.datasets.uploads import Upload, leftovers_forget, uploads_store
from records.runs.models import Run
from records.runs.selectors import RUN_WORK
from records.states import RunStatus
from tenants.audit.models import AuditEvent
from tenants.context import tenant_scope
from tenants.models import Tenant, Work
from tenants.problems import StateConflict, TooLarge, ValidationProblem
from tenants.tests.factories import TenantFactory

LINES = b"line,account,side,amount,year\n1,A,D,1.00,2026\n2,A,C,1.00,2026\n"


def deliver(dataset: Dataset, content: bytes = LINES, *, again: bool = False, **parameters: object) -> Receipt:
    upload = Upload("lines", "lines.csv", BytesIO(content))
    return commands.batch_receive(dataset=dataset, uploads=[upload], parameters=parameters, source="tests", again=again)


def stored_files(tenant: Tenant) -> list[str]:
    try:
        folders, _ = default_storage.listdir(f"{tenant.id}/batches")
    except FileNotFoundError:
        return []
    return [
        file for folder in folders for file in default_storage.listdir(f"{tenant.id}/batches/{folder}/delivered")[1]
    ]


def test_a_delivery_is_committed_as_batch_run_and_work(dataset: Dataset) -> None:
    receipt = deliver(dataset)

    batch = Batch.objects.get()
    run = Run.objects.get()
    assert receipt.batch == batch
    assert not receipt.duplicate
    assert (batch.label, batch.parameters, batch.last_run, batch.current_run) == (
        "B-1",
        {"year": 2026, "strict": False},
        run,
        None,
    )
    assert (run.status, run.pack_version, run.parameters) == (
        RunStatus.PENDING,
        dataset.active_version,
        batch.parameters,
    )
    assert Work.objects.get(kind=RUN_WORK).reference == run.id
    assert [event.message for event in run.events.all()] == ["Received B-1 from tests"]
    assert AuditEvent.objects.filter(action="batch.received", object_label="B-1").exists()


def test_the_bytes_are_stored_and_hashed_as_they_came(dataset: Dataset) -> None:
    deliver(dataset)

    stored = BatchInput.objects.get()
    assert (stored.name, stored.filename, stored.size) == ("lines", "lines.csv", len(LINES))
    assert stored.sha256 == sha256(LINES).hexdigest()
    with default_storage.open(stored.stored_as) as file:
        assert file.read() == LINES


def test_the_same_delivery_again_gives_the_batch_there_is(dataset: Dataset, bound: Tenant) -> None:
    first, second = deliver(dataset), deliver(dataset)

    assert second.duplicate
    assert second.batch == first.batch
    assert Work.objects.filter(kind=RUN_WORK).count() == 1
    assert len(stored_files(bound)) == 1


def test_the_same_delivery_makes_a_new_batch_when_asked_to(dataset: Dataset) -> None:
    first, second = deliver(dataset), deliver(dataset, again=True)

    assert not second.duplicate
    assert (first.batch.number, second.batch.number) == (1, 2)


def test_other_parameters_make_another_delivery(dataset: Dataset) -> None:
    deliver(dataset)
    assert not deliver(dataset, year=2025).duplicate


def test_the_same_delivery_to_another_dataset_is_another(dataset: Dataset) -> None:
    other = commands.dataset_create(name="other", parameters={"year": 2026})
    deliver(dataset)
    assert not deliver(other).duplicate


def test_the_same_delivery_of_another_tenant_is_its_own(dataset: Dataset) -> None:
    deliver(dataset)
    with tenant_scope(TenantFactory.create().id):
        assert not deliver(commands.dataset_create(name="ledger")).duplicate
        assert Batch.objects.get().number == 1


def test_a_file_past_the_limit_is_refused_and_forgotten(dataset: Dataset, bound: Tenant, settings: Settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = len(LINES) - 1
    with pytest.raises(TooLarge, match=r"lines\.csv"):
        deliver(dataset)
    assert not Batch.objects.exists()
    assert not stored_files(bound)


def test_what_a_process_that_died_left_in_storage_goes_after_a_day(dataset: Dataset, bound: Tenant) -> None:
    deliver(dataset)
    uploads_store([Upload("lines", "lines.csv", BytesIO(LINES))], new_parent_id())
    assert len(stored_files(bound)) == 2

    assert leftovers_forget(timezone.now()) == 0
    assert leftovers_forget(timezone.now() + timedelta(days=2)) == 1

    with default_storage.open(BatchInput.objects.get().stored_as) as kept:
        assert kept.read() == LINES
    assert len(stored_files(bound)) == 1


def test_a_bad_parameter_stores_nothing(dataset: Dataset, bound: Tenant) -> None:
    with pytest.raises(ValidationProblem) as refusal:
        deliver(dataset, year="soon", colour="red")
    assert set(refusal.value.fields) == {"year", "colour"}
    assert not stored_files(bound)


@pytest.mark.parametrize("inputs", [[], ["budget"], ["lines", "lines"], ["lines", "rows"], ["../lines"]])
def test_inputs_the_pack_does_not_read_are_refused(dataset: Dataset, inputs: list[str]) -> None:
    uploads = [Upload(name, "lines.csv", BytesIO(LINES)) for name in inputs]
    with pytest.raises(ValidationProblem) as refusal:
        commands.batch_receive(dataset=dataset, uploads=uploads, parameters={}, source="tests")
    assert refusal.value.fields
    assert not Batch.objects.exists()


def test_a_run_that_has_not_begun_is_cancelled_at_once(dataset: Dataset) -> None:
    run = deliver(dataset).batch.last_run
    assert run is not None

    commands.run_cancel(run)

    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    with pytest.raises(StateConflict):
        commands.run_cancel(run)


def test_a_batch_is_not_run_twice_at_a_time(dataset: Dataset) -> None:
    batch = deliver(dataset).batch
    with pytest.raises(StateConflict, match="under way"):
        commands.run_again(batch)


def test_a_batch_can_be_run_again_after_its_run_ended(dataset: Dataset) -> None:
    batch = deliver(dataset).batch
    assert batch.last_run is not None
    commands.run_cancel(batch.last_run)

    again = commands.run_again(batch)

    batch.refresh_from_db()
    assert batch.last_run == again
    assert Work.objects.filter(kind=RUN_WORK).count() == 2


def test_an_unknown_category_makes_its_dataset_once(bound: Tenant) -> None:
    assert commands.dataset_for_category("claims") == commands.dataset_for_category("claims")
    assert AuditEvent.objects.filter(action="dataset.created").count() == 1


@pytest.mark.parametrize("name", ["", "x" * 121, "a\0b"])
def test_a_category_that_cannot_name_a_dataset_is_refused(bound: Tenant, name: str) -> None:
    with pytest.raises(ValidationProblem):
        commands.dataset_for_category(name)


def test_only_a_published_version_can_be_active(dataset: Dataset) -> None:
    version = dataset.active_version
    assert version is not None
    version.status = version.Status.WITHDRAWN
    with pytest.raises(StateConflict, match="withdrawn"):
        commands.dataset_activate(dataset=dataset, version=version)
