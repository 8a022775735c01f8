"""A worker of the simulation: a thread that carries out one statement at a time, and may end between any two."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Semaphore, Thread
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
from django.db import DatabaseError, connection
from django.db.models import DateTimeField, Value

from tenants.work.services import Claim

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
LOOK_SECONDS = 0.002
STUCK_SECONDS = 30
BLOCKED = "SELECT cardinality(pg_blocking_pids(%s)) > 0"


class Killed(BaseException):
    """The worker is gone: no statement of it is carried out any more."""


class Moment(datetime):
    """Stands in a statement's parameters for the time at which it will be carried out."""


class Clock:
    """The time of the simulation, in place of the database's."""

    def __init__(self) -> None:
        self.time = BEGINNING

    def now(self) -> Value:
        """Stands in for `Now()`, which is the time at which the statement is carried out, not written."""
        return Value(Moment(1, 1, 1, tzinfo=UTC), DateTimeField())

    def told(self, params: Any) -> Any:
        """The parameters of a statement that is carried out now."""
        return params and [self.time if isinstance(one, Moment) else one for one in params]

    def around(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """An execution wrapper for whoever is never interrupted."""
        return execute(sql, self.told(params), many, context)

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def asked(statement: str, value: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
        return bool(cursor.fetchone()[0])


class Worker:
    """Answers bells with `answer`, one stop at a time: before each statement, and on either side of each COMMIT."""

    def __init__(self, number: int, clock: Clock, answer: Callable[["Worker", UUID], None]) -> None:
        self.number, self.clock, self.answer = number, clock, answer
        self.bell: UUID | None = None
        self.claim: Claim | None = None
        self.go, self.parked = Semaphore(0), Event()
        self.doomed = self.leaving = self.blocked = self.in_transaction = False
        self.backend = 0
        self.frozen_at = self.frozen_until = BEGINNING
        self.thread = Thread(target=self.live, daemon=True)
        self.thread.start()
        self.parked.wait(STUCK_SECONDS)

    @property
    def busy(self) -> bool:
        return self.bell is not None

    @property
    def frozen(self) -> bool:
        return self.frozen_until > self.clock.time

    def live(self) -> None:
        session: Any = connection
        while True:
            self.wait()
            if self.leaving:
                return
            assert self.bell is not None
            commit = partial(self.commit, session._commit)
            # As Celery goes on after a task that failed, because its session was ended; the relay rings again.
            with (
                suppress(Killed, DatabaseError),
                connection.execute_wrapper(self.around),
                patch.object(session, "_commit", commit),
            ):
                self.answer(self, self.bell)
            # As Celery does after each task; the pool takes the connection back.
            connection.close()
            self.bell = self.claim = None
            self.doomed = self.in_transaction = False
            self.backend = 0

    def wait(self) -> None:
        self.parked.set()
        self.go.acquire()

    def checkpoint(self) -> None:
        """Others may run here, and this worker may end here."""
        self.in_transaction = connection.in_atomic_block
        if not self.doomed:
            self.wait()
        if self.doomed:
            with suppress(psycopg.Error):
                connection.connection.rollback()
            raise Killed

    def around(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.backend = connection.connection.info.backend_pid
        self.checkpoint()
        return execute(sql, self.clock.told(params), many, context)

    def commit(self, really: Callable[[], None]) -> None:
        """Killed before it, nothing is committed; killed after it, nobody was told."""
        self.checkpoint()
        really()
        self.checkpoint()

    def hear(self, bell: UUID) -> None:
        self.bell = bell

    def proceed(self) -> None:
        """Let it on, and return when it has come to its next stop, or waits for another's lock."""
        self.parked.clear()
        self.go.release()
        self.settle()

    def settle(self) -> None:
        for _ in range(int(STUCK_SECONDS / LOOK_SECONDS)):
            if self.parked.wait(LOOK_SECONDS):
                self.blocked = False
                return
            self.blocked = bool(self.backend) and asked(BLOCKED, self.backend)
            if self.blocked:
                return
        raise AssertionError(f"worker {self.number} is neither running nor waiting")

    def kill(self) -> None:
        self.doomed = True
        self.proceed()

    def freeze(self, seconds: float) -> None:
        self.frozen_at = self.clock.time
        self.frozen_until = self.clock.time + timedelta(seconds=seconds)

    def cut_off(self) -> None:
        """The server ends its session, as when it is restarted; the worker notices at its next statement."""
        if self.backend:
            asked("SELECT pg_terminate_backend(%s, 5000)", self.backend)
            self.backend, self.in_transaction = 0, False

    def dismiss(self) -> None:
        self.doomed = self.leaving = True
        self.go.release(2)
        self.thread.join(STUCK_SECONDS)
