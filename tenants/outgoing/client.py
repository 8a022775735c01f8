"""One request to a destination that was checked: no redirects, no proxies, an end to its time and to its answer."""

import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer

from tenants.outgoing.addresses import Destination, Unreachable, destination, resolve

SECONDS = 10.0
ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back; the body up to 64 KiB of it."""

    status: int
    body: bytes


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = SECONDS) -> Answer:
    """Send the body; whatever the status, it is answered. Raises `Refused` before anything is sent, `Unreachable`."""
    to, end = destination(url), time.monotonic() + seconds
    addresses = resolve(to, seconds)
    try:
        with _connected(to, addresses, end) as connected:
            return _asked(to, connected, body, headers, end)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unreachable(_told(error, end)) from error


def _asked(to: Destination, connected: socket.socket, body: bytes, headers: Mapping[str, str], end: float) -> Answer:
    if isinstance(connected, ssl.SSLSocket):
        connected.do_handshake()
    connection = http.client.HTTPConnection(to.host, to.port)
    # The connection is the one that was checked: with it in place, http.client looks up and connects nothing itself.
    connection.sock = connected
    connection.request("POST", to.path, body, {"Host": to.named, "User-Agent": "CORTX", **headers})
    answer = connection.getresponse()
    found = Answer(answer.status, answer.read(ANSWER_BYTES))
    if time.monotonic() >= end:
        raise TimeoutError
    return found


@contextmanager
def _connected(to: Destination, addresses: list[str], end: float) -> Iterator[socket.socket]:
    """A connection to one of the addresses, cut off when the time is over, however slowly the other side drips."""
    plain = _first(addresses, to.port, end)
    held = _wrapped(to, plain) if to.scheme == "https" else plain
    cut = Timer(max(0.0, end - time.monotonic()), _shut, [held])
    cut.daemon = True
    cut.start()
    try:
        yield held
    finally:
        cut.cancel()
        held.close()


def _first(addresses: list[str], port: int, end: float) -> socket.socket:
    last: OSError = TimeoutError()
    for address in addresses:
        if (left := end - time.monotonic()) <= 0:
            break
        try:
            return socket.create_connection((address, port), left)
        except OSError as error:
            last = error
    raise last


def _wrapped(to: Destination, plain: socket.socket) -> socket.socket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=to.host, do_handshake_on_connect=False)


def _shut(held: socket.socket) -> None:
    # The plain one: that of TLS would drop its state under the hands of who is reading.
    try:
        socket.socket.shutdown(held, socket.SHUT_RDWR)
    except OSError:
        return


def _told(error: Exception, end: float) -> str:
    """Why there is no answer, in words that tell nothing of the other side's insides."""
    if isinstance(error, TimeoutError) or time.monotonic() >= end:
        return "the host gave no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate of the host is not one to trust"
    if isinstance(error, ssl.SSLError):
        return "the host does not speak TLS as it should"
    if isinstance(error, ConnectionRefusedError):
        return "the host refuses the connection"
    return "the connection to the host broke off" if isinstance(error, OSError) else "the host does not speak HTTP"
