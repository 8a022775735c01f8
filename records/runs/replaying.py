"""Recomputing what a run decided, from what it was decided on: the snapshots, the pack and the parameters."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pyarrow.parquet as pq

from records.datasets.models import BatchInput
from records.files import local_copy
from records.runs.models import Run
from records.states import RunStatus
from rulepacks.catalog.limits import run_limits
from rulepacks.catalog.selectors import pack_folder
from rulepacks.engine import ENGINE_VERSION
from rulepacks.engine.request import RunRequest
from rulepacks.engine.sandbox import run_in_child
from rulepacks.engine.snapshot import file_sha256
from rulepacks.engine.summary import Summary
from tenants.problems import StateConflict

SMALL_GROUPS, THREADS = 1_000, 2
SEED = 2026


@dataclass(frozen=True)
class Replayed:
    """One recomputation: how it was done, what it came to, and the folder with its files."""

    how: str
    summary: Summary
    out: Path


def replay_request(run: Run, scratch: Path) -> RunRequest:
    """What the run was asked, over its snapshots. The scratch folder is empty.

    Raises `StateConflict` when the run decided nothing, or a snapshot is not the one it was decided on.
    """
    if run.status != RunStatus.COMPLETED or run.batch is None or run.pack_version is None:
        raise StateConflict("Only a completed run of a batch by a pack can be replayed")
    stored = {one.name: snapshot_of(one, scratch) for one in BatchInput.objects.filter(batch=run.batch).order_by("id")}
    return RunRequest(
        pack=pack_folder(run.pack_version),
        inputs=(),
        snapshots=stored,
        parameters={name: str(value) for name, value in run.parameters.items()},
        out=scratch / "as-stored",
        limits=run_limits(),
        severities=run.severities,
    )


def replay(request: RunRequest, scratch: Path) -> Iterator[Replayed]:
    """Judge the snapshots as they are stored, then with everything different that must make no difference."""
    yield judged(f"as stored, {request.limits.threads} thread", request)
    moved = scratch / "moved"
    moved.mkdir()
    other = replace(
        request,
        snapshots={name: shuffled(path, moved / f"{name}.parquet") for name, path in request.snapshots.items()},
        out=scratch / "otherwise",
        limits=replace(request.limits, threads=THREADS),
    )
    yield judged(f"rows shuffled, in groups of {SMALL_GROUPS:,}, {THREADS} threads", other)


def engine_differs(run: Run) -> str:
    """A word on the engine, when it is not the one that decided."""
    if run.engine_version == ENGINE_VERSION:
        return ""
    return f"decided by engine {run.engine_version}, replayed by {ENGINE_VERSION}"


def judged(how: str, request: RunRequest) -> Replayed:
    """The run once more, in a process of its own."""
    summary = run_in_child(request, on_progress=lambda progress: None, cancelled=lambda: False)
    return Replayed(how, summary, request.out)


def snapshot_of(one: BatchInput, scratch: Path) -> Path:
    """Local copy of a snapshot, checked against the hash that was recorded."""
    path = local_copy(one.snapshot, scratch)
    if file_sha256(path) != one.snapshot_sha256:
        raise StateConflict(f"The snapshot of {one.name} is not the one that was recorded")
    return path


def shuffled(path: Path, moved: Path) -> Path:
    """The same rows with the same row numbers in another physical order."""
    table = pq.read_table(path)
    order = list(range(table.num_rows))
    Random(SEED).shuffle(order)  # noqa: S311 - any order will do
    pq.write_table(table.take(order), moved, row_group_size=SMALL_GROUPS)
    return moved
