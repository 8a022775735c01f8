"""The clean parent: a small process that has the libraries imported and forks one child for each run.

`python -m rulepacks.engine.sandbox_parent` reads commands from standard input and writes messages to standard output.
It holds no secrets (its environment is empty), no threads and no connections, so forking it is safe. It kills the
child when time or memory is up, when the worker asks for it, and when the worker is gone.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import sys
import time
from dataclasses import dataclass

from rulepacks.engine import wire
from rulepacks.engine.limits import Limits
from rulepacks.engine.memory import peak_memory
from rulepacks.engine.sandbox_child import be_child

# Imported so that no child has to: a run needs them all.
WARM = ("rulepacks.engine.runner", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet")
POLL_SECONDS = 0.05
_REASONS = {
    signal.SIGXCPU: "it took more time of the processor than it may (limit seconds)",
    signal.SIGKILL: "it was killed",
}


@dataclass
class _Run:
    """The child of the moment."""

    pid: int
    pidfd: int
    limits: Limits
    deadline: float
    peak: int = 0
    reason: str = ""

    def kill(self, reason: str) -> None:
        """End the child and whatever it started; it is not reaped yet, so its number is still its own."""
        self.reason = self.reason or reason
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def main() -> None:
    """Serve runs, one after the other, until the worker closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    commands = Lines(sys.stdin.fileno())
    while (text := commands.wait()) is not None:
        command = wire.command(text)
        if isinstance(command, wire.Start):
            _serve(command, commands)


class Lines:
    """Lines from a descriptor that is also waited on together with others."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.closed = False
        self._rest = b""
        self._lines: list[bytes] = []

    def fill(self) -> None:
        """Take in what is there; blocks when nothing is."""
        got = os.read(self.descriptor, 65536)
        self.closed = not got
        *lines, self._rest = (self._rest + got).split(b"\n")
        self._lines.extend(lines)

    def next(self) -> bytes | None:
        """A line that is here already."""
        return self._lines.pop(0) if self._lines else None

    def wait(self) -> bytes | None:
        """The next line, or None when the other end is closed."""
        while not self._lines and not self.closed:
            self.fill()
        return self.next()


def _serve(command: wire.Start, commands: Lines) -> None:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        be_child(command, parent=os.getppid())
    limits = command.request.limits
    run = _Run(pid, os.pidfd_open(pid), limits, time.monotonic() + limits.seconds)
    try:
        _watch(run, commands)
    finally:
        os.close(run.pidfd)
    _, status, used = os.wait4(pid, 0)
    run.peak = max(run.peak, used.ru_maxrss * 1024)
    reason = run.reason or unexpected(status, limits, run.peak)
    # The child may have been killed in the middle of a line.
    with contextlib.suppress(BrokenPipeError):  # the worker is gone
        os.write(sys.stdout.fileno(), b"\n" + wire.line(wire.Ended(reason, run.peak)))
    if commands.closed:
        sys.exit(0)


def _watch(run: _Run, commands: Lines) -> None:
    """Return once the child has ended."""
    while True:
        waiting = [run.pidfd] if commands.closed else [run.pidfd, commands.descriptor]
        ready, _, _ = select.select(waiting, [], [], POLL_SECONDS)
        run.peak = max(run.peak, peak_memory(run.pid))
        if run.pidfd in ready:
            return
        if commands.descriptor in ready:
            commands.fill()
            if commands.closed or commands.next() is not None:
                run.kill("it was cancelled")
        if run.peak > run.limits.memory_bytes:
            run.kill(run.limits.memory())
        if time.monotonic() > run.deadline:
            run.kill(run.limits.said("seconds", "it took longer than {:g} seconds"))


def unexpected(status: int, limits: Limits, peak: int) -> str:
    """Why the child ended, when it was neither asked to nor ended by itself; `peak` is its resident memory in bytes.

    When the system gives them no more memory, most libraries break off, and some go on without it and crash.
    """
    if os.WIFSIGNALED(status):
        number = signal.Signals(os.WTERMSIG(status))
        if number == signal.SIGABRT or (number == signal.SIGSEGV and peak > limits.memory_bytes // 2):
            return f"it broke off ({number.name}); most likely {limits.memory()}"
        return _REASONS.get(number, f"it crashed ({number.name})")
    code = os.WEXITSTATUS(status)
    return f"it ended with code {code}" if code else ""


if __name__ == "__main__":
    for name in WARM:
        importlib.import_module(name)
    main()
