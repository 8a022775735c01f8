"""The processes of a one-machine installation: start them, start a dead one again, stop them all."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# A process that dies sooner than this after its start is started again only after a growing pause.
SETTLED_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 30.0
# Unfinished work is no reason to wait longer: its lease runs out and the next worker takes it up.
STOP_SECONDS = 5.0


class Child:
    """One supervised process, in a process group of its own, writing to `<log_dir>/<name>.log`."""

    def __init__(self, name: str, command: list[str], log_dir: Path) -> None:
        self.name, self.command, self.log = name, command, log_dir / f"{name}.log"
        self.log.write_bytes(b"")
        self.pause = 0.0
        self.start()

    def start(self) -> None:
        # Its own group: Ctrl-C reaches only the supervisor, and whatever the child leaves behind can be found.
        # setpriv: no orphans when the supervisor itself is killed.
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*guard, *self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.started = time.monotonic()

    def revive(self) -> str | None:
        """Start the process again when it is dead and its pause is over; a line to show, or None."""
        code = self.process.poll()
        if code is None or time.monotonic() < self.started + self.pause:
            return None
        settled = time.monotonic() - self.started - self.pause > SETTLED_SECONDS
        self.pause = 0.0 if settled else min(max(1.0, self.pause * 2), LONGEST_PAUSE_SECONDS)
        self.end_group()
        self.start()
        return f"{self.name} ended with code {code} and was started again; see {self.log}"

    def end_group(self) -> None:
        """Kill what is left of the group: pool processes outlive a killed Celery parent."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def stop(self, deadline: float) -> None:
        """Wait for the asked-for end until `deadline` (monotonic seconds), then insist."""
        try:
            self.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.end_group()


class Stopped(Exception):
    """The supervisor was asked to stop."""


def stop_on_signals() -> None:
    """Turn Ctrl-C, TERM and a closed terminal into `Stopped` in the main thread."""

    def stopped(number: int, frame: object) -> None:
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stopped)


def supervise(children: list[Child], say: Callable[[str], None]) -> None:
    """Keep the children alive for ever; ends by `Stopped`."""
    while True:
        for child in children:
            line = child.revive()
            if line:
                say(line)
        time.sleep(0.25)


def stop_all(children: list[Child]) -> None:
    """Ask all children to end, together, then make sure of each. A second Ctrl-C does not interrupt this."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        child.stop(deadline)
