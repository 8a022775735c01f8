"""Bodies of requests: taken in whole, measured and watched, before a transaction or a connection waits for them.

The server reads a body only when asked to, blocks until it is there, and knows no timeout for it. So a thread of its
own fetches each body into a spooled file, and the request waits for that thread only as long as something arrives.
"""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from cortx.bodies import let_go
from cortx.callers import caller_of
from cortx.errors import refused
from tenants.access.identity import identity_of
from tenants.http import TenantAPIView
from tenants.problems import Refusal, TooLarge, ValidationProblem

SMALL = 64 * 1024
IN_MEMORY = 1024 * 1024
CHUNK = 16 * 1024
UTF8 = {"utf-8", "utf8", "us-ascii"}
CHARSETS_FOUND_OUT = {"text/csv"}
"""Files are read as what they turn out to be, whatever is said of them."""
WATCHED_SECONDS = 0.25
"""What arrives faster than this is never counted as under way, and keeps its database connection."""
AT_ONCE_SMALL, AT_ONCE_LARGE, AT_ONCE_ALL = 64, 6, 12


class LengthRequired(Refusal):
    """Without a length nobody can tell a body from one that was cut off."""

    status = 411
    code = "length_required"


class UnsupportedMedia(Refusal):
    """The body is written in a way that is not read here."""

    status = 415
    code = "unsupported_media_type"


class TooSlow(Refusal):
    """The body stopped arriving."""

    status = 408
    code = "timeout"


class TooManyAtOnce(Refusal):
    """The caller has that many bodies under way."""

    status = 429
    code = "rate_limited"
    retry_after = 5


class Arrivals:
    """How many bodies each caller has under way in this process, by size; a reader counts until it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._small, self._large = Counter[str](), Counter[str]()

    def enter(self, caller: str, length: int) -> Callable[[], None]:
        """Count a body; returns what ends its count. Raises `TooManyAtOnce`."""
        counts, most = (self._small, AT_ONCE_SMALL) if length <= SMALL else (self._large, AT_ONCE_LARGE)
        with self._lock:
            if counts[caller] >= most or (counts is self._large and counts.total() >= AT_ONCE_ALL):
                raise TooManyAtOnce(f"{counts[caller]} requests with a body are under way, expected at most {most}")
            counts[caller] += 1

        def leave() -> None:
            with self._lock:
                counts[caller] -= 1

        return leave


class Arrival:
    """One body on its way into a file, fetched by a thread that nobody can interrupt while it waits for the sender."""

    def __init__(self, source: IO[bytes], length: int, leave: Callable[[], None]) -> None:
        folder = Path(settings.SCRATCH_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        self.file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115 - as long as the request
        self.source, self.length, self.leave = source, length, leave
        self.received = 0
        self.fault: OSError | None = None
        self.done, self.given_up = threading.Event(), False
        threading.Thread(target=self.fetch, name="arrival", daemon=True).start()

    def fetch(self) -> None:
        """Copy what arrives, until it is all there, the sender ends, or nobody waits any more."""
        try:
            while self.received < self.length and not self.given_up and (data := self.next()):
                self.file.write(data)
                self.received += len(data)
        except OSError as fault:
            self.fault = fault
        finally:
            self.leave()
            self.done.set()

    def next(self) -> bytes:
        """The next part; nothing when the sender has gone."""
        with suppress(OSError):
            return self.source.read(min(CHUNK, self.length - self.received))
        return b""

    def wait(self, away: Callable[[], AbstractContextManager[None]] = nullcontext) -> IO[bytes]:
        """The whole body; others have their turn when it takes long.

        Raises `TooSlow`, `ValidationProblem` when it ends early, OSError when it finds no room.
        """
        if not self.done.wait(WATCHED_SECONDS):
            let_go()
            with away():
                self.watch()
        if not self.done.is_set():
            self.given_up = True
            raise TooSlow(f"{self.received:,} of {self.length:,} bytes came, then none for "
                          f"{settings.BODY_PATIENCE_SECONDS} seconds")  # fmt: skip
        if self.fault is not None:
            raise self.fault
        if self.received < self.length:
            raise ValidationProblem(f"The body ended after {self.received:,} of {self.length:,} bytes")
        self.file.seek(0)
        return self.file

    def watch(self) -> None:
        """Return when the body is there, or nothing more of it arrives."""
        seen = -1
        while not self.done.is_set() and seen < self.received:
            seen = self.received
            self.done.wait(settings.BODY_PATIENCE_SECONDS)


class BodyMiddleware:
    """Stands before the caller's transaction. What nobody will read is left unread: the refusal comes first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.arrivals = Arrivals()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            body = self.body_of(request)
        except Refusal as refusal:
            return refused(request, refusal)
        if body is None:
            return self.get_response(request)
        with body:
            request._stream = body  # type: ignore[assignment]
            return self.get_response(request)

    def body_of(self, request: HttpRequest) -> IO[bytes] | None:
        """The whole body, None when there is none to read. Raises `Refusal`."""
        limit = allowance(request)
        length = declared_length(request) if limit else 0
        if not length:
            return None
        if length > limit:
            raise TooLarge(f"The body is {length:,} bytes long, expected at most {limit:,}")
        leave = self.arrivals.enter(counted_for(request), length)
        return Arrival(request._stream, length, leave).wait(caller_of(request).away)


def declared_length(request: HttpRequest) -> int:
    """Bytes to come. Raises `LengthRequired` and `UnsupportedMedia`."""
    if request.headers.get("Transfer-Encoding"):
        raise LengthRequired("The body has no length, expected the header Content-Length")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMedia(f"The Content-Encoding is {encoding[:40]!r}, expected none")
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.lower() not in UTF8 and request.content_type not in CHARSETS_FOUND_OUT:
        raise UnsupportedMedia(f"The charset is {charset[:40]!r}, expected utf-8")
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def allowance(request: HttpRequest) -> int:
    """How many bytes the caller may send here; 0 when they will not be read."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return 0
    if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"}:
        return 0
    identity = identity_of(request)
    view = getattr(match.func, "view_class", None)
    if view and issubclass(view, TenantAPIView):
        if not view.takes(request, identity):
            return 0
    elif identity.is_anonymous:
        return SMALL
    large = getattr(view or match.func, "takes_files", False)
    return int(settings.UPLOAD_LIMIT_BYTES if large else settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def counted_for(request: HttpRequest) -> str:
    """Whom the body is counted for: a tenant, or whoever connects from that address."""
    tenant = identity_of(request).tenant
    return str(tenant.id) if tenant else str(request.META.get("REMOTE_ADDR", ""))
