"""Statements under watch: each has only so much time, and one that breaks says why in plain words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from rulepacks.engine.compile_sql import BROKEN
from rulepacks.engine.limits import Limits

LEAST = 0.05
AGAIN, GRACE = 1.0, 5.0
SEARCH = 2 / 3
"""How much of the time that is left a search for broken rules may take."""
NOT_THE_RULES = (duckdb.FatalException, duckdb.InternalException, duckdb.IOException, duckdb.ConnectionException)
"""Errors after which the connection, or the delivery, is of no use to any rule."""
SPILL = "max_temp_directory_size"
"""What DuckDB names when there is no room left on disk for what does not fit into memory."""
_OUT_OF_MEMORY = (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError)


class Broke(Exception):
    """A statement made of rule text did not come to its end; `reason` in plain words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


BREAKING = (Broke, MemoryError, RecursionError)
"""What rules can do to the statement that is made of them, or to the making of it."""


@dataclass
class Budget:
    """The time that is left: the run ends at `ends` (monotonic clock), and `sharers` statements must fit in before.

    A statement that runs away leaves enough for those that come after it: with one sharer, half of the rest.
    """

    limits: Limits = field(default_factory=Limits)
    ends: float = float("inf")
    sharers: int = 1

    @property
    def seconds(self) -> float:
        """How long the next statement may take."""
        left = (self.ends - time.monotonic()) / (self.sharers + 1)
        return max(LEAST, min(self.limits.statement_seconds, left))

    def part(self) -> Budget:
        """The budget of a search for what is broken."""
        now = time.monotonic()
        return Budget(self.limits, now + (self.ends - now) * SEARCH)


class Watch:
    """Interrupts a connection whose statement takes too long; one thread, asleep between statements.

    DuckDB hears an interrupt while it runs a statement, but not while it plans one, so it is told again and again.
    One that has not come back after `GRACE` seconds is `stuck`.
    """

    def __init__(self, interrupt: Callable[[], None], stuck: Callable[[], None] = lambda: None) -> None:
        self.expired = False
        self._interrupt, self._stuck = interrupt, stuck
        self._changed = threading.Condition()
        self._until: float | None = None
        self._wakes: float | None = None
        self._gives_up = 0.0
        self._closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, until: float) -> Iterator[None]:
        """Interrupt what runs inside once the monotonic clock passes `until`; `expired` then says so."""
        with self._changed:
            self.expired, self._until, self._gives_up = False, until, until + GRACE
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="statement watch", daemon=True)
                self._thread.start()
            elif self._wakes is None or until < self._wakes:
                self._changed.notify()
        try:
            yield
        finally:
            # Under the lock, so that no interrupt meant for this statement meets the next.
            with self._changed:
                self._until = None

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _keep(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                if self._until is not None and self._until <= now:
                    self.expired, self._until = True, now + AGAIN
                    self._interrupt()
                    if now > self._gives_up:
                        self._gives_up = float("inf")
                        self._stuck()
                self._wakes = self._until
                self._changed.wait(None if self._until is None else self._until - now)


def reason_of(error: BaseException, limits: Limits) -> str:
    """Why rules broke, of an error among BREAKING."""
    if isinstance(error, Broke):
        return error.reason
    return limits.memory("engine_memory_bytes") if isinstance(error, MemoryError) else "it is nested too deeply"


def too_long(seconds: float, limits: Limits) -> Broke:
    """A statement that was interrupted, or that came to its end too late, after all time there was for it."""
    name = "seconds" if seconds < limits.statement_seconds else "statement_seconds"
    return Broke(f"it took longer than {seconds:.3g} seconds (limit {name})")


def broken(error: Exception, limits: Limits, seconds: float, *, expired: bool) -> Broke | None:
    """The error of a statement as what its rules did; None when it says nothing about rules."""
    if expired:
        return too_long(seconds, limits)
    text = (str(error).splitlines() or [""])[0]
    if isinstance(error, _OUT_OF_MEMORY) or text.startswith("Out of Memory"):
        return Broke(limits.memory("spill_bytes" if SPILL in str(error) else "engine_memory_bytes"))
    if isinstance(error, (duckdb.InterruptException, *NOT_THE_RULES)):
        return None
    if text.endswith(BROKEN):
        return Broke(BROKEN)
    # Results read as Arrow raise what DuckDB says as an OSError.
    if isinstance(error, OSError) and text.startswith(("INTERRUPT", "IO Error", "FATAL", "INTERNAL")):
        return None
    return Broke(text or type(error).__name__)
