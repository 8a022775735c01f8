"""A large run to which something happens, what is seen of it meanwhile, and how soon it goes on."""

import time
from collections.abc import Callable

from cortx.testing.figures import RecordFigure
from cortx.tests.faults.installation import wait_until
from cortx.tests.faults.sender import Sender
from cortx.tests.faults.watch import Watch, holder
from records.tests.workers import Worker

ROWS = 200_000
BEGUN = ("Read", "Snapshot", "Rules")
PATIENCE = 400.0


class Trial:
    """A run that was accepted and is watched until it has ended."""

    def __init__(self, sender: Sender, workers: list[Worker], record_figure: RecordFigure) -> None:
        self.sender, self.workers, self.record_figure = sender, workers, record_figure
        self.installation = sender.installation
        self.run_id = sender.deliver(ROWS)
        batch = sender.run(self.run_id).batch
        assert batch is not None
        self.watch = Watch(self.installation, batch.id, self.run_id)

    def until(self, condition: Callable[[], object], what: str) -> float:
        return wait_until(condition, what, self.workers[0].log, patience=PATIENCE)

    def begun(self) -> Worker:
        """The worker that has taken it up and reads or judges it by now."""
        self.until(self.sender.reached(self.run_id, *BEGUN), "the run begins")
        return holder(self.run_id, self.workers)

    def goes_on(self) -> float:
        """Seconds from now until a worker takes it up once more, or has it done."""
        before, began = self.sender.attempt(self.run_id), time.monotonic()
        self.until(
            lambda: self.sender.attempt(self.run_id) > before or self.sender.run(self.run_id).ended, "it goes on"
        )
        return time.monotonic() - began

    def ends(self, what: str, recovery: float) -> None:
        """All of it is there, once, and at no time a part of it was; it went on within a lease and ten seconds."""
        self.until(lambda: self.sender.run(self.run_id).ended, "the run ends")
        self.watch.stop()
        self.sender.check(self.run_id)
        allowed = self.installation.lease + 10
        self.record_figure(f"{what}: seconds until it went on, of {allowed}", f"{recovery:.1f}")
        assert self.watch.halves == 0
        assert recovery <= allowed
