"""How much of the server each lane has used lately, and who has used little beside another."""

import math
from collections.abc import Iterable

REMEMBERED_SECONDS = 10.0
"""Use counts for less the longer it is ago: after this long for about a third."""
LITTLE = 0.5
"""Who has used less than this share of what another has used goes before it."""
ABOUT_SECONDS = 2.0
"""How long somebody is about after a request."""
UNKNOWN = "address:"
"""How lanes begin of which nobody is known yet. No other makes room for them: a flood of new keys begins there."""
LANES = 1_000
"""More than this are not remembered without need."""
NEGLIGIBLE_SECONDS = 0.001


class Use:
    """Seconds that requests ran, by lane. Times are those of one clock; whoever uses it holds a lock."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[float, float]] = {}
        self._about: dict[str, float] = {}

    def add(self, lane: str, seconds: float, now: float) -> None:
        """A request of the lane ran for so long."""
        self._used[lane] = (self.of(lane, now) + seconds, now)
        self._about.pop(lane, None)
        self._about[lane] = now
        if len(self._used) > LANES:
            self._used = {name: used for name, used in self._used.items() if self.of(name, now) > NEGLIGIBLE_SECONDS}

    def of(self, lane: str, now: float) -> float:
        """Seconds, the recent ones in full."""
        seconds, at = self._used.get(lane, (0.0, now))
        return seconds * math.exp((at - now) / REMEMBERED_SECONDS)

    def is_much(self, lane: str, others: Iterable[str], now: float) -> bool:
        """Whether one of the others has used little beside this lane."""
        little = LITTLE * self.of(lane, now)
        known = (other for other in others if other != lane and not other.startswith(UNKNOWN))
        return any(self.of(other, now) < little for other in known)

    def about(self, now: float) -> Iterable[str]:
        """Lanes that asked for something a moment ago."""
        while self._about and next(iter(self._about.values())) < now - ABOUT_SECONDS:
            del self._about[next(iter(self._about))]
        return self._about
