"""Fixture: the real web server on a port of its own, over a database with two tenants, a delivery and a record."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from cortx.serving import web_command
from cortx.testing.database import Databases
from cortx.testing.embedded import ROOT
from cortx.testing.servers import free_port
from records.tests.judged import Judged, judged_make
from tenants.access.keys import key_issue
from tenants.models import Tenant, User
from tenants.tests.cast import Cast, cast_made

START_SECONDS = 120.0
PATIENCE_SECONDS = 20.0
CSRF = "c" * 32
UNLIMITED = {f"RATE_LIMIT_{name}": "0" for name in ("KEY", "SESSION", "ANONYMOUS", "TENANT")}
Headers = list[tuple[str | bytes, str | bytes]]


@dataclass(frozen=True)
class Answer:
    """What came back: 0 when nothing did, -1 when the server kept the caller waiting."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@dataclass(frozen=True)
class Web:
    """The server's port, and what was planted."""

    port: int
    cast: Cast
    judged: Judged

    def key(self, tenant: Tenant | None = None, *scopes: str) -> str:
        """A new key's text; of the tenant with the delivery, for everything, unless told."""
        return key_issue(tenant=tenant or self.cast.tenant, name="caller", scopes=scopes or ("read", "write"))[1]

    def cookies(self, user: User) -> Headers:
        """Headers of a browser in which `user` has signed in, with the token of its forms."""
        client = Client()
        client.force_login(user)
        cookie = f"sessionid={client.cookies['sessionid'].value}; csrftoken={CSRF}"
        assert Session.objects.exists()
        return [("Cookie", cookie), ("X-CSRFToken", CSRF)]

    def connect(self) -> socket.socket:
        """A connection to the server."""
        connected = socket.create_connection(("127.0.0.1", self.port))
        connected.settimeout(PATIENCE_SECONDS)
        return connected

    def send(self, data: bytes) -> Answer:
        """The answer to these bytes, sent as they are."""
        began = time.monotonic()
        with self.connect() as connected:
            # It may be refused while it is being sent; the answer is there all the same.
            with suppress(OSError):
                connected.sendall(data)
            got, late = received(connected)
        return answer(got, late, time.monotonic() - began)


def request(
    method: str | bytes,
    path: str | bytes,
    headers: Sequence[tuple[str | bytes, str | bytes]] = (),
    body: bytes = b"",
    *,
    host: str | bytes | None = "localhost",
    version: str = "HTTP/1.1",
) -> bytes:
    """A request as bytes, nothing of it checked; without `host` it has no such header."""
    named: Headers = [("Connection", "close"), *headers]
    if host is not None:
        named.insert(0, ("Host", host))
    lines = [b" ".join(map(encoded, (method, path, version)))]
    lines += [encoded(name) + b": " + encoded(value) for name, value in named]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def received(connected: socket.socket) -> tuple[bytes, bool]:
    """All of an answer, and whether the server let the caller wait for it in vain."""
    got = b""
    try:
        while not whole(got) and (part := connected.recv(65536)):
            got += part
    except TimeoutError:
        return got, True
    except ConnectionError:
        return got, False
    return got, False


def whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"\ncontent-length: (\d+)", head, re.IGNORECASE)
    return bool(end and length and len(body) >= int(length[1]))


def unchunked(body: bytes) -> bytes:
    """What comes in pieces, together."""
    found = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        found, body = found + rest[:length], rest[length + 2 :]
    return found


def answer(got: bytes, late: bool, seconds: float) -> Answer:
    head, _, body = got.partition(b"\r\n\r\n")
    body = unchunked(body) if b"\ntransfer-encoding: chunked" in head else body
    first, *lines = head.decode("latin-1").split("\r\n")
    status = re.match(r"HTTP/1\.[01] (\d{3})", first)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(-1 if late else int(status[1]) if status else 0, headers, body, seconds)


def database_under_test() -> str:
    """URL at which another process meets this test's rows."""
    at = connection.settings_dict
    return f"postgresql://{quote(at['USER'])}:{quote(at['PASSWORD'])}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


@contextmanager
def web_server(log: Path, **environment: str) -> Iterator[int]:
    """Port of a running server; ends with the scope."""
    port = free_port()
    given = {**os.environ, "DATABASE_URL": database_under_test(), **UNLIMITED, **environment}
    with log.open("ab") as output:
        process = subprocess.Popen(web_command(port), cwd=ROOT, env=given, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(port):
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, "the web server does not start"
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def web(module_database: Databases, tmp_path_factory: pytest.TempPathFactory) -> Generator[Web, None, None]:
    """The server without rate limits, impatient with bodies; rows stay until the module is done."""
    folder = tmp_path_factory.mktemp("web")
    cast = cast_made()
    judged = judged_make(cast, folder)
    with web_server(folder / "web.log", BODY_PATIENCE_SECONDS="1") as port:
        yield Web(port, cast, judged)
