"""Progress of one run, as plain values that travel over a pipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    `stage` is "read", "snapshot" or "rules"; `group` the input name or the rule family. While reading, `done` and
    `total` are bytes of the delivered file; afterwards rows or statements.
    """

    stage: str
    group: str
    done: int
    total: int | None
    message: str


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Take a report and show nothing."""
