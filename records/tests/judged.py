"""Fixture `judged`: a delivery of the cast's tenant as a completed run leaves it, and a single record."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from records import commands
from records.datasets.identity import created_at, row_id
from records.datasets.models import Batch, BatchInput, Dataset, Record, RecordCount
from records.datasets.services import number_next
from records.files import keep
from records.runs.models import Finding, RuleOutcome, Run, RunEvent, UnitStatus
from records.states import RecordStatus, RunStatus
from rulepacks.catalog.services import pack_install
from rulepacks.models import PackVersion
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

LEDGER = Path(__file__).parent / "packs" / "ledger"
ROWS = [("a", "100", "D", "10.00"), ("b", "100", "C", "4.50"), ("c", "200", "D", "x")]
SECRET = "canary-of-the-agency"


@dataclass(frozen=True)
class Judged:
    """`batch` has three rows, the last one failed; `single` is pending."""

    dataset: Dataset
    version: PackVersion
    batch: Batch
    run: Run
    records: list[Record]
    findings: list[Finding]
    single: Record


@pytest.fixture
def judged(cast: Cast, tmp_path: Path) -> Judged:
    return judged_make(cast, tmp_path)


def judged_make(cast: Cast, folder: Path) -> Judged:
    """The delivery; for fixtures of another scope."""
    with tenant_scope(cast.tenant.id):
        version = pack_install(folder=LEDGER)
        dataset = commands.dataset_create(name="ledger", title="Ledger", parameters={"year": 2026})
        commands.dataset_activate(dataset=dataset, version=version)
        batch, run = delivered(dataset, version, folder)
        single = commands.record_create(source=SECRET, category="ledger", payload={"line": SECRET, "year": 2026})
        return Judged(dataset, version, batch, run, rows_of(batch), findings_of(run), single)


def delivered(dataset: Dataset, version: PackVersion, folder: Path) -> tuple[Batch, Run]:
    batch = Batch.objects.create(
        number=number_next("batch"), dataset=dataset, source="feed", parameters={"year": 2026}, created_by=SECRET
    )
    BatchInput.objects.create(
        batch=batch, name="lines", filename=f"{SECRET}.csv", format="csv", size=80, sha256="0" * 64,
        stored_as="unused", snapshot=keep(snapshot(folder), f"{place(batch)}/lines.parquet"), rejects=rejects(batch),
        rows_read=4, rows_accepted=3, rows_rejected=1,
    )  # fmt: skip
    run = Run.objects.create(
        batch=batch, dataset=dataset, pack_version=version, parameters={"year": 2026}, created_by=SECRET,
        status=RunStatus.COMPLETED, stage="Followed up", finished_at=timezone.now(), rows_read=4, rows_rejected=1,
        records_processed=2, records_failed=1, fatal=1, error=1, findings_digest="d" * 64,
        outputs={"lines.csv": default_storage.save(f"{place(batch)}/lines.csv", ContentFile(SECRET.encode()))},
    )  # fmt: skip
    Batch.objects.filter(id=batch.id).update(current_run=run, last_run=run)
    RunEvent.objects.create(run=run, message=f"Received {SECRET}")
    for position, rule in enumerate(["L01", "T01"]):
        RuleOutcome.objects.create(
            run=run, position=position, rule=rule, type="row", stage="lines", severity="error", title=SECRET, failed=1
        )
    UnitStatus.objects.create(run=run, unit="100", status="BROKEN", fatal=1)
    UnitStatus.objects.create(run=run, unit="200", status="BROKEN", error=1)
    batch.refresh_from_db()
    return batch, run


def place(batch: Batch) -> str:
    """Where its files lie in storage."""
    return f"{batch.tenant_id}/batches/{batch.id}"


def snapshot(folder: Path) -> Path:
    table = pa.table(
        {
            "row_number": pa.array(range(1, len(ROWS) + 1), pa.int64()),
            **{name: [row[at] for row in ROWS] for at, name in enumerate(["line", "account", "side", "amount"])},
        }
    )
    pq.write_table(table, folder / "lines.parquet")
    return folder / "lines.parquet"


def rejects(batch: Batch) -> str:
    row = {
        "input": "lines",
        "row_number": 4,
        "line": 5,
        "column": None,
        "reason": "has 3 cells, expected 4",
        "text": SECRET,
    }
    return default_storage.save(f"{place(batch)}/lines.ndjson", ContentFile(json.dumps(row).encode() + b"\n"))


def rows_of(batch: Batch) -> list[Record]:
    failed = {3: RecordStatus.FAILED}
    records = [
        Record(
            id=row_id(batch.id, number), dataset=batch.dataset, batch=batch, row_number=number,
            status=failed.get(number, RecordStatus.PROCESSED),
        )
        for number in range(1, len(ROWS) + 1)
    ]  # fmt: skip
    for status, count in ((RecordStatus.PROCESSED, 2), (RecordStatus.FAILED, 1)):
        day = created_at(batch.id).date()
        RecordCount.objects.create(dataset=batch.dataset, batch_id=batch.id, day=day, status=status, count=count)
    return list(Record.objects.bulk_create(records))


def findings_of(run: Run) -> list[Finding]:
    assert run.batch is not None
    shared = {"run": run, "stage": "lines", "fields": {"amount": SECRET}}
    row = Finding(
        id=row_id(run.id, 1), ordinal=1, rule="L01", type="row", severity="error", input="lines", row=3, unit="200",
        record_id=row_id(run.batch.id, 3), key={"line": "c"}, message=SECRET, fingerprint="1" * 16, **shared,
    )  # fmt: skip
    group = Finding(
        id=row_id(run.id, 2), ordinal=2, rule="T01", type="group", severity="fatal", unit="100", key={"account": "100"},
        left="10.00", right="4.50", difference="5.50", magnitude=5.5, rows=[1, 2], message=SECRET,
        fingerprint="2" * 16, **shared,
    )  # fmt: skip
    return list(Finding.objects.bulk_create([row, group]))
