"""A run replayed from what it was decided on comes to the same findings, or says why it cannot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pyarrow.parquet as pq
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Model

from records import commands
from records.datasets.identity import row_id
from records.datasets.models import BatchInput, Dataset, Record
from records.runs import replaying
from records.runs.comparing import differences, logged
from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
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
    return replaying.judged("by the engine", request).summary.digest


def replayed(run: Run) -> tuple[int, str]:
    """Exit code and words of the command."""
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("replay", str(run.id), stdout=out)
    return int(str(end.value.code)), out.getvalue()


def test_a_replayed_run_comes_to_the_same_digest_in_any_order(run: Run, tmp_path: Path) -> None:
    code, said = replayed(run)
    assert (code, said.count(run.findings_digest), said.count("same")) == (0, 3, 3)
    assert run.findings_digest == by_the_engine(tmp_path)
    assert "rows shuffled, in groups of 1,000, 2 threads" in said


def test_a_run_with_another_recorded_digest_is_told_apart(run: Run) -> None:
    Run.objects.filter(id=run.id).update(findings_digest="0" * 64, engine_version="0")
    code, said = replayed(run)
    assert (code, said.count("DIFFERENT")) == (1, 2)
    assert "decided by engine 0" in said


CHANGES: tuple[tuple[type[Model], dict[str, object], str], ...] = (
    (Finding, {"left": "99.00"}, 'finding 1: left is "99.00", recomputed'),
    (Finding, {"key": {"id": "99"}}, "finding 1: key is"),
    (Finding, {"record_id": None}, 'finding 1: record_id is null, recomputed "'),
    (UnitStatus, {"status": "fine"}, 'unit 1: status is "fine", recomputed'),
    (RuleOutcome, {"failed": 77}, "outcome 1: failed is 77, recomputed"),
    (Record, {"status": "processed", "errored": False}, "record 1 is not stored"),
    (Record, {"status": "failed"}, "record 1: row_number is 1, recomputed"),
    (Run, {"fatal": 77}, "the run: fatal is 77, recomputed"),
)


def test_what_was_changed_in_the_database_is_named(run: Run, tmp_path: Path) -> None:
    one = next(replaying.replay(replaying.replay_request(run, tmp_path), tmp_path))

    def told() -> list[str]:
        return list(differences(Run.objects.select_related("batch").get(), one.summary, one.out))

    assert told() == []
    for model, change, said in CHANGES:
        with changed():
            model._default_manager.all().update(**change)
            assert [line for line in told() if line.startswith(said)]
    last = Finding.objects.order_by("id")[len(Finding.objects.all()) - 1]
    with changed():
        last.delete()
        Record.objects.filter(row_number=1).delete()
        assert told() == [f"finding {last.ordinal} is not stored", "the records: 7 are stored, recomputed 8"]
    last.id, last.ordinal, last.fingerprint = row_id(run.id, last.ordinal + 1), last.ordinal + 1, "0" * 16
    last.save(force_insert=True)
    assert told() == [f"finding {last.ordinal} is stored, and not found again"]
    code, said = replayed(run)
    assert (code, said.count("same"), said.count("DIFFERENT")) == (1, 2, 1)


@contextmanager
def changed() -> Iterator[None]:
    """What is done inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_a_run_that_a_later_one_followed_is_compared_without_its_records(run: Run) -> None:
    assert run.batch is not None
    commands.run_again(run.batch)
    later = judge(run.batch)
    assert [replayed(one)[0] for one in (run, later)] == [0, 0]


def test_a_run_whose_log_says_otherwise_or_nothing_is_named(run: Run, tmp_path: Path) -> None:
    summary = next(replaying.replay(replaying.replay_request(run, tmp_path), tmp_path)).summary
    said = list(logged(run, replace(summary, digest="0" * 64), "lines"))
    assert said == [f"the log: findings_digest is {run.findings_digest}, recomputed {'0' * 64}"]
    run.id = new_id()
    assert list(logged(run, summary, "lines")) == ["the log has no event of this run"]


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
