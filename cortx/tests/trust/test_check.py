"""The check of a whole installation: PostgreSQL, Redis, a worker, a sealer; and SQLite without any of them."""

import json
import os
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from cortx.testing.embedded import Manage
from cortx.testing.figures import RecordFigure
from cortx.testing.web import database_under_test
from cortx.trust import check
from cortx.trust.check import PROMISES, SECONDS, tried
from cortx.trust.ground import Ground
from cortx.trust.promise import Measured, Promise
from cortx.trust.report import Verdict
from cortx.trust.stored import report_newest
from records.tests.workers import Worker
from tenants.audit.sealing import audit_seal_due

KEYS = [f"P{number}" for number in range(1, 13)]


@pytest.fixture
def sealer(transactional_db: None) -> Iterator[None]:
    """Seals what waits, as the process does that a real installation has for it."""
    over = threading.Event()

    def seal() -> None:
        while not over.wait(0.2):
            audit_seal_due()
        connection.close()

    thread = threading.Thread(target=seal)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[Worker]:
    with Worker({**os.environ, "DATABASE_URL": database_under_test()}, tmp_path, lease=30) as started:
        yield started


def checked(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("trust_check", *arguments, stdout=out)
    return int(str(ended.value.code)), out.getvalue()


def test_every_promise_is_met_on_an_installation_that_runs(
    sealer: None, worker: Worker, record_figure: RecordFigure, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The worker has only just been started.
    monkeypatch.setattr("cortx.trust.delivery.TAKEN_SECONDS", 100.0)
    code, out = checked("--json")
    report = json.loads(out)
    assert [one["promise"] for one in report["results"]] == KEYS
    assert {one["promise"]: one["reason"] for one in report["results"] if one["verdict"] != Verdict.MET} == {}
    assert (code, report["kept"]) == (0, True)
    record_figure(f"seconds of a trust check, at most {SECONDS}", report["seconds"])
    stored = report_newest()
    assert stored is not None
    assert json.loads(json.dumps(stored.document())) == report


@pytest.mark.battery
def test_sqlite_says_which_promises_it_does_not_carry(embedded: Manage) -> None:
    embedded("set_up")
    report = json.loads(embedded("trust_check", "--json", code=1).stdout)
    verdicts = {one["promise"]: one["verdict"] for one in report["results"]}
    assert [name for name, verdict in verdicts.items() if verdict == Verdict.NOT_CARRIED] == ["P1"]
    assert "SQLite has no row security" in report["results"][0]["reason"]
    # There is no worker and no sealer, so what needs them is not met.
    assert [name for name, verdict in verdicts.items() if verdict == Verdict.NOT_MET] == ["P2", "P3", "P5", "P6"]


def test_a_promise_that_a_database_cannot_keep_is_said_not_to_be_carried(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(connection, "vendor", "sqlite")
        result = tried(PROMISES[0], ground)
    assert (result.promise, result.verdict, result.figure) == ("P1", Verdict.NOT_CARRIED, "not measured")
    assert result.reason.startswith("SQLite has no row security")


def promise(measured: Measured | None) -> Promise:
    def measure(_: Ground) -> Measured:
        if measured is None:
            raise RuntimeError("broken")
        return measured

    return Promise("P0", "A promise", "Something", "0", measure)


@pytest.mark.parametrize(
    ("measured", "code", "words"),
    [
        (Measured("0 of 7", met=True), 0, "P0   MET"),
        (Measured("1 of 7", met=False, reason="one"), 1, "P0   NOT MET"),
        (None, 1, "reason  it could not be tried: RuntimeError"),
    ],
    ids=["met", "not met", "broken"],
)
def test_the_exit_code_tells_whether_all_is_kept(
    measured: Measured | None, code: int, words: str, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "PROMISES", (promise(measured),))
    ended, out = checked()
    assert ended == code
    assert words in out


def test_a_check_that_takes_too_long_does_not_keep_its_own_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "SECONDS", 10)
    assert check.itself([], 9.0).verdict == Verdict.MET
    assert check.itself([], 11.0).verdict == Verdict.NOT_MET
