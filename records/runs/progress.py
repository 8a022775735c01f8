"""A run's progress as people see it: kept in memory, written to the run's row at most twice a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from records.runs.models import Run
from records.runs.services import run_note
from records.states import STAGES
from rulepacks.engine.progress import Progress
from tenants.availability import patiently
from tenants.context import tenant_scope
from tenants.work.services import Claim, work_extend

FLUSH_SECONDS = 0.5
SAMPLE_SECONDS = 0.2
MAX_SAMPLES = 240


@contextmanager
def step(claim: Claim) -> Iterator[None]:
    """One short transaction of the claim's tenant."""
    with tenant_scope(claim.tenant_id), transaction.atomic():
        yield


class RunProgress:
    """Collects what the child reports; `beat` writes it, keeps the lease, and looks whether to stop.

    The document: `stages` (name, state of waiting, running or done, seconds, `amount` with `unit` once known, `done`
    of `total` while it runs), `groups` of rules (name, done, total, message), `rows` read of the records' input,
    `rate` in rows per second, `samples` as pairs of seconds since the start and rows, `seconds` so far.
    """

    def __init__(self, run: Run, claim: Claim, clock: Callable[[], float] = time.monotonic) -> None:
        self.run, self.claim, self.clock = run, claim, clock
        self.began = self.stage_began = clock()
        self.written = self.extended = float("-inf")
        self.stop = False
        self.stage = STAGES[0]
        self.stages: dict[str, dict[str, Any]] = {name: {"name": name, "state": "waiting"} for name in STAGES}
        self.groups: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []
        self.rows = 0
        self.samples: list[tuple[float, int]] = []

    def enter(self, stage: str) -> None:
        """The stage begins; those before it are done."""
        if STAGES.index(stage) <= STAGES.index(self.stage):
            return
        now = self.clock()
        self.leave(now)
        self.stage, self.stage_began = stage, now
        self.stages[stage]["state"] = "running"
        self.notes.append(f"{stage} began")

    def leave(self, now: float) -> None:
        """The stage is done, and so is each before it."""
        self.stages[self.stage]["seconds"] = round(now - self.stage_began, 3)
        for name in STAGES[: STAGES.index(self.stage) + 1]:
            self.stages[name]["state"] = "done"

    def settle(self, stage: str, amount: int, unit: str, seconds: float) -> None:
        """What a stage of the child came to, measured by the child itself."""
        self.stages[stage].update(amount=amount, unit=unit, seconds=round(seconds, 3))

    def report(self, progress: Progress) -> None:
        """Take in what the child says, and write it when it is time to."""
        if progress.stage == "rules":
            self.enter("Rules")
            self.stages["Rules"].update(done=progress.done, total=progress.total)
            if progress.group:
                group = {"name": progress.group, "done": progress.done, "total": progress.total}
                self.groups[progress.group] = {**group, "message": progress.message}
        elif progress.stage == "read":
            self.enter("Read")
            self.stages["Read"].update(done=progress.done, total=progress.total, message=progress.message)
        else:
            # Rows are written while the next ones are read: both stages go on at once.
            self.enter("Read")
            self.stages["Snapshot"].update(state="running", done=progress.done, message=progress.message)
            if progress.group == records_input(self.run):
                self.sample(progress.done)
        self.beat()

    def sample(self, rows: int) -> None:
        """Note how many rows have been read by now."""
        self.rows, now = rows, round(self.clock() - self.began, 2)
        if not self.samples or now - self.samples[-1][0] >= SAMPLE_SECONDS:
            self.samples.append((now, rows))
        if len(self.samples) > MAX_SAMPLES:
            self.samples = self.samples[::2]

    def document(self) -> dict[str, Any]:
        """The progress as it is stored."""
        now = self.clock()
        if self.stages[self.stage]["state"] == "running":
            self.stages[self.stage]["seconds"] = round(now - self.stage_began, 3)
        return {
            "stages": list(self.stages.values()),
            "groups": list(self.groups.values()),
            "rows": self.rows,
            "rate": round(self.rows / (now - self.began)) if now > self.began else 0,
            "seconds": round(now - self.began, 3),
            "samples": self.samples,
        }

    def cancelled(self) -> bool:
        """Whether somebody asked the run to stop, as of the last beat. Raises `LeaseLost`."""
        self.beat()
        return self.stop

    def beat(self, *, at_once: bool = False) -> None:
        """Write progress and keep the lease when it is time to, or at once. Raises `LeaseLost`.

        The child goes on while the database is away.
        """
        now = self.clock()
        if at_once or now - self.written >= FLUSH_SECONDS:
            self.written = now
            patiently(partial(self.settle_up, now))

    def settle_up(self, now: float) -> None:
        with step(self.claim):
            if now - self.extended > settings.WORK_LEASE_SECONDS / 4:
                work_extend(self.claim)
                self.extended = now
            self.write()

    def write(self) -> None:
        """Put the document on the run's row, in the caller's transaction."""
        for note in self.notes:
            run_note(self.run, note)
        self.notes.clear()
        row = Run.objects.filter(id=self.run.id)
        row.update(stage=self.stage, progress=self.document(), revision=F("revision") + 1)
        self.stop = bool(row.values_list("cancel_requested", flat=True).get())


def records_input(run: Run) -> str:
    """Name of the input whose rows are the records; empty when there is no pack to say so."""
    return str(run.pack_version.summary["inputs"][0]["name"]) if run.pack_version else ""
