"""Looks at a batch from outside, again and again, while things go wrong."""

import os
import resource
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

from cortx.tests.faults.installation import Installation
from records.datasets.identity import id_range
from records.tests.workers import Worker
from tenants.models import Work

LOOK_SECONDS = 0.2
COUNTS = """
SELECT (SELECT count(*) FROM records_record WHERE id BETWEEN %s AND %s),
       (SELECT count(*) FROM records_finding WHERE id BETWEEN %s AND %s)
"""
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Watch:
    """Counts the records and findings of a batch that are committed, as anybody could see them."""

    def __init__(self, installation: Installation, batch_id: UUID, run_id: UUID) -> None:
        self.installation, self.ranges = installation, (*id_range(batch_id), *id_range(run_id))
        self.seen: set[tuple[int, ...]] = set()
        self.over = Event()
        self.thread = Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self) -> None:
        while not self.over.wait(LOOK_SECONDS):
            self.seen.update(self.installation.asked(COUNTS, *self.ranges))

    def stop(self) -> None:
        self.over.set()
        self.thread.join()

    @property
    def halves(self) -> int:
        """How many states were seen beside nothing and everything."""
        return max(len(self.seen - {(0, 0)}) - 1, 0)


def holder(run_id: UUID, workers: list[Worker]) -> Worker:
    """The worker that carries out the run."""
    process = int(Work.objects.get(reference=run_id).worker.rpartition(":")[2])
    return next(worker for worker in workers if worker.process.pid == os.getpgid(process))


def family(process: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents.setdefault(int(entry.read_text().rpartition(")")[2].split()[1]), []).append(int(entry.parent.name))
    found = [process]
    for one in found:
        found += parents.get(one, [])
    return found


def disk_full(worker: Worker, room: int) -> None:
    """No file the worker writes may become larger than that; Linux calls it EFBIG, and needs no root for it."""
    for process in family(worker.process.pid):
        with suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


def disk_has_room(worker: Worker) -> None:
    for process in family(worker.process.pid):
        with suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_FSIZE, UNLIMITED)
