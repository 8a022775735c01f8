"""A run as a terminal shows it: one line while it goes on, tables when it is done."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from records.runs.models import RuleOutcome, Run
from records.runs.selectors import RunDetail
from records.states import RunStatus, Severity

BAR = 24
RIGHT = ">"


class ProgressLine:
    """Redraws one line on a terminal; elsewhere prints a line whenever the stage changes."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self.stream, self.last = stream, ""
        self.live = stream.isatty()

    def show(self, run: Run) -> None:
        """Show where the run stands."""
        if self.live:
            self.stream.write(f"\r\x1b[K{progress_text(run)}")
            self.stream.flush()
        elif run.stage != self.last:
            self.stream.write(f"{progress_text(run)}\n")
        self.last = run.stage

    def done(self) -> None:
        """Leave the line behind."""
        if self.live:
            self.stream.write("\r\x1b[K")


def progress_text(run: Run) -> str:
    """E.g. `Rules ████████░░░░ 512,000 rows 214,000/s`."""
    stages = run.progress.get("stages", [])
    current: dict[str, Any] = next((stage for stage in stages if stage["name"] == run.stage), {})
    parts = [f"{run.stage:<9}"]
    if current.get("total"):
        filled = min(BAR, BAR * current["done"] // current["total"])
        parts.append("█" * filled + "░" * (BAR - filled))
    if run.progress.get("rows"):
        parts.append(f"{run.progress['rows']:,} rows")
    if run.progress.get("rate") and run.status == RunStatus.RUNNING:
        parts.append(f"{run.progress['rate']:,}/s")
    parts.append(f"{run.progress.get('seconds', 0):.0f} s")
    return " ".join(parts)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A plain table; a heading that begins with `>` is right-aligned."""
    cells = [[heading.removeprefix(RIGHT) for heading in headings], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(headings))]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if heading.startswith(RIGHT) else cell.ljust(width)
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def report(detail: RunDetail) -> str:
    """What a completed run found: by rule, by unit status, and its totals."""
    run = detail.run
    found = [outcome for outcome in detail.outcomes if outcome.findings or outcome.errored]
    parts = [f"{run.batch} judged by {run.pack_version}"]
    if found:
        parts.append(table(("Rule", "Severity", "Title", ">Findings", ">Difference"), map(outcome_row, found)))
    if detail.statuses:
        parts.append(table(("Status", ">Units"), sorted(detail.statuses.items())))
    parts.append(table(("", ">"), totals(run)))
    return "\n\n".join(parts)


def outcome_row(outcome: RuleOutcome) -> tuple[str, ...]:
    label = outcome.label or outcome.get_severity_display()
    difference = f"{outcome.difference} (sum)" if outcome.difference else ""
    return outcome.rule, label, outcome.title, f"{outcome.findings:,}", difference


def totals(run: Run) -> list[tuple[str, str]]:
    findings = ", ".join(f"{getattr(run, one):,} {one}" for one in Severity if getattr(run, one)) or "none"
    rows = [
        ("Rows read", f"{run.rows_read:,}"),
        ("Rejected", f"{run.rows_rejected:,}"),
        ("Processed", f"{run.records_processed:,}"),
        ("Failed", f"{run.records_failed:,}"),
        ("Findings", findings),
        ("Digest", run.findings_digest),
        ("Peak memory of the child", f"{run.peak_memory / 1_000_000:,.0f} MB"),
    ]
    if run.started_at and run.finished_at:
        seconds = (run.finished_at - run.started_at).total_seconds()
        rows.append(("Time", f"{seconds:.1f} s, {run.rows_read / max(seconds, 0.001):,.0f} rows/s"))
    if run.records_errored:
        rows.insert(4, ("Errored", f"{run.records_errored:,}"))
    return rows
