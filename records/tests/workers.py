"""Real Celery workers as child processes, to be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 2
PATIENCE = 120.0


class Worker:
    """One prefork worker with beat inside, in a process group of its own."""

    def __init__(self, environment: Mapping[str, str], scratch: Path, lease: int = LEASE_SECONDS) -> None:
        self.log = scratch / "worker.log"
        command = [sys.executable, "-m", "celery", "-A", "cortx.celery", "worker", "--concurrency", "1", "--beat"]
        command += ["--schedule", str(scratch / "schedule"), "--loglevel", "INFO", "--pidfile", ""]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**environment, "WORK_LEASE_SECONDS": str(lease)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End the worker and its pool at once, as a crash of the machine would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        """Stop all of it without a word; it may be woken again."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


def wait_until(condition: Callable[[], bool], what: str, worker: Worker) -> None:
    """Return once the condition holds; fails the test with the worker's last words when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            words = worker.log.read_text(errors="replace")[-4000:]
            raise AssertionError(f"{what}: not within {PATIENCE:.0f} s\n{words}")
        time.sleep(0.1)
