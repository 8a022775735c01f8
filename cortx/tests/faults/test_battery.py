"""A run of 200,000 rows survives whatever dies: nothing lost, nothing doubled, no half batch to be seen meanwhile."""

import json
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPException
from uuid import UUID

import pytest

from cortx.testing.figures import RecordFigure
from cortx.tests.faults.installation import Installation, wait_until
from cortx.tests.faults.sender import BATCHES, Sender
from cortx.tests.faults.trial import ROWS, Trial
from cortx.tests.faults.watch import disk_full, disk_has_room
from records.tests.workers import Worker

pytestmark = pytest.mark.battery

LEASE = 30
FROZEN_SECONDS = 90
ROOM = 1024 * 1024
NOTED = "SELECT count(*) FROM records_runevent WHERE run_id = %s AND level = 'problem'"


@pytest.fixture
def workers(installation: Installation) -> Iterator[list[Worker]]:
    """Two, for whom there is something to do as soon as they have started."""
    yield [installation.worker(), installation.worker()]
    installation.dismiss_workers()


@pytest.fixture
def trial(workers: list[Worker], sender: Sender, record_figure: RecordFigure) -> Iterator[Trial]:
    trial = Trial(sender, workers, record_figure)
    yield trial
    trial.watch.stop()


def test_one_worker_is_killed(trial: Trial) -> None:
    trial.begun().kill()
    trial.ends("one worker killed", trial.goes_on())


def test_all_workers_are_killed(trial: Trial) -> None:
    trial.begun()
    for worker in trial.workers:
        worker.kill()
    trial.workers.append(trial.installation.worker())
    trial.ends("all workers killed", trial.goes_on())


def test_redis_is_killed_and_comes_back_empty(trial: Trial) -> None:
    trial.begun()
    with trial.installation.redis_down():
        second = UUID(trial.sender.post(BATCHES, *trial.sender.form(again="1")).json["run"])
        trial.until(lambda: trial.sender.run(trial.run_id).ended, "the run in progress ends without Redis")
        assert trial.sender.attempt(second) == 0
    recovery = wait_until(lambda: trial.sender.attempt(second), "the other one is relayed")
    trial.until(lambda: trial.sender.run(second).ended, "the other one ends")
    trial.sender.check(second)
    assert trial.sender.attempt(trial.run_id) == 1
    trial.ends("Redis killed and flushed", recovery)


def test_the_backend_of_the_worker_is_terminated(trial: Trial) -> None:
    trial.begun()
    assert trial.installation.sessions_end() > 0
    trial.ends("PostgreSQL backends terminated", trial.goes_on())


def test_postgresql_crashes(trial: Trial) -> None:
    trial.begun()
    trial.watch.stop()
    with trial.installation.postgresql_down():
        time.sleep(5)
    recovery = trial.goes_on()
    trial.ends("PostgreSQL crashed", recovery)


def test_a_worker_is_frozen_for_longer_than_its_lease(trial: Trial) -> None:
    frozen, began = trial.begun(), time.monotonic()
    frozen.freeze()
    recovery = trial.goes_on()
    trial.until(lambda: trial.sender.run(trial.run_id).ended, "another worker ends the run")
    decided = trial.sender.run(trial.run_id).revision
    time.sleep(max(0.0, began + FROZEN_SECONDS - time.monotonic()))
    frozen.wake()
    trial.until(lambda: "taken over" in frozen.log.read_text(errors="replace"), "the frozen one gives up")
    assert trial.sender.run(trial.run_id).revision == decided
    trial.ends(f"worker frozen for {FROZEN_SECONDS} s", recovery)


def test_the_disk_is_full_when_the_snapshot_is_written(
    installation: Installation, sender: Sender, record_figure: RecordFigure
) -> None:
    worker = installation.worker()
    wait_until(lambda: "ready" in worker.log.read_text(errors="replace"), "the worker is ready", worker.log)
    disk_full(worker, ROOM)
    trial = Trial(sender, [worker], record_figure)
    trial.until(lambda: installation.asked(NOTED, trial.run_id) == [(1,)], "the attempt ends")
    assert not sender.snapshots()
    disk_has_room(worker)
    trial.ends("disk full for the snapshot", trial.goes_on())
    installation.dismiss_workers()


def test_the_web_server_is_killed_while_it_receives_and_accepts(
    installation: Installation, workers: list[Worker], sender: Sender, record_figure: RecordFigure
) -> None:
    body, kind = sender.sample(ROWS)
    answer: dict[str, str] = {}
    for received, seconds in ((0.5, 0.0), (1.0, 0.0), (1.0, 0.1), (1.0, 0.4), (1.0, 1.0)):
        with (
            suppress(OSError, HTTPException),
            closing(sender.opened(BATCHES, len(body), kind, key="once")) as connection,
        ):
            connection.send(body[: int(len(body) * received)])
            time.sleep(seconds)
            installation.web.kill()
            answer = json.loads(connection.getresponse().read())
        installation.web.start()
        assert sender.batches() <= 1
    repeated = sender.post(BATCHES, body, kind, key="once").json
    assert sender.batches() == 1
    assert answer in ({}, repeated)
    sender.wait_for(UUID(repeated["run"]))
    sender.check(UUID(repeated["run"]))
    record_figure("web killed 5 times while it received and accepted: batches", sender.batches())
