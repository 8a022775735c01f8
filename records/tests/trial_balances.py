"""Sample trial balances delivered to a dataset, and what the database holds of them compared with what is expected."""

import csv
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import default_storage

from records import commands
from records.datasets.models import Batch, Record
from records.datasets.selectors import batch_counts
from records.datasets.uploads import Upload
from records.runs.models import Finding, Run, UnitStatus
from records.states import RunStatus
from rulepacks.catalog.services import pack_install
from rulepacks.engine.tests.federal import COMPANIONS, PACK, expected, read_csv

FILES = {"trial_balance": "trial_balance.csv", **COMPANIONS}


def deliver_sample(folder: Path, *, again: bool = False) -> Batch:
    """Deliver the sample to the dataset `gtas`, made and judged by the shipped pack."""
    dataset = commands.dataset_for_category("gtas")
    commands.dataset_activate(dataset=dataset, version=pack_install(folder=PACK))
    with ExitStack() as opened:
        uploads = [
            Upload(name, file, File(opened.enter_context((folder / file).open("rb")))) for name, file in FILES.items()
        ]
        parameters = {"fiscal_year": "2025", "period": "9"}
        receipt = commands.batch_receive(
            dataset=dataset, uploads=uploads, parameters=parameters, source="tests", again=again
        )
    return receipt.batch


def found(run: Run) -> list[tuple[str, ...]]:
    """Stored findings as rule, severity, row, tas, begin/end, account, left, right, difference; sorted."""
    rows = []
    for finding in Finding.objects.filter(run=run):
        names = [finding.key.get(name) or "" for name in ("tas", "begin_end", "ussgl_account")]
        amounts = (
            [finding.left or "", finding.right or "", finding.difference or ""] if finding.row is None else [""] * 3
        )
        rows.append((finding.rule, finding.severity, str(finding.row or ""), *names, *amounts))
    return sorted(rows)


def sf133(run: Run) -> list[dict[str, str]]:
    with default_storage.open(run.outputs["sf133.csv"]) as file:
        return list(csv.DictReader(TextIOWrapper(file, encoding="utf-8", newline="")))


def check(folder: Path, run: Run) -> None:
    """Everything stored is exactly what is expected: nothing lost, nothing doubled."""
    assert (run.status, run.reason) == (RunStatus.COMPLETED, "")
    assert run.batch is not None
    assert found(run) == expected(folder)
    units = dict(UnitStatus.objects.filter(run=run).values_list("unit", "status"))
    assert units == {row["tas"]: row["status"] for row in read_csv(folder / "expected_status.csv")}
    lines = [(row["tas"], row["line"], row["amount_cents"]) for row in read_csv(folder / "expected_sf133.csv")]
    assert sorted((row["tas"], row["line"], row["amount_cents"]) for row in sf133(run)) == sorted(lines)
    records = Record.objects.filter(batch=run.batch)
    failed = {int(row[2]) for row in expected(folder) if row[2]}
    assert records.count() == run.rows_read == run.records_processed + run.records_failed
    assert set(records.filter(status="failed").values_list("row_number", flat=True)) == failed
    assert batch_counts(run.batch) == {"processed": run.records_processed, "failed": len(failed)}
