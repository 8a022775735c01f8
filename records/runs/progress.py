"""A run's progress as people see it: kept in memory, written to the run's row at most twice a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from records.runs.models import Run
from records.runs.services import run_note
from records.states import STAGES
from rulepacks.engine.progress import Progress
from tenants.context import tenant_scope
from tenants.work.services import Claim, work_extend

FLUSH_SECONDS = 0.5
MAX_SAMPLES = 240
CHILD_STAGES = {"read": "Read", "snapshot": "Snapshot", "rules": "Rules"}


@contextmanager
def step(claim: Claim) -> Iterator[None]:
    """One short transaction of the claim's tenant."""
    with tenant_scope(claim.tenant_id), transaction.atomic():
        yield


class RunProgress:
    """Collects what the child reports; `beat` writes it, keeps the lease, and looks whether to stop.

    The document: `stages` (name, state of waiting, running, done or failed, amount, unit, seconds), `groups` of rules
    (name, done, total, seconds), `rows` read of `total` (None while unknown), `rate` in rows per second, and
    `samples` as pairs of seconds since the start and rows.
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
        self.rows, self.total = 0, None if run.rows_read == 0 else run.rows_read
        self.samples: list[tuple[float, int]] = []

    def enter(self, stage: str) -> None:
        """The stage begins; those before it are done."""
        if stage == self.stage:
            return
        now = self.clock()
        self.leave(now)
        self.stage, self.stage_began = stage, now
        self.stages[stage]["state"] = "running"
        self.notes.append(stage)

    def leave(self, now: float) -> None:
        current = self.stages[self.stage]
        current.update(state="done", seconds=round(now - self.stage_began, 3))
        for name in STAGES[: STAGES.index(self.stage)]:
            self.stages[name]["state"] = "done"

    def amount(self, stage: str, amount: int, unit: str) -> None:
        """How much a stage has done, for display beside it."""
        self.stages[stage].update(amount=amount, unit=unit)

    def report(self, progress: Progress) -> None:
        """Take in what the child says, and write it when it is time to."""
        stage = CHILD_STAGES[progress.stage]
        if STAGES.index(stage) > STAGES.index(self.stage):
            self.enter(stage)
        if progress.stage == "rules":
            self.rule_group(progress)
        else:
            self.read(progress)
        self.beat()

    def rule_group(self, progress: Progress) -> None:
        now = round(self.clock() - self.began, 3)
        group = self.groups.setdefault(progress.group, {"name": progress.group, "began": now})
        group.update(done=progress.done, total=progress.total, message=progress.message)
        group["seconds"] = round(now - group["began"], 3)

    def read(self, progress: Progress) -> None:
        self.stages[CHILD_STAGES[progress.stage]].update(message=progress.message, done=progress.done)
        if progress.stage == "snapshot":
            self.rows = max(self.rows, progress.done)
            self.samples.append((round(self.clock() - self.began, 2), self.rows))
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
            "total": self.total,
            "rate": round(self.rows / (now - self.began)) if now > self.began else 0,
            "seconds": round(now - self.began, 3),
            "samples": self.samples,
        }

    def cancelled(self) -> bool:
        """Whether somebody asked the run to stop, as of the last beat. Raises `LeaseLost`."""
        self.beat()
        return self.stop

    def beat(self) -> None:
        """Write progress and keep the lease when it is time to. Raises `LeaseLost`."""
        now = self.clock()
        if now - self.written < FLUSH_SECONDS:
            return
        self.written = now
        with step(self.claim):
            if now - self.extended > settings.WORK_LEASE_SECONDS / 4:
                work_extend(self.claim)
                self.extended = now
            self.write()

    def write(self) -> None:
        """Put the document on the run's row, in the caller's transaction."""
        for stage in self.notes:
            run_note(self.run, f"{stage} began")
        self.notes.clear()
        row = Run.objects.filter(id=self.run.id)
        row.update(stage=self.stage, progress=self.document(), revision=F("revision") + 1)
        self.stop = bool(row.values_list("cancel_requested", flat=True).get())
