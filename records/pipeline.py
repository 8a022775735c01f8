"""The story of a run, top to bottom: load, run, store, follow up.

Every step is a short transaction of its own; only `store` decides anything, and only while the work is still ours. Its
transaction may have begun with the rules, to put the records in meanwhile (`ahead.py`).
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.functions import Now

from records.datasets.models import BatchInput
from records.files import forget_folder, keep, local_copy, scratch_folder
from records.runs.ahead import HeadStart, head_start
from records.runs.blank import blank_pack
from records.runs.explaining import explained_as, question_of
from records.runs.models import Run
from records.runs.progress import RunProgress, step
from records.runs.selectors import finding_by_id
from records.runs.services import run_fail, run_move, run_note, run_stop
from records.runs.statistics import statistics_refresh
from records.runs.storing import CountsDiffer, KeptFiles, run_store
from records.states import RunStatus
from rulepacks.catalog.limits import run_limits
from rulepacks.catalog.selectors import pack_folder
from rulepacks.engine.formats.reading import InputFile
from rulepacks.engine.problems import PackError
from rulepacks.engine.progress import Progress
from rulepacks.engine.refusals import BadInput, Cancelled, ChildFailed
from rulepacks.engine.request import RunRequest
from rulepacks.engine.sandbox import explain_in_child, run_in_child
from rulepacks.engine.summary import Summary
from tenants.work.services import Claim, LeaseLost, work_extend, work_finish


def run_pipeline(claim: Claim) -> None:
    """One attempt at a run. Raises `LeaseLost` when another worker has it, `ChildFailed` when it may be tried again."""
    run = load(claim)
    if run is None:
        return
    progress = RunProgress(run, claim)
    try:
        with scratch_folder(str(run.id), claim.attempt) as scratch, head_start(run, claim, scratch / "out") as ahead:
            summary = judge(run, scratch, progress, ahead)
            store(run, summary, scratch, progress, ahead)
    except BadInput as refusal:
        refuse(run, claim, str(refusal), [asdict(problem) for problem in refusal.problems])
    except PackError as error:
        refuse(run, claim, f"{run.pack_version} is not in order", [asdict(problem) for problem in error.problems])
    except Cancelled:
        with step(claim):
            work_finish(claim)
            run_stop(run, "Cancelled")
    except ChildFailed as failure:
        with step(claim):
            run_note(run, f"Attempt {claim.attempt} ended: {failure.reason}", level="problem")
        raise


def load(claim: Claim) -> Run | None:
    """The run, marked as running, or None when it has ended, or somebody asked it to."""
    with step(claim):
        run: Run = Run.objects.select_related("batch", "dataset", "pack_version__pack").get(id=claim.reference)
        if not run.cancel_requested and run_move(run, RunStatus.RUNNING):
            Run.objects.filter(id=run.id, started_at=None).update(started_at=Now())
            run_note(run, f"Attempt {claim.attempt} began")
            return run
        work_finish(claim)
        run_stop(run, "Cancelled")
        return None


def judge(run: Run, scratch: Path, progress: RunProgress, ahead: HeadStart) -> Summary:
    """Let the child process read the delivery and apply the pack; results lie in `scratch` afterwards."""

    def report(said: Progress) -> None:
        ahead.watch(said)
        progress.report(said)

    with step(progress.claim):
        request = requested(run, scratch)
    return run_in_child(request, on_progress=report, cancelled=progress.cancelled)


def requested(run: Run, scratch: Path) -> RunRequest:
    """What the child is asked to do. Inputs read before are judged from their snapshot, which never changes."""
    inputs = list(BatchInput.objects.filter(batch=run.batch_id).order_by("id"))
    version = run.pack_version
    return RunRequest(
        pack=pack_folder(version) if version else blank_pack(scratch / "pack", [one.name for one in inputs]),
        inputs=tuple(
            InputFile(one.name, local_copy(one.stored_as, scratch), one.filename, one.format or None)
            for one in inputs
            if not one.snapshot
        ),
        snapshots={one.name: local_copy(one.snapshot, scratch) for one in inputs if one.snapshot},
        parameters={name: str(value) for name, value in run.parameters.items()},
        out=scratch / "out",
        limits=run_limits(),
        severities=run.severities,
    )


def store(run: Run, summary: Summary, scratch: Path, progress: RunProgress, ahead: HeadStart) -> None:
    """Move the files into storage under this attempt's name, then commit all verdicts at once, behind the fence.

    Whoever lost the lease meanwhile takes its files away again; they never stood in the winner's place. After any
    other error they stay: the commit may have gone through before the answer was lost.
    """
    claim = progress.claim
    progress.enter("Stored")
    settle(progress, summary)
    progress.beat(at_once=True)
    attempts = f"{claim.tenant_id}/batches/{run.batch_id}/runs/{run.id}"
    try:
        files = files_keep(scratch / "out", f"{attempts}/{claim.attempt}")

        def decide(records: int | None) -> None:
            work_finish(claim)
            run_store(run, summary, scratch / "out", files, records)
            follow_up(progress)

        if not ahead.store(decide, summary, progress.beat):
            with step(claim):
                decide(None)
    except (LeaseLost, Cancelled, CountsDiffer):
        forget_folder(f"{attempts}/{claim.attempt}")
        raise
    for earlier in range(1, claim.attempt):
        forget_folder(f"{attempts}/{earlier}")
    with step(claim):
        statistics_refresh(next(iter(summary.inputs.values())).accepted)


def settle(progress: RunProgress, summary: Summary) -> None:
    """What the child's stages came to."""
    read = next(iter(summary.inputs.values()))
    progress.sample(read.rows_read)
    progress.settle("Read", read.rows_read, "rows", summary.seconds["read"])
    progress.settle("Snapshot", read.accepted, "rows", summary.seconds["snapshot"])
    progress.settle("Rules", len(summary.outcomes), "rules", summary.seconds["rules"])


def follow_up(progress: RunProgress) -> None:
    """What a finished run sets off."""
    progress.enter("Followed up")
    progress.leave(progress.clock())
    progress.write()


def files_keep(out: Path, folder: str) -> KeptFiles:
    """Put what the run produced into storage for good."""
    snapshots = {file.stem: keep(file, f"{folder}/snapshot/{file.name}") for file in files_in(out / "snapshot")}
    tables = {f"tables/{file.name}": keep(file, f"{folder}/tables/{file.name}") for file in files_in(out / "tables")}
    outputs = {file.name: keep(file, f"{folder}/outputs/{file.name}") for file in files_in(out / "outputs")}
    with (out / "rejected.ndjson").open("rb") as rejected:
        rejects = default_storage.save(f"{folder}/rejected.ndjson", rejected)
    return KeptFiles(snapshots, rejects, {**outputs, **tables})


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())


def refuse(run: Run, claim: Claim, reason: str, problems: list[dict[str, object]]) -> None:
    """End the run as failed: trying again would give the same."""
    with step(claim):
        work_finish(claim)
        run_fail(run, reason, problems)


def bury(run_id: UUID, reason: str) -> None:
    """The last attempt is spent: the run failed."""
    plain = reason.replace(f"{ChildFailed.__name__}: ", "The process that judges the batch failed: ")
    run_fail(Run.objects.get(id=run_id), plain)


def explain_pipeline(claim: Claim) -> None:
    """Ask the engine how one finding came about, and keep its answer. Raises `LeaseLost`, `ChildFailed`."""
    with step(claim):
        finding = finding_by_id(claim.reference)
        question = question_of(finding)
    with scratch_folder(str(finding.id), claim.attempt) as scratch:
        with step(claim):
            request = requested(finding.run, scratch)
        told = explain_in_child(request, question, on_progress=lambda _: None, cancelled=lease_keeper(claim))
    with step(claim):
        work_finish(claim)
        default_storage.save(explained_as(finding), ContentFile(msgspec.json.encode(told)))


def lease_keeper(claim: Claim) -> Callable[[], bool]:
    """What is asked every moment whether to stop: it never says so, and keeps the lease. Raises `LeaseLost`."""
    extended = time.monotonic()

    def keep_on() -> bool:
        nonlocal extended
        if time.monotonic() - extended > settings.WORK_LEASE_SECONDS / 4:
            with step(claim):
                work_extend(claim)
            extended = time.monotonic()
        return False

    return keep_on
