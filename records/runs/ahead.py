"""Records put in while their rules are still being judged, on PostgreSQL, where one processor has nothing else to do.

They are put into the transaction that stores the verdicts too, which a thread holds open meanwhile: nobody sees them
before. Whatever goes wrong until then costs the head start alone: the verdicts are stored as if there had been none.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event

import pyarrow.parquet as pq
from django.db import connection, transaction

from records.datasets.models import Batch
from records.runs.bulk import REJECTED, on_postgresql, records_insert
from records.runs.models import Run
from records.runs.progress import records_input, step
from records.runs.results import rejected_rows
from rulepacks.engine.progress import Progress
from rulepacks.engine.summary import Summary
from tenants.work.services import Claim

LEAST_ROWS = 20_000
"""Fewer are put in within a moment anyway."""
MOST_CHANGED = 0.2
"""Share of records that do not plainly pass up to which changing those takes less than putting all in."""
KEEP_SECONDS = 0.5
PATIENCE_SECONDS, AWAKE_SECONDS = 60.0, 5.0
"""How long the transaction stays open for the verdicts, and how often the session says that it is not frozen."""

Store = Callable[[int | None], None]
"""Stores verdicts in the open transaction, given how many records are in already."""


class Unwanted(Exception):
    """The records put in are taken back."""


@dataclass(frozen=True)
class _Given:
    store: Store
    is_worth: bool


class HeadStart:
    """The thread and what it is told. `watch` may start it; `store` or `leave` ends it."""

    def __init__(self, run: Run, claim: Claim, out: Path) -> None:
        self.run, self.claim, self.out = run, claim, out
        self._threads = ThreadPoolExecutor(max_workers=1)
        self._held: Future[None] | None = None
        self._told: SimpleQueue[_Given | None] = SimpleQueue()
        self._are_in = Event()
        self._is_looked_at = self._is_taken = False

    def watch(self, progress: Progress) -> None:
        """Begin with the rules, for a long delivery that was never judged: its rows are known from then on."""
        batch = self.run.batch
        if self._is_looked_at or progress.stage != "rules":
            return
        self._is_looked_at = True
        if on_postgresql() and batch and not batch.current_run_id and (rows := self._accepted()) >= LEAST_ROWS:
            self._held = self._threads.submit(copy_context().run, self._hold, batch, rows)

    def _accepted(self) -> int:
        snapshot = self.out / "snapshot" / f"{records_input(self.run)}.parquet"
        return int(pq.read_metadata(snapshot).num_rows) if snapshot.is_file() else 0

    def store(self, store: Store, summary: Summary, keep: Callable[[], None]) -> bool:
        """Let `store` run where the records are; False when there is no such place, and nothing was done.

        Until all of them are in, `keep` is called to keep the lease: only `store` closes the work, and from then on
        nobody else may touch it. Raises what either raises.
        """
        if self._held is None:
            return False
        while not self._are_in.wait(KEEP_SECONDS):
            keep()
        records = sum(summary.records.values())
        changed = records - summary.records["processed"]
        self._told.put(_Given(store, changed <= MOST_CHANGED * records))
        error = self._held.exception()
        if error and self._is_taken:
            raise error
        return self._is_taken

    def leave(self) -> None:
        """Take back what nobody asked for."""
        self._told.put(None)
        self._threads.shutdown()

    def _hold(self, batch: Batch, accepted: int) -> None:
        try:
            with step(self.claim):
                before = transaction.savepoint()
                records: int | None = self._put_in(batch, accepted)
                self._are_in.set()
                given = self._wait()
                self._is_taken = True
                if not given.is_worth:
                    transaction.savepoint_rollback(before)
                    records = None
                given.store(records)
        finally:
            self._are_in.set()
            connection.close()

    def _put_in(self, batch: Batch, accepted: int) -> int:
        """All accepted rows, as if they had passed; how many."""
        with (self.out / "rejected.ndjson").open(encoding="utf-8") as lines:
            rejected = [(number, REJECTED) for number in rejected_rows(lines, records_input(self.run))]
        return records_insert(batch, accepted + len(rejected), rejected)

    def _wait(self) -> _Given:
        """What `store` says. Raises `Unwanted` when that takes too long, and when nothing comes."""
        for _ in range(int(PATIENCE_SECONDS / AWAKE_SECONDS)):
            try:
                given = self._told.get(timeout=AWAKE_SECONDS)
            except Empty:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            else:
                if given:
                    return given
                break
        raise Unwanted


@contextmanager
def head_start(run: Run, claim: Claim, out: Path) -> Iterator[HeadStart]:
    """A head start for the length of the scope."""
    one = HeadStart(run, claim, out)
    try:
        yield one
    finally:
        one.leave()
