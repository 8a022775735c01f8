"""Bodies on their way in: whole or refused, bounded for each caller, and never at the expense of the database."""

import errno
import socket
import threading
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from cortx import arrivals
from cortx.arrivals import AT_ONCE_ALL, AT_ONCE_LARGE, AT_ONCE_SMALL, SMALL, Arrival, Arrivals, TooManyAtOnce, TooSlow
from cortx.testing.web import request
from records.datasets.models import Batch
from records.tests.judged import Judged
from tenants.access.keys import key_issue
from tenants.context import tenant_scope
from tenants.problems import ValidationProblem
from tenants.tests.cast import Cast


class Silent(BytesIO):
    """Gives what it has, then says nothing until it is told to."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.told = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        if found := super().read(size):
            return found
        self.told.wait(30)
        return b""


def arrival(source: IO[bytes], length: int, left: list[str] | None = None) -> Arrival:
    return Arrival(source, length, lambda: (left if left is not None else []).append("left"))


def test_a_body_comes_whole_and_from_its_beginning() -> None:
    content, left = b"x" * 3_000_000, list[str]()
    with arrival(BytesIO(content), len(content), left).wait() as body:
        assert body.read() == content
    assert left == ["left"]


def test_a_body_that_ends_early_is_refused_with_what_came() -> None:
    with pytest.raises(ValidationProblem, match="ended after 3 of 10 bytes"):
        arrival(BytesIO(b"abc"), 10).wait()


def test_a_sender_who_goes_away_has_ended_the_body() -> None:
    class Gone(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ValidationProblem, match="ended after 0 of 10 bytes"):
        arrival(Gone(), 10).wait()


def test_a_body_that_stops_is_given_up_and_counts_until_its_sender_goes(settings: Any) -> None:
    settings.BODY_PATIENCE_SECONDS = 1
    source, left = Silent(b"abc"), list[str]()
    waiting = arrival(source, 10, left)
    with pytest.raises(TooSlow, match="3 of 10 bytes came, then none for 1 seconds"):
        waiting.wait()
    assert left == []
    source.told.set()
    assert waiting.done.wait(5)
    assert left == ["left"]


def test_a_full_disk_is_said_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(arrivals, "SpooledTemporaryFile", lambda *_, **__: Full())
    with pytest.raises(OSError, match="No space left"):
        arrival(BytesIO(b"abc"), 3).wait()


def test_a_caller_has_so_many_bodies_under_way_and_no_more() -> None:
    counted = Arrivals()
    leave = [counted.enter("agency", SMALL + 1) for _ in range(AT_ONCE_LARGE)]
    with pytest.raises(TooManyAtOnce):
        counted.enter("agency", SMALL + 1)
    counted.enter("agency", SMALL)
    counted.enter("elsewhere", SMALL + 1)
    leave[0]()
    counted.enter("agency", SMALL + 1)
    for _ in range(AT_ONCE_SMALL - 1):
        counted.enter("agency", SMALL)
    with pytest.raises(TooManyAtOnce):
        counted.enter("agency", SMALL)


def test_all_callers_together_leave_threads_for_those_who_only_read() -> None:
    counted = Arrivals()
    for number in range(AT_ONCE_ALL):
        counted.enter(f"tenant {number // 2}", SMALL + 1)
    with pytest.raises(TooManyAtOnce):
        counted.enter("another", SMALL + 1)


def test_what_is_not_allowed_is_refused_before_it_is_read(cast: Cast, judged: Judged, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 100
    text = key_issue(tenant=cast.tenant, name="reader", scopes=["read"])[1]
    for headers, status in (({"X-Tenant": "agency"}, 401), ({"X-API-Key": "wrong"}, 401), ({"X-API-Key": text}, 403)):
        sent = Client(headers=headers).post("/api/v1/batches?dataset=a", b"x" * 1000, content_type="text/csv")
        assert sent.status_code == status
    refused = cast.browser(cast.analyst).post("/api/v1/batches?dataset=a", b"x" * 101, content_type="text/csv")
    assert (refused.status_code, refused.json()["detail"]) == (413, "The body is 101 bytes long, expected at most 100")


@pytest.mark.django_db(transaction=True)
def test_half_a_delivery_leaves_nothing(cast: Cast, live_server: LiveServer) -> None:
    text = key_issue(tenant=cast.tenant, name="loader", scopes=["write"])[1]
    headers: list[tuple[str | bytes, str | bytes]] = [
        ("X-API-Key", text),
        ("Content-Type", "text/csv"),
        ("Content-Length", "500"),
    ]
    with socket.create_connection((live_server.thread.host, live_server.thread.port)) as connected:
        connected.sendall(request("POST", "/api/v1/batches?dataset=cut", headers, b"a,b\n1,2\n"))
        connected.shutdown(socket.SHUT_WR)
        assert b" 400 " in connected.recv(65536)
    with tenant_scope(cast.tenant.id):
        assert Batch.objects.count() == 0
