"""Run a pack in a child process that can be bounded, killed and thrown away.

A worker keeps a clean parent (`sandbox_parent`), started once and reused, which forks a child for each run: starting
Python and importing the libraries takes more than a second, forking a few milliseconds.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from rulepacks.engine import wire
from rulepacks.engine.explanation.trace import Explanation, Question
from rulepacks.engine.problems import PackError
from rulepacks.engine.progress import STUCK, Progress
from rulepacks.engine.refusals import BadInput, Cancelled, ChildFailed
from rulepacks.engine.request import RunRequest
from rulepacks.engine.summary import Summary

RUN = "rulepacks.engine.runner:run"
ASK_SECONDS = 0.25
LEAST_SECONDS = 1.0
UNSTOPPABLE = "it took longer than a statement may (limit statement_seconds), and could not be stopped"
_ROOT = Path(__file__).resolve().parents[2]


def run_in_child(
    request: RunRequest,
    *,
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
    job: str = RUN,
) -> Summary:
    """Run `request` in a child of its own and wait for it.

    A child that dies while it judges is followed by one that judges rule by rule, and by others without the rules
    that were being tried when one died, as long as the time of the run allows. Raises `BadInput`, `PackError`,
    `ChildFailed` when the child died or broke, `Cancelled` once `cancelled` says so; whatever `on_progress` or
    `cancelled` raise ends the child too.
    """
    ends = time.monotonic() + request.limits.seconds
    while True:
        try:
            answer = _in_child(wire.Start(job, request), on_progress, cancelled)
        except _DiedJudging as death:
            left = ends - time.monotonic()
            if left < LEAST_SECONDS or (request.apart and not death.tried):
                raise
            shutil.rmtree(request.out, ignore_errors=True)
            request = replace(
                request,
                limits=replace(request.limits, seconds=left),
                without={**request.without, **dict.fromkeys(death.tried, death.reason)},
                apart=True,
            )
        else:
            assert isinstance(answer, wire.Done)
            return answer.summary


class _DiedJudging(ChildFailed):
    """The child died over rules; `tried` names those it was trying by themselves."""

    def __init__(self, reason: str, tried: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.tried = tried


def explain_in_child(
    request: RunRequest,
    question: Question,
    *,
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> Explanation:
    """Explain one outcome of `request` in a child of its own; raises what `run_in_child` does."""
    answer = _in_child(wire.Start(RUN, request, question), on_progress, cancelled)
    assert isinstance(answer, wire.Explained)
    return answer.explanation


def _in_child(
    start: wire.Start, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> wire.Done | wire.Explained:
    parent = _idle.pop() if _idle else _Parent()
    try:
        answer = _converse(parent, start, on_progress, cancelled)
    except BaseException:
        if parent.at_rest:
            _idle.append(parent)
        else:
            parent.stop()
        raise
    _idle.append(parent)
    return answer


class _Parent:
    """The worker's end of a clean parent."""

    def __init__(self) -> None:
        self.at_rest = True
        self._rest = b""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rulepacks.engine.sandbox_parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )

    def say(self, command: wire.Command) -> None:
        """Send a command; a parent that is gone shows when it is listened to."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(wire.line(command))
        except BrokenPipeError:
            return

    def hear(self, seconds: float) -> list[bytes] | None:
        """The lines that came within `seconds`, or None when the parent is gone."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        if not ready:
            return []
        got = os.read(self._process.stdout.fileno(), 65536)
        if not got:
            return None
        *lines, self._rest = (self._rest + got).split(b"\n")
        return [line for line in lines if line]

    def stop(self) -> None:
        """Close both ends: the parent kills its child and leaves."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_idle: list[_Parent] = []
# A process forked from a worker must not talk to the worker's parents.
os.register_at_fork(after_in_child=_idle.clear)


def _environment() -> dict[str, str]:
    """No settings and no secrets; one thread in libraries that start theirs when imported."""
    libraries = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
    return libraries | {
        "PATH": os.defpath,
        "PYTHONPATH": str(_ROOT),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
    }


def _converse(
    parent: _Parent,
    start: wire.Start,
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> wire.Done | wire.Explained:
    parent.at_rest = False
    parent.say(start)
    last: wire.Message | None = None
    now = Progress("", "", 0, None, "")
    stopping = False
    for message in _messages(parent):
        if isinstance(message, wire.Said) and message.progress.group == STUCK:
            parent.say(wire.Cancel())
            now = replace(now, stage=STUCK)
        elif isinstance(message, wire.Said):
            now = message.progress
            on_progress(now)
        elif isinstance(message, wire.Ended):
            parent.at_rest = True
            return _settle(last, message, now, stopping=stopping)
        elif message is not None:
            last = message
        if not stopping and cancelled():
            stopping = True
            parent.say(wire.Cancel())
    raise ChildFailed("the process that starts runs is gone")


def _messages(parent: _Parent) -> Iterator[wire.Message | None]:
    """What comes from the child, and None at least every `ASK_SECONDS` in between."""
    asked = time.monotonic()
    while (lines := parent.hear(ASK_SECONDS)) is not None:
        for line in lines:
            if (message := _understood(line)) is not None:
                yield message
        if not lines or time.monotonic() - asked > ASK_SECONDS:
            asked = time.monotonic()
            yield None


def _understood(line: bytes) -> wire.Message | None:
    """The message, or None for half a line of a child that was killed while it spoke."""
    try:
        return wire.message(line)
    except wire.MALFORMED:
        return None


def _settle(
    last: wire.Message | None, ended: wire.Ended, now: Progress, *, stopping: bool
) -> wire.Done | wire.Explained:
    if stopping:
        raise Cancelled
    if now.stage == STUCK:
        raise _DiedJudging(UNSTOPPABLE, now.tried)
    if ended.reason and now.stage == "rules":
        raise _DiedJudging(ended.reason, now.tried)
    if ended.reason:
        raise ChildFailed(ended.reason)
    match last:
        case wire.Done() | wire.Explained():
            return last
        case wire.InputRefused(problems):
            raise BadInput(*problems)
        case wire.PackRefused(problems):
            raise PackError(problems)
        case wire.Broke(reason):
            raise ChildFailed(reason)
        case _:
            raise ChildFailed("it ended without a word")
