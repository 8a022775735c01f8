"""Whose request runs next: one process serves all tenants, and who asks a lot must not slow those who ask a little.

Every request belongs to a lane: its tenant, or an address nobody is known at. A lane runs a few requests at once and
lets a few more wait. Whoever asked for little goes first, and what a busy lane has under way makes room for it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tenants.problems import Refusal, TooMany
from tenants.rates.use import Use

AT_ONCE = 5
"""Requests that run, of all lanes; as many as the pool has connections to the database."""
OF_ONE = 3
"""Of these one lane's, so that another's finds room at once; one, while somebody is about who asks for little."""
HELD = 128
"""Requests of one lane that run or wait; a part of the server's threads."""
PATIENCE_SECONDS = 10.0
"""How long a request waits for its turn in all."""
MAKES_ROOM_SECONDS = 0.25
"""How long a request waits for the sake of others that asked for less, so that they cannot keep it waiting for ever."""

Statement = Callable[[str, Any, bool, Any], Any]


class Crowded(TooMany):
    """The lane holds as many threads as it may."""

    retry_after = 1


class Overdue(Refusal):
    """The turn did not come in time."""

    status = 503
    code = "unavailable"
    retry_after = 5


class Waiting:
    """One request that waits for its turn; so many of the same sender wait before it."""

    def __init__(self, sender: bytes, before: int) -> None:
        self.sender, self.before = sender, before
        self.come = threading.Event()
        self.makes_room_until = time.monotonic() + MAKES_ROOM_SECONDS


class Turn:
    """A request that runs, from `Turns.enter` until `leave`."""

    def __init__(self, turns: "Turns", lane: str, sender: bytes) -> None:
        self.turns, self.lane, self.sender = turns, lane, sender
        self.began, self.room_made, self.runs = time.monotonic(), 0.0, True

    def leave(self) -> None:
        """Whoever is next runs."""
        if self.runs:
            self.runs = False
            self.turns.ended(self.lane, time.monotonic() - self.began - self.room_made)

    @contextmanager
    def away(self) -> Iterator[None]:
        """The request waits for its sender meanwhile, and others run."""
        self.leave()
        try:
            yield
        finally:
            again = self.turns.enter(self.lane, self.sender, is_new=False)
            self.began, self.room_made, self.runs = again.began, 0.0, True

    def statement(self, execute: Statement, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Between two statements of the database the request makes room (a wrapper of Django's connections).

        Not inside a transaction of SQLite, which keeps everybody else from writing.
        """
        connection = context["connection"]
        if connection.vendor == "postgresql" or not connection.in_atomic_block:
            self.make_room()
        return execute(sql, params, many, context)

    def make_room(self) -> None:
        """Wait until nobody who asked for little is under way, within bounds."""
        if self.room_made < MAKES_ROOM_SECONDS and (alone := self.turns.others(self.lane)):
            began = time.monotonic()
            alone.wait(MAKES_ROOM_SECONDS - self.room_made)
            self.room_made += time.monotonic() - began


class Turns:
    """The turns of one process."""

    def __init__(self, at_once: int = AT_ONCE, of_one: int = OF_ONE, held: int = HELD) -> None:
        self.at_once, self.of_one, self.held = at_once, of_one, held
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[Waiting]] = {}
        self._making_room: list[tuple[str, threading.Event]] = []
        self._use = Use()

    def enter(self, lane: str, sender: bytes = b"", *, is_new: bool = True) -> Turn:
        """Wait for the turn; the senders of a lane take theirs in rotation.

        Raises `Crowded`, at once and for a new request only, and `Overdue`.
        """
        with self._lock:
            if is_new and self._running.get(lane, 0) + len(self._waiting.get(lane, ())) >= self.held:
                raise Crowded(f"{self.held} requests are under way, expected at most that many at once")
            if lane not in self._waiting and self._may_run(lane, patient=True):
                self._running[lane] = self._running.get(lane, 0) + 1
                return Turn(self, lane, sender)
            waiting = self._line_up(lane, sender)
        if not waiting.come.wait(MAKES_ROOM_SECONDS):
            with self._lock:
                self._call()
            if not waiting.come.wait(PATIENCE_SECONDS - MAKES_ROOM_SECONDS):
                self._give_up(lane, waiting)
        return Turn(self, lane, sender)

    def _line_up(self, lane: str, sender: bytes) -> Waiting:
        """Behind everybody who has as few requests before theirs."""
        line = self._waiting.setdefault(lane, deque())
        waiting = Waiting(sender, sum(each.sender == sender for each in line))
        place = next((place for place, each in enumerate(line) if each.before > waiting.before), len(line))
        line.insert(place, waiting)
        return waiting

    def ended(self, lane: str, seconds: float) -> None:
        """A request of the lane is over, which took so long."""
        with self._lock:
            now = time.monotonic()
            self._use.add(lane, seconds, now)
            self._running[lane] -= 1
            if not self._running[lane]:
                del self._running[lane]
            self._call()

    def others(self, lane: str) -> threading.Event | None:
        """Set when nobody is under way before whom the lane makes room; None when that is so now."""
        # Read without the lock, at every statement of every request: alone there is nobody to make room for.
        if len(self._running) < 2:
            return None
        with self._lock:
            if not self._use.is_much(lane, self._running, time.monotonic()):
                return None
            alone = threading.Event()
            self._making_room.append((lane, alone))
            return alone

    def _call(self) -> None:
        """Let everybody run who may, the one that has used least first; needs the lock."""
        now = time.monotonic()
        while ready := [lane for lane in self._waiting if self._may_run(lane, self._is_patient(lane, now))]:
            lane = min(ready, key=lambda name: self._use.of(name, now))
            self._running[lane] = self._running.get(lane, 0) + 1
            self._waiting[lane].popleft().come.set()
            self._tidy(lane)
        for waiting in [each for each in self._making_room if not self._use.is_much(each[0], self._running, now)]:
            self._making_room.remove(waiting)
            waiting[1].set()

    def _may_run(self, lane: str, patient: bool) -> bool:
        """Whether one more may. A lane that has made room for long enough runs one request at a time meanwhile."""
        now, running = time.monotonic(), self._running.get(lane, 0)
        if sum(self._running.values()) >= self.at_once or running >= self.of_one:
            return False
        if self._use.is_much(lane, self._running, now):
            return not patient and not running
        return not running or not self._use.is_much(lane, self._use.about(now), now)

    def _is_patient(self, lane: str, now: float) -> bool:
        return now < self._waiting[lane][0].makes_room_until

    def _give_up(self, lane: str, waiting: Waiting) -> None:
        """Raises `Overdue`, unless the turn came at this moment."""
        with self._lock:
            if waiting.come.is_set():
                return
            self._waiting[lane].remove(waiting)
            self._tidy(lane)
        raise Overdue(f"The request had no turn for {PATIENCE_SECONDS:.0f} seconds")

    def _tidy(self, lane: str) -> None:
        if not self._waiting[lane]:
            del self._waiting[lane]
