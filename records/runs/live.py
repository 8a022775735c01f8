"""The run page: stages, figures, rule groups and files of one run, right at any moment of it and after it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from django.urls import reverse

from records.dashboards.formats import count, duration, sentence, size, spoken
from records.dashboards.outcomes import outcome_of
from records.dashboards.overview import currency
from records.dashboards.tables import output_names
from records.dashboards.words import Words, words_of
from records.datasets.models import Batch
from records.runs.models import RuleOutcome, Run
from records.runs.selectors import RunDetail
from records.states import STAGES, RunStatus, Severity

MARKS = {"done": "pass", "running": "running", "waiting": "pending", "failed": "error", "stopped": "stopped"}
SPOKEN = {"done": "finished", "running": "running", "waiting": "waiting", "failed": "failed", "stopped": "cancelled"}
FEW_SAMPLES = 3
UPLOAD = "upload"
RULES = re.compile(r"(\d+) rules?,")


@dataclass(frozen=True)
class StageCell:
    """A stage with its state in shape and words, and what it did: `412,906 rows, 1.4 s`."""

    name: str
    state: str
    mark: str
    spoken: str
    note: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Figure:
    """A number with its label; a kind colours it when it is not zero."""

    label: str
    number: int
    kind: str = ""


@dataclass(frozen=True)
class Tally:
    """Findings of one severity."""

    kind: str
    word: str
    number: int


@dataclass(frozen=True)
class GroupRow:
    """Rules of one stage of the pack."""

    title: str
    mark: str
    fill: str
    done: int
    total: int
    spoken: str
    rules: int
    evaluated: int
    tallies: list[Tally]
    seconds: float | None
    ended: bool


def run_context(detail: RunDetail, batch: Batch, runs: list[Run], slug: str, only_problems: bool) -> dict[str, Any]:
    """Everything the page and its fragment show."""
    run = detail.run
    words = words_of(run.pack_version)
    urls = run_urls(run, batch, slug, runs)
    events = [event for event in detail.events if event.level == "problem"] if only_problems else detail.events
    return {
        **urls,
        "batch": batch,
        "run": run,
        "words": words,
        "outcome": outcome_of(run, words),
        "told": told(detail, batch, words),
        "problems": [problem_told(problem, words) for problem in run.problems[:20]],
        "problems_left": max(0, len(run.problems) - 20),
        "stages": stages(detail),
        "figures": figures(run, words),
        "bar": bar(run),
        "samples": samples(run),
        "groups": groups(detail, words),
        "rule_rows": [outcome for outcome in detail.outcomes if outcome.findings],
        "events": events,
        "only_problems": only_problems,
        "worker": detail.worker,
        "attempt": detail.attempt,
        "inputs": [{"file": one, "title": words.input_title(one.name)} for one in detail.inputs],
        "outputs": output_names(run) if run.status == RunStatus.COMPLETED else [],
        "runs": [
            {"run": one, "url": run_url(one, runs, urls["batch_url"]), "outcome": outcome_of(one, words)}
            for one in runs
        ],
        "older": bool(runs) and runs[0].id != run.id,
        "findings_total": sum(getattr(run, severity) for severity in Severity.values),
        "currency": currency(words),
        "crumb": batch.label,
        "crumbs": [("Batches", reverse("batches", args=[slug]))],
    }


def run_urls(run: Run, batch: Batch, slug: str, runs: list[Run]) -> dict[str, str]:
    """Addresses of the page, its fragment and the run's findings."""
    page = reverse("batch", args=[slug, batch.number])
    named = "" if not runs or runs[0].id == run.id else f"?run={run.id}"
    return {
        "batch_url": page,
        "page_url": page + named,
        "live_url": reverse("batch_live", args=[slug, batch.number]) + named,
        "findings_url": f"{reverse('findings', args=[slug])}?batch={batch.label}",
    }


def run_url(run: Run, runs: list[Run], page: str) -> str:
    return page if run.id == runs[0].id else f"{page}?run={run.id}"


def told(detail: RunDetail, batch: Batch, words: Words) -> dict[str, Any]:
    """The sentences of the page."""
    run = detail.run
    records = words.noun("record", 2)
    rates = rate_samples(run)
    now, middle = (rates[-1], median(rates)) if rates else (0, 0)
    return {
        "who": f"Uploaded by {batch.created_by}" if batch.source == UPLOAD else f"Received from {batch.source}",
        "parameters": ", ".join(f"{spoken(name)} {value}" for name, value in run.parameters.items()),
        "records": records,
        "records_note": records_note(run, records),
        "rate": f"now {count(round(now))}, median {count(round(middle))}" if rates else "",
        "rate_label": rate_told(rates, records),
        "groups": f"{len(detail.outcomes) or len(words.rules)} rules",
        "rule_count": len(detail.outcomes),
        "reason_kind": "stopped" if run.status == RunStatus.CANCELLED else "error",
        "reason_title": "The run was cancelled" if run.status == RunStatus.CANCELLED else "The run failed",
    }


def rate_told(rates: list[float], records: str) -> str:
    """First, last and highest rate, for whoever cannot see the chart."""
    if not rates:
        return ""
    first, last, top = (count(round(rate)) for rate in (rates[0], rates[-1], max(rates)))
    return f"Throughput from {first} to {last} {records} per second, highest {top}"


def records_note(run: Run, records: str) -> str:
    """How long it took, or how far it is."""
    if run.started_at and run.finished_at:
        return f"Took {duration(run.finished_at - run.started_at)}"
    rows, total = run.progress.get("rows", 0), run.progress.get("total")
    if run.status == RunStatus.PENDING:
        return "Waiting for a worker"
    return f"{count(rows)} of {count(total)} {records} read" if total else f"{count(rows)} {records} read"


def stages(detail: RunDetail) -> list[StageCell]:
    """The six stages; a run that ended badly shows where."""
    run = detail.run
    known = {stage["name"]: stage for stage in run.progress.get("stages", [])}
    received = sum(one.size for one in detail.inputs)
    return [stage_cell(run, name, known.get(name, {}), received) for name in STAGES]


def stage_cell(run: Run, name: str, known: Mapping[str, Any], received: int) -> StageCell:
    state = stage_state(run, name, known)
    seconds = known.get("seconds")
    done, total = int(known.get("done") or 0), int(known.get("total") or 0)
    parts = []
    if name == STAGES[0]:
        parts.append(size(received))
    elif known.get("amount") is not None:
        parts.append(f"{count(known['amount'])} {known.get('unit', '')}".strip())
    elif state == "running" and done:
        parts.append(f"{count(done)} of {count(total)}" if total else count(done))
    if seconds is not None and name != STAGES[0]:
        parts.append(duration(float(seconds)))
    silent = "Not reached" if run.ended and state == "waiting" else sentence(SPOKEN[state])
    note = ", ".join(parts) or silent
    return StageCell(name, state, MARKS[state], SPOKEN[state], note, done, total)


def stage_state(run: Run, name: str, known: Mapping[str, Any]) -> str:
    """As stored, but true to how the run ended."""
    if run.status == RunStatus.COMPLETED or name == STAGES[0]:
        return "done"
    state = "done" if STAGES.index(name) < STAGES.index(run.stage) else str(known.get("state", "waiting"))
    if run.status == RunStatus.PENDING:
        return "waiting"
    if run.ended and (state == "running" or (name == run.stage and state != "done")):
        return "failed" if run.status == RunStatus.FAILED else "stopped"
    if run.ended and run.status == RunStatus.FAILED and run.stage == STAGES[0] and name == STAGES[1]:
        return "failed"
    return state


def figures(run: Run, words: Words) -> list[Figure]:
    """Processed, failed, pending, rejected, total: they always add up."""
    decided = run.records_processed + run.records_failed + run.records_errored
    total = max(run.rows_read, int(run.progress.get("rows") or 0), decided + run.rows_rejected)
    found = [
        Figure("Processed", run.records_processed),
        Figure("Failed", run.records_failed, "error"),
        Figure("Pending", total - run.records_processed - run.records_failed - run.rows_rejected),
    ]
    if run.rows_rejected:
        found.append(Figure("Rejected", run.rows_rejected, "error"))
    return [*found, Figure("Total", total)]


def bar(run: Run) -> list[tuple[str, int]]:
    """Parts of the state bar."""
    total = max(run.rows_read, int(run.progress.get("rows") or 0))
    bad = run.records_failed + run.rows_rejected
    return [("pass", run.records_processed), ("error", bad), ("waiting", max(0, total - run.records_processed - bad))]


def rate_samples(run: Run) -> list[float]:
    """Records per second between the samples."""
    points = run.progress.get("samples") or []
    return [(later[1] - one[1]) / (later[0] - one[0]) for one, later in pairwise(points) if later[0] > one[0]]


def samples(run: Run) -> str:
    """The samples for the chart, nothing when there are too few to draw a line."""
    return json.dumps(run.progress["samples"]) if len(rate_samples(run)) >= FEW_SAMPLES else ""


def groups(detail: RunDetail, words: Words) -> list[GroupRow]:
    """Rules by stage of the pack: how far while it runs, what came of them afterwards."""
    run = detail.run
    progress = {group["name"]: group for group in run.progress.get("groups", [])}
    by_stage: dict[str, list[RuleOutcome]] = {}
    for outcome in detail.outcomes:
        by_stage.setdefault(outcome.stage, []).append(outcome)
    names = list(words.stages) or list(progress) or list(by_stage)
    return [group_row(run, name, words, progress, by_stage.get(name, [])) for name in names]


def group_row(
    run: Run, name: str, words: Words, progress: Mapping[str, Mapping[str, Any]], outcomes: list[RuleOutcome]
) -> GroupRow:
    rules = sum(1 for rule in words.rules.values() if rule["stage"] == name) or len(outcomes)
    done = rules_done(name, progress)
    ended = run.status == RunStatus.COMPLETED
    state = "done" if ended or done == rules else "running" if done and not run.ended else "waiting"
    tallies = [
        Tally(severity, words.severity(severity).lower(), number)
        for severity in Severity.values
        if (number := sum(one.findings for one in outcomes if one.severity == severity))
    ]
    return GroupRow(
        title=words.stage(name),
        mark=MARKS[state],
        fill="pass" if state == "done" else "running",
        done=rules if ended else min(done, rules),
        total=rules,
        spoken=SPOKEN[state],
        rules=rules,
        evaluated=sum(one.passed + one.failed for one in outcomes),
        tallies=tallies,
        seconds=sum(one.seconds for one in outcomes) if ended else None,
        ended=ended,
    )


def rules_done(stage: str, progress: Mapping[str, Mapping[str, Any]]) -> int:
    """Rules of the stage that have finished, from the engine's reports: `validations / unique`, `2 rules, 0.31 s`."""
    told = [str(group.get("message", "")) for key, group in progress.items() if key.partition(" / ")[0] == stage]
    found = (RULES.match(text) for text in told)
    return sum(int(match[1]) for match in found if match)


def problem_told(problem: Mapping[str, Any], words: Words) -> str:
    """A problem of the delivery on one line: file, line and column first."""
    place = str(problem.get("file") or problem.get("input") or "")
    place = words.input_title(place) if words.input(place) else place
    for name in ("line", "column"):
        if problem.get(name) not in {None, "", 0}:
            place = f"{place}, {name} {problem[name]}" if place else f"{name} {problem[name]}"
    message = str(problem.get("message") or "")
    return f"{sentence(place)}: {message}" if place else message
