"""`manage.py process` refuses in one line, with exit code 2, before anything is stored."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from records.datasets.models import Batch
from records.runs.models import Run
from records.states import RunStatus
from records.terminal import ProgressLine, progress_text, table
from records.tests.trial_balances import FILES
from rulepacks.samples.trial_balance import Options, write
from tenants.models import Tenant

PACK = "federal.gtas.reconciliation"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    write(tmp_path, Options(rows=300, faults=0))
    return tmp_path


def process(folder: Path, *more: str, tenant: str = "agency", pack: str = PACK) -> None:
    inputs = [part for name, file in FILES.items() for part in ("--input", f"{name}={folder / file}")]
    options = ["--tenant", tenant, "--pack", pack, *inputs, "--param", "fiscal_year=2025", "--param", "period=9"]
    call_command("process", *options, *more, stdout=StringIO(), stderr=StringIO())


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--param", "period=soon"), "period"),
        (("--param", "colour=red"), "colour"),
        (("--input", "rows=manage.py"), "rows"),
        (("--input", "accounts=nowhere.csv"), r"nowhere\.csv"),
        (("--param", "period"), "NAME=VALUE"),
    ],
)
def test_a_wrong_option_is_named(bound: Tenant, sample: Path, more: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told) as refusal:
        process(sample, *more)
    assert refusal.value.returncode == 2
    assert not Batch.objects.exists()


@pytest.mark.parametrize("names", [{"pack": "no.such.pack"}, {"tenant": "nobody"}])
def test_an_unknown_pack_or_tenant_is_named(bound: Tenant, sample: Path, names: dict[str, str]) -> None:
    with pytest.raises(CommandError, match=next(iter(names.values()))) as refusal:
        process(sample, **names)
    assert refusal.value.returncode == 2


def test_a_pack_that_is_not_in_order_is_refused_with_file_and_line(bound: Tenant, sample: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "pack.yaml").write_text("cortx: 1\npack: broken\nversion: one\n")
    with pytest.raises(CommandError, match=r"pack\.yaml:\d+:\d+"):
        process(sample, pack=str(broken))


def test_the_progress_line_shows_stage_rows_and_rate() -> None:
    stages = [{"name": "Read", "state": "running", "done": 5, "total": 10}]
    run = Run(tenant_id=None, stage="Read", status=RunStatus.RUNNING, created_at=timezone.now())
    run.progress = {"stages": stages, "rows": 512_000, "rate": 214_000, "seconds": 2.4}
    assert progress_text(run) == "Read      ████████████░░░░░░░░░░░░ 512,000 rows 214,000/s 2 s"


def test_a_pipe_gets_a_line_a_stage() -> None:
    stream = StringIO()
    line = ProgressLine(stream)
    run = Run(tenant_id=None, stage="Read", progress={})
    line.show(run)
    line.show(run)
    run.stage = "Rules"
    line.show(run)
    line.done()
    assert [shown.split()[0] for shown in stream.getvalue().splitlines()] == ["Read", "Rules"]


def test_numbers_in_tables_are_right_aligned() -> None:
    assert table(("Rule", ">Findings"), [("V01", 5), ("V02", 1200)]).splitlines() == [
        "Rule  Findings",
        "----  --------",
        "V01          5",
        "V02       1200",
    ]
