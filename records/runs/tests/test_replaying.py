"""A run replayed from what it was decided on comes to the same findings, or says why it cannot."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pyarrow.parquet as pq
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from records.datasets.models import BatchInput, Dataset
from records.runs import replaying
from records.runs.models import Run
from records.tests.deliveries import BALANCED, csv, deliver, judge
from rulepacks.engine.formats.reading import InputFile
from rulepacks.engine.request import RunRequest
from tenants.scoping import new_id

LEDGER = Path(__file__).parents[2] / "tests" / "packs" / "ledger"
ROWS = (*BALANCED, "5,C,D,7.00,2026", "6,C,C,6.50,2025", "7,B,D,oops,2026", "8,B", "5,C,D,1.00,2026")


@pytest.fixture
def run(dataset: Dataset) -> Run:
    return judge(deliver(dataset, csv(ROWS)))


def by_the_engine(folder: Path) -> str:
    """Digest without any database. Leaves the delivery in `lines.csv`."""
    file = folder / "lines.csv"
    file.write_bytes(csv(ROWS))
    lines = InputFile("lines", file, file.name)
    request = RunRequest(LEDGER, (lines,), {}, {"year": "2026"}, folder / "engine")
    return replaying.judged(request)


def replayed(run: Run) -> tuple[int, str]:
    """Exit code and words of the command."""
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("replay", str(run.id), stdout=out)
    return int(str(end.value.code)), out.getvalue()


def test_a_replayed_run_comes_to_the_same_digest_in_any_order(run: Run, tmp_path: Path) -> None:
    code, said = replayed(run)
    assert (code, said.count(run.findings_digest), said.count("same")) == (0, 3, 2)
    assert run.findings_digest == by_the_engine(tmp_path)
    assert "rows shuffled, in groups of 1,000, 2 threads" in said


def test_a_run_with_another_recorded_digest_is_told_apart(run: Run) -> None:
    Run.objects.filter(id=run.id).update(findings_digest="0" * 64, engine_version="0")
    code, said = replayed(run)
    assert (code, said.count("DIFFERENT")) == (1, 2)
    assert "decided by engine 0" in said


def test_a_changed_snapshot_is_not_replayed(run: Run) -> None:
    stored = BatchInput.objects.get(batch=run.batch)
    Path(default_storage.path(stored.snapshot)).write_bytes(b"other")
    with pytest.raises(CommandError, match="snapshot of lines is not the one"):
        call_command("replay", str(run.id))


def test_a_run_that_decided_nothing_is_not_replayed(dataset: Dataset) -> None:
    waiting = deliver(dataset, csv(BALANCED)).last_run
    assert waiting is not None
    with pytest.raises(CommandError, match="Only a completed run"):
        call_command("replay", str(waiting.id))


@pytest.mark.parametrize("name", ["x", str(new_id())], ids=["no id", "nobody's"])
def test_an_unknown_run_is_refused(db: None, name: str) -> None:
    with pytest.raises(CommandError, match="No run has the id"):
        call_command("replay", name)


def test_the_rows_are_shuffled_and_keep_their_numbers(run: Run, tmp_path: Path) -> None:
    stored = Path(default_storage.path(BatchInput.objects.get(batch=run.batch).snapshot))
    before = pq.read_table(stored).column(0).to_pylist()
    after = pq.read_table(replaying.shuffled(stored, tmp_path / "lines.parquet")).column(0).to_pylist()
    assert before == sorted(after) != after


EMBEDDED = """
from io import StringIO
from django.core.management import call_command
from records.runs.models import Run
from tenants.context import tenant_scope
from tenants.models import Tenant
with tenant_scope(Tenant.objects.get(slug="a").id):
    run = Run.objects.get()
call_command("replay", str(run.id))
"""


def test_a_run_on_sqlite_comes_to_the_same_digest_too(
    embedded: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    digest = by_the_engine(tmp_path)
    embedded("set_up")
    embedded("shell", script='from tenants.models import Tenant; Tenant.objects.create(slug="a", name="A")')
    arguments = ("--tenant=a", f"--pack={LEDGER}", f"--input=lines={tmp_path / 'lines.csv'}", "--param=year=2026")
    embedded("process", *arguments, code=1)
    said = embedded("shell", script=EMBEDDED).stdout
    assert said.count(digest) == 3
