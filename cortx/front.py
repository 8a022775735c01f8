"""Before the framework: who has been refused is refused again, and everybody else waits for a turn.

A refusal that costs a pass through the framework costs every other tenant the same time. So the one that the limits
gave is kept for a few seconds, for exactly this caller, and given again for next to nothing.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from time import monotonic
from typing import Any, Generic, TypeVar

from django.db import connection
from django.http import HttpResponse

from cortx.callers import CALLER, Caller, Limited, caller_read
from cortx.errors import error_page
from cortx.request_ids import request_id_of
from tenants.context import request_scope
from tenants.http import PROBLEM_JSON, problem_response
from tenants.problems import Refusal
from tenants.rates.turns import Turns

Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Any]
Value = TypeVar("Value")

OPEN = ("/health", "/version", "/static/")
"""Answered without a turn: they cost little, and load balancers ask here whether anybody is alive."""
KNOWN_SECONDS = 300.0
"""How long a credential that was accepted is counted for its tenant without being asked about."""
MOST = 10_000
NOT_KEPT = {"content-length", "content-encoding", "content-type", "x-request-id", "set-cookie"}
COUNTS_DOWN = {"retry-after", "ratelimit-reset"}


class Memory(Generic[Value]):
    """What is remembered of callers for a while, and of not more than so many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[bytes, tuple[Value, float]] = {}

    def get(self, mark: bytes) -> Value | None:
        value, until = self._kept.get(mark, (None, 0.0))
        return value if monotonic() < until else None

    def put(self, mark: bytes, value: Value, seconds: float) -> None:
        """The oldest makes room, so that nobody keeps others out by writing one credential in many ways."""
        with self._lock:
            self._kept.pop(mark, None)
            self._kept[mark] = (value, monotonic() + seconds)
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]


@dataclass(frozen=True)
class Kept:
    """A refusal as the framework gave it."""

    limited: Limited
    headers: Headers
    is_page: bool
    since: float

    def again(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """The same answer for this request: under its own id, with the seconds that are left."""
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        with request_scope(request_id):
            response = self.response()
        gone = int(monotonic() - self.since)
        headers = [(name, str(max(1, int(value) - gone)) if name.lower() in COUNTS_DOWN else value)
                   for name, value in self.headers]  # fmt: skip
        own = {"Content-Type": response["Content-Type"], "Content-Length": str(len(response.content))}
        start_response(status_line(self.limited.status), [*headers, *own.items(), ("X-Request-ID", request_id)])
        return [response.content]

    def response(self) -> HttpResponse:
        """Its body."""
        answer = error_page if self.is_page else problem_response
        return answer(self.limited.status, self.limited.detail)


class Front:
    """The WSGI application around the framework's."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.turns = Turns()
        self.refusals, self.tenants = Memory[Kept](), Memory[str]()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(OPEN) or asks_first(environ):
            answer: Iterable[bytes] = self.application(environ, start_response)
            return answer
        caller = environ[CALLER] = caller_read(environ)
        if kept := self.refusals.get(caller.mark):
            return kept.again(environ, start_response)
        caller.lane = self.tenants.get(caller.credential) or caller.lane
        return self.in_turn(caller, environ, start_response)

    def in_turn(self, caller: Caller, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The framework's answer, once it is the caller's turn."""

        def started(status: str, headers: Headers, *rest: Any) -> Any:
            self.learn(caller, headers)
            return start_response(status, headers, *rest)

        with ExitStack() as turn:
            try:
                caller.turn = self.turns.enter(caller.lane, caller.credential)
                turn.callback(caller.turn.leave)
                turn.enter_context(connection.execute_wrapper(caller.turn.statement))
            except Refusal as refusal:
                caller.refusal = refusal
            response = self.application(environ, started)
            return response if response.streaming else whole(response)

    def learn(self, caller: Caller, headers: Headers) -> None:
        """Keep what the framework found out about the caller."""
        if caller.tenant:
            self.tenants.put(caller.credential, caller.tenant, KNOWN_SECONDS)
        if limited := caller.limited:
            is_page = not any(PROBLEM_JSON in value for _, value in headers)
            kept = [(name, value) for name, value in headers if name.lower() not in NOT_KEPT]
            self.refusals.put(caller.mark, Kept(limited, kept, is_page, monotonic()), limited.seconds)


def whole(response: HttpResponse) -> list[bytes]:
    """The body at once, and the response done with while its turn lasts."""
    try:
        return [response.content]
    finally:
        response.close()


def asks_first(environ: dict[str, Any]) -> bool:
    """Whether a browser asks what another site may do here, which is answered without a look at anything."""
    return environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ


def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
