"""The same at the same time: one batch, one number each, no half state."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from django.db import connection

from records import commands
from records.conftest import LEDGER
from records.datasets.models import Batch, Dataset
from records.datasets.uploads import Upload
from records.runs.models import Run
from records.tests.deliveries import BALANCED, csv
from rulepacks.catalog.services import pack_install
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.problems import StateConflict
from tenants.tests.factories import TenantFactory


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    tenant = TenantFactory.create()
    with tenant_scope(tenant.id):
        dataset = commands.dataset_create(name="ledger", parameters={"year": 2026})
        commands.dataset_activate(dataset=dataset, version=pack_install(folder=LEDGER))
    return tenant


def deliver(tenant: Tenant, content: bytes) -> tuple[int, bool]:
    """In a thread with its own connection: the batch's number, and whether it was there before."""
    try:
        with tenant_scope(tenant.id):
            upload = Upload("lines", "lines.csv", BytesIO(content))
            dataset = Dataset.objects.select_related("active_version__pack").get()
            receipt = commands.batch_receive(dataset=dataset, uploads=[upload], parameters={}, source="tests")
            return receipt.batch.number, receipt.duplicate
    finally:
        connection.close()


def test_the_same_file_delivered_at_the_same_time_makes_one_batch(tenant: Tenant) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: deliver(tenant, csv(BALANCED)), range(16)))
    assert sorted(answers) == [(1, False), *[(1, True)] * 15]
    with tenant_scope(tenant.id):
        assert (Batch.objects.count(), Run.objects.count()) == (1, 1)


def test_deliveries_at_the_same_time_get_a_number_each(tenant: Tenant) -> None:
    contents = [csv([f"{number},A,D,1.00,2026"]) for number in range(12)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda content: deliver(tenant, content), contents))
    assert sorted(answers) == [(number, False) for number in range(1, 13)]


def test_a_batch_asked_to_run_again_at_the_same_time_runs_once(tenant: Tenant) -> None:
    deliver(tenant, csv(BALANCED))
    with tenant_scope(tenant.id):
        batch = Batch.objects.select_related("last_run").get()
        commands.run_cancel(batch.last_run)

    def ask(_: int) -> bool:
        try:
            with tenant_scope(tenant.id):
                commands.run_again(batch)
        except StateConflict:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(8))) == 1
    with tenant_scope(tenant.id):
        assert Run.objects.count() == 2
