"""Progress of one run, as plain values that travel over a pipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ONE_BY_ONE = "one by one"
STUCK = "stuck"


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    `stage` is "read", "snapshot" or "rules"; `group` the input name or the rule family. While reading, `done` and
    `total` are bytes of the delivered file; afterwards rows or statements. No group stands for the beginning of the
    rules, when all snapshots and the rejected rows are written. Rules that are tried one by one are named
    before they are: `group` then ends in `ONE_BY_ONE`, and `message` holds their codes. The group `STUCK` says that
    a statement cannot be stopped: the process that judges must be ended.
    """

    stage: str
    group: str
    done: int
    total: int | None
    message: str

    @property
    def tried(self) -> tuple[str, ...]:
        """Codes of the rules, or names of the tables, that are being tried by themselves."""
        return tuple(self.message.split(", ")) if self.group.endswith(ONE_BY_ONE) else ()


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Take a report and show nothing."""
