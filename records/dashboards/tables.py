"""Rows that several pages show: batches with their outcome, and what a run put out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse

from records.dashboards.outcomes import Outcome, outcome_of
from records.dashboards.words import words_of
from records.datasets.models import Batch
from records.runs.models import Run


@dataclass(frozen=True)
class BatchRow:
    """A batch with its newest run: what became of it, and which parameters it was delivered for."""

    batch: Batch
    run: Run | None
    outcome: Outcome
    detail: str
    took: timedelta | None
    url: str


def batch_rows(batches: Iterable[Batch], slug: str) -> list[BatchRow]:
    """Rows of a batch table; the run and its pack version are read with the batch."""
    return [batch_row(batch, slug) for batch in batches]


def batch_row(batch: Batch, slug: str) -> BatchRow:
    run = batch.last_run
    words = words_of(run.pack_version if run else None)
    detail = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in batch.parameters.items())
    took = run.finished_at - run.started_at if run and run.finished_at and run.started_at else None
    return BatchRow(batch, run, outcome_of(run, words), detail, took, reverse("batch", args=[slug, batch.number]))


def output_names(run: Run) -> list[str]:
    """Files the pack declares as outputs; the tables behind them are kept for re-use, not for download."""
    return [name for name in run.outputs if not name.startswith("tables/")]
