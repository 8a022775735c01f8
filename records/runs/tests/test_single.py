"""A record that came alone is decided once, however often and however many ask."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from records import commands
from records.conftest import LEDGER
from records.datasets.models import Dataset, Record
from records.datasets.selectors import summary
from records.runs import single
from records.runs.models import Finding, RuleOutcome, Run
from records.states import RecordStatus
from rulepacks.catalog.services import pack_install
from rulepacks.engine.record import RecordVerdict
from rulepacks.engine.record_judging import JudgedRule
from tenants.audit.models import AuditEvent
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.problems import StateConflict, UnknownReference
from tenants.tests.factories import TenantFactory

GOOD = {"line": "1", "account": "A", "side": "D", "amount": Decimal("10.00"), "year": 2026}


def received(payload: Any, category: str = "ledger") -> Record:
    return commands.record_create(source="tests", category=category, payload=payload)


def test_a_new_record_is_pending_and_counted(dataset: Dataset) -> None:
    record = received(GOOD)
    assert (record.status, record.dataset, record.batch) == (RecordStatus.PENDING, dataset, None)
    assert summary().by_status == {"pending": 1}


def test_a_good_record_is_processed_with_its_outcomes(dataset: Dataset) -> None:
    record = commands.record_process(received(GOOD).id)
    assert record.status == RecordStatus.PROCESSED
    assert summary().by_status == {"processed": 1}
    run = Run.objects.get(record_id=record.id)
    assert (run.pack_version, run.records_processed, run.rows_read) == (dataset.active_version, 1, 1)
    outcomes = {one.rule: one for one in RuleOutcome.objects.filter(run=run)}
    assert outcomes["L01"].passed == 1
    assert outcomes["T01"].not_evaluated == 1
    assert not Finding.objects.exists()


def test_a_bad_record_fails_with_its_findings(dataset: Dataset) -> None:
    record = commands.record_process(received({**GOOD, "amount": "ten"}).id)
    assert record.status == RecordStatus.FAILED
    finding = Finding.objects.get(record_id=record.id)
    assert (finding.rule, finding.severity, finding.fields) == ("L01", "error", {"amount": "ten"})
    assert finding.run.error == 1


def test_a_warning_does_not_fail_a_record(dataset: Dataset) -> None:
    record = commands.record_process(received({**GOOD, "year": 2025}).id)
    assert record.status == RecordStatus.PROCESSED
    assert Finding.objects.get().severity == "warning"


def test_asking_again_gives_the_same_decision_and_no_second_effect(dataset: Dataset) -> None:
    record = received({**GOOD, "amount": None})
    first, second = commands.record_process(record.id), commands.record_process(record.id)
    assert (first.status, second.status) == (RecordStatus.FAILED, RecordStatus.FAILED)
    assert Run.objects.count() == 1
    assert Finding.objects.count() == 1
    assert AuditEvent.objects.filter(action="record.decided").count() == 1


def test_without_an_active_pack_a_record_is_processed_with_no_findings(bound: Tenant) -> None:
    record = commands.record_process(received({"anything": [1]}, "unheard of").id)
    assert record.status == RecordStatus.PROCESSED
    assert not Finding.objects.exists()


def test_a_record_on_which_a_rule_broke_stays_pending(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RecordVerdict(findings=(), outcomes=(JudgedRule("L01", "error"),), errored=True)
    monkeypatch.setattr(single, "judge", lambda record, severities: broken)
    record = received(GOOD)
    for _ in range(2):
        record = commands.record_process(record.id)
        assert (record.status, record.errored) == (RecordStatus.PENDING, True)
    assert Run.objects.count() == 1
    assert summary().by_status == {"pending": 1}


def test_a_broken_record_is_tried_again_with_another_version(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    record = received(GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(single, "judge", lambda record, severities: RecordVerdict(findings=(), outcomes=(), errored=True))
        commands.record_process(record.id)
    Dataset.objects.update(active_version=None)

    record = commands.record_process(record.id)

    assert (record.status, record.errored) == (RecordStatus.PROCESSED, False)


def test_a_parameter_the_dataset_lacks_is_named(dataset: Dataset) -> None:
    Dataset.objects.update(parameters={})
    record = received(GOOD)
    with pytest.raises(StateConflict, match="year"):
        commands.record_process(record.id)
    assert Record.objects.get().status == RecordStatus.PENDING


def test_another_tenants_record_does_not_exist(dataset: Dataset) -> None:
    record = received(GOOD)
    with tenant_scope(TenantFactory.create().id), pytest.raises(UnknownReference):
        commands.record_process(record.id)


@pytest.fixture
def committed(transactional_db: None) -> tuple[UUID, UUID]:
    """A record that other connections can see: ids of its tenant and its own."""
    tenant = TenantFactory.create()
    with tenant_scope(tenant.id):
        dataset = commands.dataset_create(name="ledger", parameters={"year": 2026})
        commands.dataset_activate(dataset=dataset, version=pack_install(folder=LEDGER))
        record = received({**GOOD, "amount": "ten", "year": 2025})
    return tenant.id, record.id


def process(tenant_id: UUID, record_id: UUID) -> tuple[str, int]:
    """In a thread with its own connection: the status answered and the findings seen."""
    try:
        with tenant_scope(tenant_id):
            record = commands.record_process(record_id)
            return record.status, Finding.objects.filter(record_id=record_id).count()
    finally:
        connection.close()


def test_fifty_parallel_calls_make_one_decision(committed: tuple[UUID, UUID]) -> None:
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: process(*committed), range(50)))
    assert set(answers) == {(RecordStatus.FAILED, 2)}
    with tenant_scope(committed[0]):
        assert Run.objects.count() == 1
        assert AuditEvent.objects.filter(action="record.decided").count() == 1
        assert summary().by_status == {"failed": 1}
