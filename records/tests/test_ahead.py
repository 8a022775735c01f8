"""Records put in while the rules are judged end as they would otherwise, and are seen by nobody before."""

from typing import Any

import pytest
from django.db import connection

from records import commands, pipeline, tasks
from records.conftest import LEDGER
from records.datasets.models import Dataset, Record, RecordCount
from records.runs import ahead, storing
from records.runs.models import Run
from records.states import RunStatus
from records.tests.deliveries import csv, deliver, work_of
from rulepacks.catalog.services import pack_install
from rulepacks.engine.refusals import Cancelled
from rulepacks.engine.sandbox import run_in_child
from rulepacks.engine.summary import Summary
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.tests.factories import TenantFactory
from tenants.work.services import Claim, LeaseLost

SOUND = tuple(line for n in range(1, 21, 2) for line in (f"{n},A,D,10.00,2026", f"{n + 1},A,C,10.00,2026"))
ROWS = (*SOUND, "21,B,D,oops,2026", "22,B", "23,C,D,1.00,2026", "24,C,C,1.00,2026")
STATES = {**dict.fromkeys([*range(1, 21), 23, 24], "processed"), 21: "failed"}


@pytest.fixture
def tenant(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    monkeypatch.setattr(ahead, "LEAST_ROWS", 1)
    tenant = TenantFactory.create()
    with tenant_scope(tenant.id):
        dataset = commands.dataset_create(name="ledger", parameters={"year": 2026})
        commands.dataset_activate(dataset=dataset, version=pack_install(folder=LEDGER))
    return tenant


def judged(tenant: Tenant, rows: tuple[str, ...] = ROWS) -> tuple[Run, dict[int | None, str]]:
    """The run of a new delivery as it ended, and the state of each record. Judged as by a worker, in no transaction."""
    with tenant_scope(tenant.id):
        batch = deliver(Dataset.objects.select_related("active_version__pack").get(), csv(rows))
        work = work_of(batch)
    tasks.run(str(work.id))
    with tenant_scope(tenant.id):
        return Run.objects.get(batch=batch), dict(Record.objects.values_list("row_number", "status"))


def refuse(*_: Any) -> None:
    raise AssertionError("not by this way")


def test_records_put_in_ahead_get_the_states_they_would_have(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "records_store", refuse)
    run, states = judged(tenant)
    assert (run.status, run.rows_read, run.rows_rejected, states) == (RunStatus.COMPLETED, 24, 1, STATES)
    with tenant_scope(tenant.id):
        assert dict(RecordCount.objects.values_list("status", "count")) == {"processed": 22, "failed": 1}


def test_where_too_many_did_not_pass_all_are_put_in_anew(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "records_change", refuse)
    rows = ("1,A,D,oops,2026", "2,A,C,oops,2026", "3,B,D,5.10,2026", "4,B,C,5.10,2026")
    assert judged(tenant, rows)[1] == {1: "failed", 2: "failed", 3: "processed", 4: "processed"}


def ended_by_the_server(_: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PATIENCE_SECONDS", 0.0), ("HeadStart._wait", ended_by_the_server), ("records_insert", refuse)],
    ids=["too slow", "session ended", "refused"],
)
def test_a_head_start_that_is_lost_costs_nothing_else(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(f"records.runs.ahead.{name}", value)
    monkeypatch.setattr(storing, "records_change", refuse)
    run, states = judged(tenant)
    assert (run.status, states) == (RunStatus.COMPLETED, STATES)


def cancelled_after(*arguments: Any, **named: Any) -> Summary:
    run_in_child(*arguments, **named)
    raise Cancelled


def lost(_: Claim) -> None:
    raise LeaseLost("gone")


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [("run_in_child", cancelled_after, RunStatus.CANCELLED), ("work_finish", lost, RunStatus.RUNNING)],
    ids=["cancelled", "lease lost"],
)
def test_records_of_a_run_that_decides_nothing_are_taken_back(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, name: str, value: object, status: RunStatus
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, name, value)
        run, states = judged(tenant)
    assert (run.status, states) == (status, {})
