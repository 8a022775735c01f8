"""`manage.py up`, with and without services: it answers, revives what dies, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from cortx.database_roles import database_url, libpq_url
from cortx.testing.embedded import ROOT
from cortx.testing.servers import free_port

# Three interpreters start on what may be a busy machine.
START_SECONDS = 240


class Up:
    """A running `manage.py up` and what it has said so far."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port, self.folder, self.output = free_port(), folder, folder / "up.txt"
        command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    def wait_for(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.1)

    def said(self, words: str) -> bool:
        return words in self.output.read_text()

    def running(self, words: str = "") -> list[int]:
        """Processes of this installation, whoever their parent is by now; `words` stand in the command line."""
        mark, found = f"CORTX_VAR={self.folder}/".encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes() and words.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found


@pytest.fixture
def services(embedded_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """PostgreSQL, by one URL as in development, and Redis."""
    owner, name = os.environ["DATABASE_OWNER_URL"], f"test_{os.environ['CORTX_TEST_RUN']}_up"
    with psycopg.connect(libpq_url(owner), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        redis = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/15"
        yield {**embedded_environment, "DATABASE_URL": database_url(owner, name), "REDIS_URL": redis}
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(params=["embedded_environment", "services"])
def up(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Up]:
    started = Up(request.getfixturevalue(request.param), tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.terminate()
    started.process.wait(timeout=60)


def test_everything_starts_from_an_empty_folder_and_stops_without_a_trace(up: Up) -> None:
    up.wait_for(lambda: up.said("Stop with Ctrl-C"))
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/health") as answer:
        assert answer.status == 200

    up.wait_for(lambda: up.running("worker"))
    for pid in up.running("worker"):
        os.kill(pid, signal.SIGKILL)
    up.wait_for(lambda: up.said("worker ended"))
    up.wait_for(lambda: up.running("worker"))

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=60) == 0
    assert up.running() == []


def test_a_taken_port_is_refused_with_a_proposal(embedded_environment: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        command = [sys.executable, "manage.py", "up", "--port", str(taken)]
        refused = subprocess.run(command, cwd=ROOT, env=embedded_environment, capture_output=True, text=True)
    assert refused.returncode == 1
    assert f"PORT={taken + 1}" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
