"""Workers that die, freeze or are told to stop: nothing is lost, nothing doubled, nothing half done."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from django.db import connection

from records import commands
from records.datasets.models import Batch, Record
from records.runs.models import Finding, Run
from records.runs.selectors import RUN_WORK, run_by_id
from records.states import RunStatus
from records.tests.trial_balances import check, deliver_sample
from records.tests.workers import Worker, wait_until
from rulepacks.samples.trial_balance import Options, write
from tenants.context import tenant_scope
from tenants.models import Tenant, Work
from tenants.tests.factories import TenantFactory

SMALL, LARGE = Options(rows=20_000, seed=2), Options(rows=200_000, seed=2, faults=3)


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    return TenantFactory.create(slug="agency")


@pytest.fixture
def start(tenant: Tenant, tmp_path: Path) -> Callable[[], Worker]:
    """Starts a worker on the database under test."""
    at = connection.settings_dict
    user, password = quote(at["USER"]), quote(at["PASSWORD"])
    url = f"postgresql://{user}:{password}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    return lambda: Worker({**os.environ, "DATABASE_URL": url}, tmp_path)


def deliver(tenant: Tenant, folder: Path, options: Options) -> UUID:
    """Id of the run that a sample waits for."""
    write(folder, options)
    with tenant_scope(tenant.id):
        batch: Batch = deliver_sample(folder)
    assert batch.last_run is not None
    return batch.last_run.id


def state(tenant: Tenant, run_id: UUID) -> Run:
    with tenant_scope(tenant.id):
        return run_by_id(run_id)


def reached(tenant: Tenant, run_id: UUID, *stages: str) -> Callable[[], bool]:
    return lambda: state(tenant, run_id).stage in stages


def ended(tenant: Tenant, run_id: UUID) -> Callable[[], bool]:
    return lambda: state(tenant, run_id).ended


@pytest.mark.parametrize("options", [SMALL, pytest.param(LARGE, marks=pytest.mark.battery)])
def test_a_run_survives_the_death_of_its_worker(
    tenant: Tenant, start: Callable[[], Worker], tmp_path: Path, options: Options
) -> None:
    run_id = deliver(tenant, tmp_path, options)
    with start() as worker:
        wait_until(reached(tenant, run_id, "Read", "Rules", "Stored"), "the run begins", worker)
        worker.kill()
    assert state(tenant, run_id).status == RunStatus.RUNNING
    with tenant_scope(tenant.id):
        assert not Record.objects.exists()

    with start() as worker:
        wait_until(ended(tenant, run_id), "the run ends", worker)

    with tenant_scope(tenant.id):
        check(tmp_path, run_by_id(run_id))
        assert Work.objects.get(kind=RUN_WORK, reference=run_id).attempt >= 2


def test_a_frozen_worker_that_wakes_up_late_stores_nothing(
    tenant: Tenant, start: Callable[[], Worker], tmp_path: Path
) -> None:
    run_id = deliver(tenant, tmp_path, SMALL)
    with start() as frozen:
        wait_until(reached(tenant, run_id, "Read", "Rules"), "the run begins", frozen)
        frozen.freeze()
        with start() as other:
            wait_until(ended(tenant, run_id), "the other worker finishes the run", other)
        before = state(tenant, run_id)
        frozen.wake()
        wait_until(lambda: "taken over" in frozen.log.read_text(errors="replace"), "the frozen one gives up", frozen)
    with tenant_scope(tenant.id):
        after = run_by_id(run_id)
        assert (after.revision, after.finished_at) == (before.revision, before.finished_at)
        check(tmp_path, after)


def test_a_run_is_cancelled_while_a_worker_has_it(tenant: Tenant, start: Callable[[], Worker], tmp_path: Path) -> None:
    run_id = deliver(tenant, tmp_path, Options(rows=200_000, seed=2))
    with start() as worker:
        wait_until(reached(tenant, run_id, "Read"), "the run begins", worker)
        with tenant_scope(tenant.id):
            commands.run_cancel(run_by_id(run_id))
        wait_until(ended(tenant, run_id), "the run stops", worker)
    with tenant_scope(tenant.id):
        assert run_by_id(run_id).status == RunStatus.CANCELLED
        assert not Record.objects.exists()
        assert not Finding.objects.exists()


def test_two_tenants_have_each_their_own(tenant: Tenant, start: Callable[[], Worker], tmp_path: Path) -> None:
    other = TenantFactory.create(slug="elsewhere")
    own, foreign = tmp_path / "own", tmp_path / "foreign"
    runs = {tenant: deliver(tenant, own, Options(rows=900)), other: deliver(other, foreign, Options(rows=700, seed=4))}
    with start() as worker:
        for owner, run_id in runs.items():
            wait_until(ended(owner, run_id), "the run ends", worker)
    for owner, folder in ((tenant, own), (other, foreign)):
        with tenant_scope(owner.id):
            assert list(Run.objects.values_list("id", flat=True)) == [runs[owner]]
            check(folder, run_by_id(runs[owner]))
