"""The same line without any service: SQLite and the file-system broker, from the terminal and through a worker."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
from records.tests.deliveries import judge
from records.tests.trial_balances import FILES, check, deliver_sample
from records.tests.workers import Worker, wait_until
from rulepacks.samples.trial_balance import Options, write
from tenants.models import Tenant

Manage = Callable[..., CompletedProcess[str]]
TENANT = "from tenants.accounts.services import tenant_create; tenant_create(slug='agency', name='Agency')"
FINDING = "ordinal rule severity row unit left right difference message fingerprint key fields rows"
OUTCOME = "position rule passed failed not_applicable not_evaluated findings difference"
COMPARED: dict[str, tuple[type[Finding | RuleOutcome | UnitStatus], list[str]]] = {
    "records_finding": (Finding, FINDING.split()),
    "records_ruleoutcome": (RuleOutcome, OUTCOME.split()),
    "records_unitstatus": (UnitStatus, "unit status fatal error warning info".split()),
}


class Installation:
    """An embedded installation, looked at through its database file."""

    def __init__(self, manage: Manage, folder: Path) -> None:
        self.manage, self.file = manage, folder / "var" / "cortx.sqlite3"
        manage("migrate", "-v0")
        manage("shell", script=TENANT)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file, timeout=20)) as database:
            return database.execute(statement).fetchall()

    def run(self) -> tuple[str, str]:
        """Status and stage of the newest run."""
        found = self.rows("SELECT status, stage FROM records_run ORDER BY id DESC LIMIT 1")
        return found[0] if found else ("", "")

    def process(self, folder: Path, *more: str, code: int = 1) -> CompletedProcess[str]:
        """`manage.py process` of the sample in `folder`."""
        inputs = [part for name, file in FILES.items() for part in ("--input", f"{name}={folder / file}")]
        parameters = ["--param", "fiscal_year=2025", "--param", "period=9"]
        pack = ["--tenant", "agency", "--pack", "federal.gtas.reconciliation"]
        return self.manage("process", *pack, *inputs, *parameters, *more, code=code)


@pytest.fixture
def installation(embedded: Manage, tmp_path: Path) -> Installation:
    return Installation(embedded, tmp_path)


def comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """JSON columns are text on SQLite and values on PostgreSQL."""
    return tuple(json.loads(cell) if isinstance(cell, str) and cell[:1] in {"{", "["} else cell for cell in row)


def test_sqlite_and_postgresql_hold_the_same_verdicts(
    bound: Tenant, installation: Installation, tmp_path: Path
) -> None:
    sample = tmp_path / "sample"
    write(sample, Options(rows=900, seed=6, faults=1))
    run = judge(deliver_sample(sample))
    check(sample, run)

    told = installation.process(sample)

    assert run.findings_digest in told.stdout
    for table, (model, columns) in COMPARED.items():
        quoted = ", ".join(f'"{column}"' for column in columns)
        embedded = [comparable(row) for row in installation.rows(f"SELECT {quoted} FROM {table} ORDER BY 1")]
        assert embedded == [comparable(row) for row in model.objects.order_by(columns[0]).values_list(*columns)], table
    states = "SELECT row_number, status, id FROM records_record ORDER BY id"
    stored = installation.rows(states)
    assert len(stored) == Run.objects.get().rows_read
    assert [number for number, _, _ in stored] == list(range(1, len(stored) + 1))
    assert all(int(identifier[24:], 16) == number for number, _, identifier in stored)


def test_the_terminal_tells_what_was_found_and_recognises_a_repeat(installation: Installation, tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    write(sample, Options(rows=900, seed=8, faults=0))

    first = installation.process(sample, code=0)
    second = installation.process(sample, code=0)
    third = installation.process(sample, "--again", code=0)

    assert "B-1 judged by federal.gtas.reconciliation@1.0.0" in first.stdout
    assert "Rows read" in first.stdout
    assert "came before, as B-1" in second.stderr
    assert "B-2 judged" in third.stdout
    assert installation.rows("SELECT count(*) FROM records_batch") == [(2,)]


@pytest.mark.parametrize("rows", [20_000, pytest.param(200_000, marks=pytest.mark.battery)])
def test_a_run_survives_the_death_of_its_worker(
    installation: Installation, embedded_environment: dict[str, str], tmp_path: Path, rows: int
) -> None:
    write(tmp_path, Options(rows=rows, seed=2))
    deliver = f"""
from pathlib import Path
from records.tests.trial_balances import deliver_sample
from tenants.context import tenant_scope
from tenants.models import Tenant
with tenant_scope(Tenant.objects.get(slug="agency").id):
    deliver_sample(Path({str(tmp_path)!r}))
"""
    installation.manage("shell", script=deliver)
    with Worker(embedded_environment, tmp_path) as worker:
        wait_until(lambda: installation.run()[1] in {"Read", "Rules"}, "the run begins", worker)
        worker.kill()
    assert installation.run()[0] == "running"

    with Worker(embedded_environment, tmp_path) as worker:
        wait_until(lambda: installation.run()[0] == "completed", "the run ends", worker)

    judged = f"""
from pathlib import Path
from records.runs.models import Run
from records.tests.trial_balances import check
from tenants.context import tenant_scope
from tenants.models import Tenant
with tenant_scope(Tenant.objects.get(slug="agency").id):
    check(Path({str(tmp_path)!r}), Run.objects.select_related("batch").get())
"""
    installation.manage("shell", script=judged)
    assert installation.rows("SELECT attempt >= 2 FROM tenants_work") == [(1,)]
