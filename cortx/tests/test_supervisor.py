"""A dead process is started again, and nothing is left when all are stopped."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cortx.supervisor import Child, Stopped, stop_all, stop_on_signals, supervise

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Like a Celery parent: a process in a pool that does not end by itself.
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, "
    "flush=True); import time; time.sleep(60)",
]


def alive(pid: int) -> bool:
    """A zombie is dead; without the parent's wait it still has a number."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[list[str]], Child]]:
    children: list[Child] = []

    def begin(command: list[str]) -> Child:
        children.append(Child("child", command, tmp_path))
        return children[-1]

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield begin
    stop_all(children)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_living_process_is_left_alone(start: Callable[[list[str]], Child]) -> None:
    child = start(SLEEP)
    pid = child.process.pid
    assert child.revive() is None
    assert child.process.pid == pid


def test_a_killed_process_is_started_again_and_said_so(start: Callable[[list[str]], Child]) -> None:
    child = start(SLEEP)
    child.process.kill()
    child.process.wait()
    assert "code -9 and was started again" in str(child.revive())
    assert child.process.poll() is None


def test_a_process_that_dies_at_once_is_started_again_ever_more_slowly(start: Callable[[list[str]], Child]) -> None:
    child = start([sys.executable, "-c", "raise SystemExit(3)"])
    child.process.wait()
    assert "code 3" in str(child.revive())
    child.process.wait()
    assert child.revive() is None
    assert child.pause == 1.0


def test_what_a_killed_parent_leaves_behind_is_ended(start: Callable[[list[str]], Child]) -> None:
    child = start(PARENT)
    until(child.log.read_text)
    pool = int(child.log.read_text())
    child.process.kill()
    child.process.wait()
    child.revive()
    until(lambda: not alive(pool))


def test_stopping_ends_the_whole_group(start: Callable[[list[str]], Child]) -> None:
    child = start(PARENT)
    until(child.log.read_text)
    pool = int(child.log.read_text())
    stop_all([child])
    assert child.process.poll() is not None
    until(lambda: not alive(pool))


def test_a_process_that_will_not_end_is_killed(
    start: Callable[[list[str]], Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cortx.supervisor.STOP_SECONDS", 0.2)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    child = start([sys.executable, "-c", deaf])
    until(child.log.read_text)
    stop_all([child])
    assert child.process.returncode == -signal.SIGKILL


def test_a_signal_ends_the_supervision(start: Callable[[list[str]], Child]) -> None:
    child, said = start([sys.executable, "-c", "raise SystemExit(3)"]), []
    stop_on_signals()

    def say(line: str) -> None:
        said.append(line)
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Stopped):
        supervise([child], say)
    assert len(said) == 1
