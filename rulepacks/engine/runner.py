"""One run, start to end, in this process: read, snapshot, judge, write everything below one folder."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import pyarrow.parquet

from rulepacks.engine import ENGINE_VERSION
from rulepacks.engine.database import open_database
from rulepacks.engine.evaluate import Evaluation, evaluate
from rulepacks.engine.evaluation.columns import missing_fields
from rulepacks.engine.evaluation.faulty import Faulty
from rulepacks.engine.evaluation.watch import Budget
from rulepacks.engine.explain import explain
from rulepacks.engine.explanation.asked import asked_rule
from rulepacks.engine.explanation.trace import Explanation, Question
from rulepacks.engine.formats.blocks import Rejected
from rulepacks.engine.formats.reading import InputFile, InputSummary, Stopwatch, read_input
from rulepacks.engine.loader import load_pack
from rulepacks.engine.loading.parameters import bind_parameters, parameter_text
from rulepacks.engine.memory import peak_memory
from rulepacks.engine.problems import ParameterError
from rulepacks.engine.progress import Progress, Report
from rulepacks.engine.refusals import BadInput, InputProblem
from rulepacks.engine.request import RunRequest
from rulepacks.engine.severities import with_severities
from rulepacks.engine.snapshot import file_sha256, snapshot_columns, snapshot_relations
from rulepacks.engine.spec import Pack
from rulepacks.engine.summary import OutcomeSummary, Summary

__all__ = ["InputFile", "OutcomeSummary", "RunRequest", "Summary", "run"]


def run(request: RunRequest, report: Report) -> Summary:
    """Do what `request` asks and write `summary.json` last.

    Raises `PackError`, and `BadInput` when a file or parameter cannot be used at all. Must run in a process that may
    be killed: see `sandbox.run_in_child`.
    """
    begun, ends = time.perf_counter(), time.monotonic() + request.limits.seconds
    pack = _pack(request)
    parameters = _parameters(pack, request.parameters)
    _check_names(pack, request)
    watch = Stopwatch()
    loaded = time.perf_counter()
    inputs, snapshots = _take_in(pack, request, watch, report)
    taken = time.perf_counter()
    report(Progress("rules", "", 0, None, ""))
    evaluation = _judge(pack, request, snapshots, parameters, report, Budget(request.limits, ends))
    seconds = {
        "load": loaded - begun,
        "read": watch.read,
        "snapshot": watch.snapshot,
        **evaluation.seconds,
        "rules": time.perf_counter() - taken,
        "total": time.perf_counter() - begun,
    }
    summary = _summary(pack, parameters, inputs, evaluation, seconds)
    (request.out / "summary.json").write_text(json.dumps(summary.document(), indent=1), encoding="utf-8")
    return summary


def explain_run(request: RunRequest, question: Question, report: Report) -> Explanation:
    """Read as `run` does, and explain one outcome instead of writing all findings. Raises what `run` raises."""
    budget = Budget(request.limits, time.monotonic() + request.limits.seconds)
    pack = _pack(request)
    parameters = _parameters(pack, request.parameters)
    _check_names(pack, request)
    asked_rule(pack, question)
    _, snapshots = _take_in(pack, request, Stopwatch(), report)
    with open_database(request.out, request.limits, snapshots.values(), request.out / "spill") as connection:
        return explain(
            connection, pack, snapshot_relations(snapshots), parameters, question, request.out, report, budget
        )


def _pack(request: RunRequest) -> Pack:
    return with_severities(load_pack(request.pack, request.limits.pack), request.severities)


def _parameters(pack: Pack, given: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        return bind_parameters(pack, given)
    except ParameterError as error:
        raise BadInput(*(InputProblem(None, f"parameter {message}") for message in error.messages)) from error


def _check_names(pack: Pack, request: RunRequest) -> None:
    """Every input given is one of the pack's, none is given twice, none that is required is missing."""
    given = [file.name for file in request.inputs] + list(request.snapshots)
    problems = [
        InputProblem(name, f"the pack has no such input; it has {', '.join(pack.inputs)}")
        for name in given
        if name not in pack.inputs
    ]
    problems += [
        InputProblem(name, "given twice") for name in sorted({name for name in given if given.count(name) > 1})
    ]
    problems += [
        InputProblem(one.name, "not given; the pack needs it")
        for one in pack.inputs.values()
        if one.name not in given and not one.optional
    ]
    if problems:
        raise BadInput(*problems)


def _take_in(
    pack: Pack, request: RunRequest, watch: Stopwatch, report: Report
) -> tuple[dict[str, InputSummary], dict[str, Path]]:
    """Snapshots of all inputs in the pack's order, with what was counted; rejected rows go to `rejected.ndjson`."""
    folder = request.out / "snapshot"
    folder.mkdir(parents=True, exist_ok=True)
    files = {file.name: file for file in request.inputs}
    inputs: dict[str, InputSummary] = {}
    snapshots: dict[str, Path] = {}
    with (request.out / "rejected.ndjson").open("w", encoding="utf-8") as rejected:
        for name, one in pack.inputs.items():
            if name in files:
                snapshots[name] = folder / f"{name}.parquet"
                keeper = _Rejects(name, rejected)
                inputs[name] = read_input(
                    files[name], one.fixed_width, snapshots[name], keeper.keep, request.limits, watch, report
                )
            elif name in request.snapshots:
                snapshots[name] = request.snapshots[name]
                inputs[name] = _known(snapshots[name])
    problems = [problem for name in inputs for problem in _header_problems(pack, name, inputs[name].columns)]
    if problems:
        raise BadInput(*problems)
    return inputs, snapshots


class _Rejects:
    """Writes rejected rows of one input, one JSON object a line."""

    def __init__(self, name: str, file: TextIO) -> None:
        self.name = name
        self.file = file

    def keep(self, row: Rejected) -> None:
        self.file.write(json.dumps({"input": self.name, **asdict(row)}, ensure_ascii=False) + "\n")


def _known(snapshot: Path) -> InputSummary:
    """What a snapshot from an earlier run says about itself; rows rejected then are not in it."""
    rows = pyarrow.parquet.read_metadata(snapshot).num_rows
    digest = file_sha256(snapshot)
    columns = snapshot_columns(snapshot)
    return InputSummary(rows, rows, 0, "", digest, columns, "snapshot", "utf-8", snapshot.stat().st_size)


def _header_problems(pack: Pack, name: str, delivered: tuple[str, ...]) -> list[InputProblem]:
    missing = missing_fields(pack.inputs[name], delivered)
    if not missing:
        return []
    word = "column is" if len(missing) == 1 else "columns are"
    found = ", ".join(delivered[:50]) or "none"
    return [InputProblem(name, f"the {word} missing: {', '.join(missing)}; the file has {found}", 1)]


def _judge(
    pack: Pack,
    request: RunRequest,
    snapshots: Mapping[str, Path],
    parameters: Mapping[str, Any],
    report: Report,
    budget: Budget,
) -> Evaluation:
    spill = request.out / "spill"
    faulty = Faulty.known(pack, request.without, apart=request.apart)
    with open_database(request.out, request.limits, snapshots.values(), spill) as connection:
        relations = snapshot_relations(snapshots)
        evaluation = evaluate(connection, pack, relations, parameters, request.out, report, budget, faulty=faulty)
    if spill.is_dir() and not any(spill.iterdir()):
        spill.rmdir()
    return evaluation


def _summary(
    pack: Pack,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, InputSummary],
    evaluation: Evaluation,
    seconds: Mapping[str, float],
) -> Summary:
    return Summary(
        engine_version=ENGINE_VERSION,
        pack=pack.name,
        version=pack.version,
        pack_hash=pack.content_hash,
        labels=pack.labels,
        parameters={name: parameter_text(value) for name, value in parameters.items()},
        inputs=inputs,
        outcomes=evaluation.outcomes,
        statuses=evaluation.statuses,
        findings=evaluation.findings,
        unitless=evaluation.unitless,
        records=evaluation.records,
        outputs=evaluation.outputs,
        digest=evaluation.digest,
        seconds={name: round(value, 4) for name, value in seconds.items()},
        peak_memory_bytes=peak_memory("self"),
    )
