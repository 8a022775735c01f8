"""From a delivery to its verdict, in one process on a real database with the real child."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from records import commands
from records.datasets.identity import row_id
from records.datasets.models import BatchInput, Dataset, Record, RecordCount
from records.datasets.selectors import batch_counts, summary
from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
from records.states import STAGES, RunStatus
from records.tests.deliveries import BALANCED, csv, deliver, judge, work_of
from rulepacks.catalog.services import pack_install
from rulepacks.models import PackVersion
from tenants.audit.models import AuditEvent
from tenants.models import Work

FAULTY = (*BALANCED, "5,C,D,7.00,2026", "6,C,C,6.50,2025", "7,B,D,oops,2026", "8,B")


@pytest.fixture
def run(dataset: Dataset) -> Run:
    """A judged delivery with one row of each fate."""
    return judge(deliver(dataset, csv(FAULTY)))


def test_every_row_is_accounted_for(run: Run) -> None:
    assert run.status == RunStatus.COMPLETED
    assert (run.rows_read, run.rows_rejected) == (8, 1)
    assert (run.records_processed, run.records_failed, run.records_errored) == (6, 1, 0)
    assert run.batch is not None
    assert batch_counts(run.batch) == {"processed": 6, "failed": 1}
    assert Record.objects.filter(batch=run.batch).count() == 7


def test_records_have_their_final_status_and_a_computed_id(run: Run) -> None:
    assert run.batch is not None
    records = {record.row_number: record for record in Record.objects.filter(batch=run.batch)}
    assert sorted(records) == [1, 2, 3, 4, 5, 6, 7]
    assert [number for number, record in records.items() if record.status == "failed"] == [7]
    assert all(record.id == row_id(run.batch.id, number) for number, record in records.items())
    assert {record.dataset_id for record in records.values()} == {run.batch.dataset_id}


def test_a_finding_carries_what_is_needed_to_understand_it(run: Run) -> None:
    total = Finding.objects.get(run=run, rule="T01")
    assert (total.severity, total.unit, total.key) == ("fatal", "C", {"account": "C"})
    assert (total.left, total.right, total.difference, total.magnitude) == ("7.00", "6.50", "0.50", 0.5)
    assert (total.message, total.rows, total.record_id) == ("Sides differ by 0.50", [5, 6], None)
    row = Finding.objects.get(run=run, rule="L01")
    assert run.batch is not None
    assert (row.row, row.record_id) == (7, row_id(run.batch.id, 7))
    assert row.fields["amount"] == "oops"


def test_outcomes_and_unit_statuses_are_stored(run: Run) -> None:
    outcomes = {outcome.rule: outcome for outcome in RuleOutcome.objects.filter(run=run)}
    assert (outcomes["L02"].passed, outcomes["L02"].failed, outcomes["L02"].findings) == (6, 1, 1)
    assert outcomes["T01"].difference == "0.50"
    statuses = dict(UnitStatus.objects.filter(run=run).values_list("unit", "status"))
    assert statuses == {"A": "CLEAN", "B": "BROKEN", "C": "BROKEN"}


def test_every_file_lies_in_its_tenants_folder(run: Run, version: PackVersion) -> None:
    delivered = BatchInput.objects.get(batch=run.batch)
    names = [delivered.stored_as, delivered.snapshot, delivered.rejects, version.archive, *run.outputs.values()]
    assert {name.partition("/")[0] for name in names} == {str(run.tenant_id)}


def test_a_rejected_row_is_kept_with_its_line_and_reason(run: Run) -> None:
    delivered = BatchInput.objects.get(batch=run.batch)
    assert (delivered.rows_read, delivered.rows_accepted, delivered.rows_rejected) == (8, 7, 1)
    with default_storage.open(delivered.rejects) as file:
        rejected = [json.loads(line) for line in file]
    assert [(row["row_number"], row["line"]) for row in rejected] == [(8, 9)]


def test_the_work_is_done_and_the_log_says_so(run: Run) -> None:
    assert run.batch is not None
    assert work_of(run.batch).status == Work.Status.DONE
    event = AuditEvent.objects.get(action="run.completed")
    assert event.facts["statuses"] == {"processed": 6, "failed": 1, "errored": 0}
    assert event.facts["findings_digest"] == run.findings_digest
    assert run.batch.current_run == run


def test_progress_tells_every_stage(run: Run) -> None:
    assert [(stage["name"], stage["state"]) for stage in run.progress["stages"]] == [(name, "done") for name in STAGES]
    assert run.progress["rows"] == 8
    assert run.progress["groups"]
    assert run.stage == "Followed up"
    assert "Stored 7 records and 3 findings" in [event.message for event in run.events.all()]


def test_a_second_bell_changes_nothing(run: Run) -> None:
    before = list(Finding.objects.values_list("id", flat=True))
    assert run.batch is not None
    judge(run.batch)
    assert list(Finding.objects.values_list("id", flat=True)) == before
    assert AuditEvent.objects.filter(action="run.completed").count() == 1


def test_running_again_replaces_the_records_and_keeps_the_earlier_findings(run: Run) -> None:
    assert run.batch is not None
    commands.run_again(run.batch)
    again = judge(run.batch)

    assert again.id != run.id
    assert again.findings_digest == run.findings_digest
    assert Record.objects.filter(batch=run.batch).count() == 7
    assert Finding.objects.filter(run=run).count() == Finding.objects.filter(run=again).count() == 3
    assert summary().total == 7
    fingerprints = Finding.objects.values_list("fingerprint", flat=True)
    assert set(fingerprints.filter(run=run)) == set(fingerprints.filter(run=again))


def test_a_new_version_judges_the_snapshot_of_the_old_delivery(run: Run, tmp_path: Path, version: PackVersion) -> None:
    assert run.batch is not None
    changed = changed_pack(tmp_path, version)
    delivered = BatchInput.objects.get(batch=run.batch)
    default_storage.delete(delivered.stored_as)

    commands.run_again(run.batch, changed)
    again = judge(run.batch)

    assert again.status == RunStatus.COMPLETED
    assert again.pack_version == changed
    assert not Finding.objects.filter(run=again, rule="L02").exists()
    assert BatchInput.objects.get(batch=run.batch).snapshot == delivered.snapshot
    assert (again.rows_read, again.rows_rejected) == (8, 1)
    assert Record.objects.filter(batch=run.batch).count() == 7


def changed_pack(folder: Path, version: PackVersion) -> PackVersion:
    """Version 1.1.0 of the ledger pack, without the rule about the year."""
    text = (Path(__file__).parent / "packs" / "ledger" / "pack.yaml").read_text().replace("1.0.0", "1.1.0")
    lines = [line.replace('"year = $year"', '"year >= $year - 1"') for line in text.splitlines()]
    (folder / "pack.yaml").write_text("\n".join(lines))
    changed = pack_install(folder=folder)
    assert changed.pack == version.pack
    return changed


def test_without_a_pack_everything_is_processed(dataset: Dataset) -> None:
    plain = commands.dataset_create(name="plain")
    run = judge(deliver(plain, csv(FAULTY)))
    assert run.status == RunStatus.COMPLETED
    assert (run.records_processed, run.rows_rejected, run.pack_version) == (7, 1, None)
    assert not Finding.objects.exists()


@pytest.mark.parametrize(
    ("filename", "content", "told"),
    [
        ("lines.csv", b"", "empty"),
        ("lines.csv", b"a,b\n1,2\n", "column"),
        ("lines.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF"),
    ],
)
def test_a_delivery_that_cannot_be_judged_fails_with_the_reason(
    dataset: Dataset, filename: str, content: bytes, told: str
) -> None:
    batch = deliver(dataset, content, filename=filename)
    run = judge(batch)
    assert run.status == RunStatus.FAILED
    assert told in run.reason
    assert run.problems
    assert work_of(batch).status == Work.Status.DONE
    assert not Record.objects.exists()
    assert not RecordCount.objects.exists()


@pytest.mark.parametrize(
    ("cell", "rule"), [("letters", "L01"), ("1.239", "L01"), ("1e400", "L01"), ("99999999999", "L01")]
)
def test_an_unreadable_amount_is_a_finding_with_the_delivered_text(dataset: Dataset, cell: str, rule: str) -> None:
    run = judge(deliver(dataset, csv([f"1,A,D,{cell},2026"])))
    finding = Finding.objects.get(run=run, rule=rule)
    assert (finding.row, finding.fields["amount"]) == (1, cell)


def test_invalid_bytes_and_endless_lines_are_rejected_rows(dataset: Dataset) -> None:
    content = csv(BALANCED) + b"5,A\xff,D,1.00,2026\n" + b"6," + b"x" * 3_000_000 + b",D,1.00,2026\n"
    run = judge(deliver(dataset, content))
    assert run.status == RunStatus.COMPLETED
    assert (run.rows_read, run.rows_rejected, run.records_processed) == (6, 2, 4)


def test_a_cancelled_run_decides_nothing(dataset: Dataset) -> None:
    batch = deliver(dataset, csv(BALANCED))
    Run.objects.filter(id=batch.last_run_id).update(cancel_requested=True)
    run = judge(batch)
    assert run.status == RunStatus.CANCELLED
    assert not Record.objects.exists()
    assert work_of(batch).status == Work.Status.DONE


def test_a_cancellation_during_the_run_stops_the_child(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(*args: Any, **kwargs: Any) -> None:
        Run.objects.update(cancel_requested=True)

    monkeypatch.setattr("records.runs.progress.RunProgress.report", judged)
    batch = deliver(dataset, csv([f"{n},A,D,1.00,2026" for n in range(200_000)]))
    run = judge(batch)
    assert run.status == RunStatus.CANCELLED
    assert not Record.objects.exists()


def test_the_database_under_test_is_postgresql() -> None:
    assert connection.vendor == "postgresql"
