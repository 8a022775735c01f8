"""Jobs for the sandbox that do what a run must never get away with."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from rulepacks.engine.problems import PackError, Problem
from rulepacks.engine.progress import ONE_BY_ONE, STUCK, Progress, Report
from rulepacks.engine.refusals import BadInput, InputProblem
from rulepacks.engine.request import RunRequest
from rulepacks.engine.summary import Summary


def summary(**said: str) -> Summary:
    return Summary("", "p", "1.0.0", "", {}, said, {}, (), {}, {}, 0, {}, (), "", {}, 0)


def behave(request: RunRequest, report: Report) -> Summary:
    for done in range(1, 4):
        report(Progress("rules", "row", done, 3, "x" * 5000))
    return summary(
        pid=str(os.getpid()),
        group=str(os.getpgid(0)),
        parent=str(os.getppid()),
        environment=" ".join(sorted(os.environ)),
        data_limit=str(resource.getrlimit(resource.RLIMIT_DATA)[0]),
        stdin=sys.stdin.read(),
        threads=str(len(list(Path("/proc/self/task").iterdir()))),
        pack=str(request.pack),
    )


def refuse_input(request: RunRequest, report: Report) -> Summary:
    raise BadInput(InputProblem("ledger", "the file is empty", 3, "amount"), InputProblem(None, "no"))


def refuse_pack(request: RunRequest, report: Report) -> Summary:
    raise PackError([Problem("pack.yaml", 12, 7, "E03", "unknown field")])


def break_down(request: RunRequest, report: Report) -> Summary:
    raise ZeroDivisionError("by zero")


def fill_disk(request: RunRequest, report: Report) -> Summary:
    raise OSError(errno.ENOSPC, "No space left on device")


def lose_file(request: RunRequest, report: Report) -> Summary:
    raise FileNotFoundError(errno.ENOENT, "No such file or directory")


def run_out_of_memory(request: RunRequest, report: Report) -> Summary:
    raise MemoryError


def sleep(request: RunRequest, report: Report) -> Summary:
    report(Progress("rules", str(os.getpid()), 0, None, ""))
    time.sleep(60)
    return summary()


def sleep_with_offspring(request: RunRequest, report: Report) -> Summary:
    offspring = subprocess.Popen(["sleep", "60"])
    report(Progress("rules", str(offspring.pid), 0, None, ""))
    time.sleep(60)
    return summary()


def eat_memory(request: RunRequest, report: Report) -> Summary:
    kept = [bytearray(32 << 20) for _ in range(200)]
    return summary(kept=str(len(kept)))


def eat_shared_memory(request: RunRequest, report: Report) -> Summary:
    """Memory the data limit does not count: pages of a file that is mapped shared."""
    path = Path(request.out) / "mapped"
    with path.open("wb") as file:
        file.truncate(400 << 20)
    with path.open("r+b") as file:
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        address = libc.mmap(None, 400 << 20, 3, 1, file.fileno(), 0)
        for offset in range(0, 400 << 20, 4096):
            ctypes.memset(address + offset, 1, 1)
    time.sleep(60)
    return summary()


def crash(request: RunRequest, report: Report) -> Summary:
    os.kill(os.getpid(), signal.SIGSEGV)
    return summary()


def leave(request: RunRequest, report: Report) -> Summary:
    os._exit(0)


def chatter(request: RunRequest, report: Report) -> Summary:
    os.write(1, b'not json\n{"type":"unknown"}\n')
    return summary()


def die_over_rules(request: RunRequest, report: Report) -> Summary:
    """Two rules are deadly: one crashes, one cannot be stopped; together with others they take the child along."""
    if not request.apart:
        report(Progress("rules", "edits / rows", 1, 4, "4 rules"))
        os.kill(os.getpid(), signal.SIGSEGV)
    for at, code in enumerate(("GOOD", "DEADLY", "ENDLESS")):
        if code not in request.without:
            report(Progress("rules", f"edits / {ONE_BY_ONE}", at, 3, code))
        if code == "DEADLY" and code not in request.without:
            os.kill(os.getpid(), signal.SIGSEGV)
        if code == "ENDLESS" and code not in request.without:
            report(Progress("rules", STUCK, 0, None, ""))
            time.sleep(60)
    return summary(**request.without)


def die_whatever_rules(request: RunRequest, report: Report) -> Summary:
    report(Progress("rules", "end / states and outputs", 1, 1, ""))
    os.kill(os.getpid(), signal.SIGSEGV)
    return summary()
