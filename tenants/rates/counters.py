"""Requests counted by the minute: in Redis for all web processes together, otherwise in this process's memory."""

import threading
import time
from collections.abc import Sequence
from functools import cache

import redis
from django.conf import settings

WINDOW_SECONDS = 60
PAUSE_SECONDS = 5.0
"""How long an absent Redis is not asked again: every request would wait for it."""


class MemoryCounters:
    """Counts of the current window. One web process serves an installation without Redis."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window, self._counts = 0, dict[str, int]()

    def add(self, buckets: Sequence[str], window: int) -> list[int]:
        """Count one request in each bucket; returns the counts."""
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            for bucket in buckets:
                self._counts[bucket] = self._counts.get(bucket, 0) + 1
            return [self._counts[bucket] for bucket in buckets]


class RedisCounters:
    """Counts shared by all web processes. While Redis does not answer, nothing is counted and nobody is refused."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5)
        self._asked_again_at = 0.0

    def add(self, buckets: Sequence[str], window: int) -> list[int]:
        """Count one request in each bucket; returns the counts, 0 when Redis does not answer."""
        if time.monotonic() < self._asked_again_at:
            return [0] * len(buckets)
        names = [f"cortx:rate:{bucket}:{window}" for bucket in buckets]
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.incr(name)
                    pipeline.expire(name, 2 * WINDOW_SECONDS)
                return [int(count) for count in pipeline.execute()[::2]]
        except redis.RedisError:
            self._asked_again_at = time.monotonic() + PAUSE_SECONDS
            return [0] * len(buckets)


@cache
def counters() -> MemoryCounters | RedisCounters:
    """Where this installation counts."""
    return RedisCounters(settings.REDIS_URL) if settings.REDIS_URL else MemoryCounters()
