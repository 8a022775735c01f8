"""One request and no more: no redirects, no proxies, an end to waiting and to reading."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from threading import Thread

import pytest
from pytest_django import Settings

from tenants.outgoing.addresses import Refused, Unreachable
from tenants.outgoing.client import ANSWER_BYTES, post
from tenants.outgoing.tests.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as one:
        settings.OUTGOING_HOSTS_ALLOWED = [one.place]
        yield one


def test_a_body_arrives_with_its_headers_and_the_answer_is_cut(receiver: Receiver) -> None:
    receiver.answers.append(200)
    answer = post(f"http://{receiver.place}/in?a=b", b"body", {"Idempotency-Key": "k"})
    assert (answer.status, len(answer.body), receiver.got) == (200, ANSWER_BYTES, [("k", b"body")])


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.answers.append(302)
    assert post(f"http://{receiver.place}/in", b"", {}).status == 302
    assert len(receiver.got) == 1


def test_a_proxy_of_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert post(f"http://{receiver.place}/in", b"", {}).status == 204


def test_what_the_operator_does_not_let_through_is_never_connected_to(receiver: Receiver, settings: Settings) -> None:
    settings.OUTGOING_HOSTS_ALLOWED = []
    for url in (f"http://{receiver.place}/", f"https://{receiver.place}/", f"https://localhost:{receiver.port}/"):
        with pytest.raises(Refused):
            post(url, b"", {})
    with pytest.raises(Refused, match="no public address"):
        post("https://localhost/", b"", {})
    assert receiver.got == []


def test_a_host_that_does_not_speak_tls_or_is_not_there_is_told_in_plain_words(
    receiver: Receiver, settings: Settings
) -> None:
    with pytest.raises(Unreachable, match=r"does not speak TLS|broke off"):
        post(f"https://{receiver.place}/", b"", {})
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        place = f"127.0.0.1:{gone.getsockname()[1]}"
    settings.OUTGOING_HOSTS_ALLOWED = [place]
    with pytest.raises(Unreachable, match="refuses the connection"):
        post(f"http://{place}/", b"", {})


def test_a_host_that_drips_is_cut_off_when_the_time_is_over(settings: Settings) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        settings.OUTGOING_HOSTS_ALLOWED = [place := f"127.0.0.1:{server.getsockname()[1]}"]

        def drip() -> None:
            connection = server.accept()[0]
            with connection, suppress(OSError):
                for sign in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200:
                    connection.sendall(bytes([sign]))
                    time.sleep(0.02)

        dripping = Thread(target=drip)
        dripping.start()
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            post(f"http://{place}/", b"", {}, seconds=0.3)
        assert time.monotonic() - began < 2
        dripping.join()
