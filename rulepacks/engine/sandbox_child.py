"""The child of one run: bounded by the system, told on the parent's output how it went, never used again."""

from __future__ import annotations

import ctypes
import errno
import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, cast

import duckdb
import pyarrow as pa

from rulepacks.engine import wire
from rulepacks.engine.evaluation.watch import Broke
from rulepacks.engine.limits import Limits
from rulepacks.engine.problems import PackError
from rulepacks.engine.progress import Progress, Report
from rulepacks.engine.refusals import BadInput
from rulepacks.engine.request import RunRequest
from rulepacks.engine.runner import explain_run
from rulepacks.engine.summary import Summary

OPEN_FILES = 256
RESERVED = 2
"""How much more memory than it may use the child may reserve: libraries do so, and the parent watches what is used."""
_PR_SET_PDEATHSIG = 1
_OUT_OF_MEMORY = (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError)

Job = Callable[[RunRequest, Report], Summary]


def be_child(command: wire.Start, parent: int) -> NoReturn:
    """Run the job and leave the process; nothing of the parent's Python is unwound."""
    code = 1
    try:
        _confine(command.request.limits, parent)
        _say(outcome(command))
        code = 0
    finally:
        os._exit(code)


def _confine(limits: Limits, parent: int) -> None:
    """Own process group, death with the parent, no input, no errors, and limits that cannot be raised again.

    What libraries write on standard error when they break off may quote a cell, and would stand in the worker's log.
    """
    os.setsid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, sys.stdin.fileno())
    os.dup2(nothing, sys.stderr.fileno())
    os.close(nothing)
    os.umask(0o077)
    seconds = int(limits.seconds) + 1
    for kind, value in (
        (resource.RLIMIT_DATA, RESERVED * limits.memory_bytes),
        (resource.RLIMIT_CPU, seconds * max(limits.threads, 1)),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def outcome(command: wire.Start) -> wire.Message:
    """How the job ended, said in words the worker knows."""
    limits = command.request.limits
    try:
        if command.question is not None:
            return wire.Explained(explain_run(command.request, command.question, _report))
        return wire.Done(_job(command.job)(command.request, _report))
    except BadInput as refusal:
        return wire.InputRefused(refusal.problems)
    except PackError as refusal:
        return wire.PackRefused(refusal.problems)
    except Broke as broke:
        return wire.Broke(broke.reason)
    except _OUT_OF_MEMORY:
        return wire.Broke(limits.memory())
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return wire.Broke("the disk is full" if full else f"a file could not be used: {error.strerror}")
    except Exception as error:  # noqa: BLE001 the worker must learn of everything
        return wire.Broke(f"it met an unexpected {type(error).__name__} in {_places(error)}")


def _places(error: Exception) -> str:
    """Where in the code, innermost first. What the error says stays here: it may quote a cell."""
    frames = traceback.extract_tb(error.__traceback__)[:-4:-1]
    return ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)


def _job(name: str) -> Job:
    module, _, function = name.partition(":")
    return cast("Job", getattr(importlib.import_module(module), function))


def _report(progress: Progress) -> None:
    _say(wire.Said(progress))


def _say(said: wire.Message) -> None:
    text = wire.line(said)
    while text:
        text = text[os.write(sys.stdout.fileno(), text) :]
