"""A whole installation in processes of its own, each to be killed, frozen and started again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from cortx.database import default_connection, disconnect
from cortx.database_roles import APPLICATION_ROLE, application_url, libpq_url
from cortx.testing.servers import Servers, create_owner, free_port, start_postgresql, start_redis
from records.tests.workers import ROOT, Worker

PATIENCE = 120.0
ASK_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """What the web server said, and how long that took."""

    status: int
    headers: HTTPMessage
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Web:
    """The web server as `manage.py up` starts it, in a process group of its own."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.port, self.log = free_port(), folder / "web.log"
        self.environment = environment
        self.start()

    def start(self) -> None:
        options = f"--interface wsgi --host 127.0.0.1 --port {self.port} --workers 1 --blocking-threads 4".split()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "granian", *options, "cortx.wsgi:application"],
                cwd=ROOT, env=dict(self.environment), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_until(self.listens, "the web server listens", self.log)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def listens(self) -> bool:
        try:
            self.ask("GET", "/version")
        except (OSError, HTTPException):
            return False
        return True

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=ASK_SECONDS)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Raises `OSError` or `HTTPException` when the server is not there, or dies while it answers."""
        began, connection = time.monotonic(), self.connection()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read(), time.monotonic() - began)
        finally:
            connection.close()


class Installation:
    """PostgreSQL, Redis, a web server, and as many workers as are wanted. `lease` in seconds."""

    def __init__(self, folder: Path, lease: int) -> None:
        self.folder, self.lease, self.servers = folder, lease, Servers()
        self.superuser = start_postgresql(self.servers)
        self.postgresql = self.servers.processes[-1]
        owner = create_owner(self.superuser)
        self.database = application_url(owner)
        redis = start_redis(self.servers)
        self.redis = self.servers.processes[-1]
        self.environment = {
            **os.environ, "DATABASE_OWNER_URL": owner, "DATABASE_URL": self.database, "REDIS_URL": redis,
            "BODY_PATIENCE_SECONDS": "60", "WORK_LEASE_SECONDS": str(lease), "DATABASE_IDLE_SECONDS": str(lease),
            "RATE_LIMIT_KEY": "0", "RATE_LIMIT_TENANT": "0",
        }  # fmt: skip
        set_up = [sys.executable, "manage.py", "set_up", "--verbosity", "0"]
        subprocess.run(set_up, cwd=ROOT, env=self.environment, check=True)
        self.web = Web(self.environment, folder)
        self.workers: list[Worker] = []

    def worker(self) -> Worker:
        self.workers.append(Worker(self.environment, self.folder, lease=self.lease))
        return self.workers[-1]

    def dismiss_workers(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        self.workers.clear()

    def stop(self) -> None:
        self.dismiss_workers()
        self.web.kill()
        self.servers.stop()

    def down(self, server: subprocess.Popen[bytes], signal_number: int) -> None:
        """End a server by its process id."""
        server.send_signal(signal_number)
        server.wait(timeout=30)

    def up(self, server: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Start it again, as it was started before; a Redis comes back empty."""
        again = subprocess.Popen(server.args, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.servers.processes[self.servers.processes.index(server)] = again
        return again

    @contextmanager
    def postgresql_down(self) -> Iterator[None]:
        """Without PostgreSQL; it ended as by a crash and recovers when it comes back."""
        self.down(self.postgresql, signal.SIGQUIT)
        yield
        self.postgresql = self.up(self.postgresql)
        wait_until(self.answers, "PostgreSQL answers again")
        # The sessions of this process ended with the server.
        disconnect()

    def sessions_end(self) -> int:
        """The server ends every session of the application; how many."""
        statement = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s"
        ended = self.asked(statement, APPLICATION_ROLE)
        disconnect()
        return len(ended)

    @contextmanager
    def redis_down(self) -> Iterator[None]:
        """Without Redis; when it comes back all its messages are lost."""
        self.down(self.redis, signal.SIGKILL)
        yield
        self.redis = self.up(self.redis)

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Nobody else comes at the table."""
        with psycopg.connect(libpq_url(self.superuser), dbname="cortx") as session:
            session.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            yield

    def answers(self) -> bool:
        try:
            return bool(self.asked("SELECT 1"))
        except psycopg.OperationalError:
            return False

    def asked(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of all tenants, as the superuser sees them, past the application."""
        with psycopg.connect(libpq_url(self.superuser), autocommit=True, dbname="cortx") as session:
            return session.execute(statement.encode(), values).fetchall()

    @contextmanager
    def used_here(self) -> Iterator[None]:
        """The models of this process read and write the installation's database."""
        current, parts = default_connection().settings_dict, urlsplit(self.database)
        before = dict(current)
        place = {"HOST": parts.hostname, "PORT": parts.port, "NAME": parts.path[1:]}
        current.update(place, USER=unquote(parts.username or ""), PASSWORD=unquote(parts.password or ""))
        disconnect()
        try:
            yield
        finally:
            current.update(before)
            disconnect()


def multipart(files: Mapping[str, Path], **fields: str) -> tuple[bytes, str]:
    """Body and content type of a form with files."""
    opened = {name: path.open("rb") for name, path in files.items()}
    try:
        return encode_multipart(BOUNDARY, {**fields, **opened}), MULTIPART_CONTENT
    finally:
        for file in opened.values():
            file.close()


def wait_until(
    condition: Callable[[], object], what: str, log: Path | None = None, patience: float = PATIENCE
) -> float:
    """Seconds until the condition held; fails the test with the last words of `log` when it takes too long."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() > began + patience:
            words = log.read_text(errors="replace")[-6000:] if log else ""
            raise AssertionError(f"{what}: not within {patience:.0f} s\n{words}")
        time.sleep(0.05)
    return time.monotonic() - began
