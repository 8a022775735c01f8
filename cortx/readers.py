"""Answers that are sent as they are read: whoever reads slowly holds a thread of the server, and nothing else."""

import threading
from collections import Counter
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from cortx.arrivals import counted_for
from cortx.bodies import let_go
from cortx.errors import refused
from tenants.problems import TooMany

AT_ONCE, AT_ONCE_ALL = 64, 256
"""Answers that one tenant or address, and all together, may be reading: a part of the server's threads."""


class TooManyRead(TooMany):
    """The caller reads that many answers at the same time."""

    retry_after = 5


class Readers:
    """How many answers each caller is reading from this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading = Counter[str]()

    def enter(self, caller: str) -> Callable[[], None]:
        """Count an answer; returns what ends its count, once. Raises `TooManyRead`."""
        with self._lock:
            if self._reading[caller] >= AT_ONCE or self._reading.total() >= AT_ONCE_ALL:
                raise TooManyRead(f"{self._reading[caller]} downloads are under way, expected at most {AT_ONCE}")
            self._reading[caller] += 1
        return lambda: self._leave(caller)

    def _leave(self, caller: str) -> None:
        with self._lock:
            self._reading[caller] -= 1
            if not self._reading[caller]:
                del self._reading[caller]


class ReaderMiddleware:
    """Stands around everything that asks the database: what it lent goes back before the answer is sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.readers = Readers()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not response.streaming:
            return response
        let_go()
        try:
            response._resource_closers.append(self.readers.enter(counted_for(request)))  # type: ignore[attr-defined]
        except TooManyRead as refusal:
            response.close()
            return refused(request, refusal)
        return response
