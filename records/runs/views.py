"""Pages of runs and findings."""

import csv
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import parse_etags
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from records.commands import finding_explain, run_again, run_cancel
from records.dashboards.frame import setting
from records.dashboards.pages import PageRequest, page, show, slug_of, tenant_of
from records.dashboards.selectors import batch_by_number, batch_runs, nav_counts
from records.dashboards.tables import output_names
from records.datasets.models import Batch
from records.datasets.references import uuid_or_none
from records.datasets.selectors import batch_inputs
from records.runs.asked import Asked
from records.runs.explained import explanation
from records.runs.explaining import explained
from records.runs.finding_pages import explorer_context
from records.runs.live import run_context
from records.runs.models import Run
from records.runs.selectors import finding_by_id, run_detail
from rulepacks.engine.formats.media import content_type, shielded
from tenants.access.roles import Permission
from tenants.problems import Refusal, UnknownReference


@require_GET
@page()
def batch(request: PageRequest, number: int) -> HttpResponse:
    """The newest run of the batch, or the one named with `?run=`."""
    return show(request, "runs/page.html", "batches", context_of(request, number))


@require_GET
@page()
def batch_live(request: PageRequest, number: int) -> HttpResponse:
    """The run as a fragment; 304 while nothing changed. The fragment of an ended run asks no more."""
    _, chosen, _ = runs_of(request, number)
    etag = f'"{chosen.id}-{chosen.revision}-{chosen.status}-{request.GET.get("events", "")}"'
    # Compressed answers carry the tag as a weak one.
    known = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
    if etag in known:
        answer: HttpResponse = HttpResponseNotModified()
    else:
        # The end of a run changes what the sidebar counts.
        counts = nav_counts(tenant_of(request)) if chosen.ended else None
        context = {**setting(request), **context_of(request, number), "counts": counts}
        answer = render(request, "runs/live.html", context)
    answer["ETag"], answer["Cache-Control"] = etag, "private, no-cache"
    return answer


def runs_of(request: PageRequest, number: int) -> tuple[Batch, Run, list[Run]]:
    """The batch, the run asked for, and all its runs. Raises Http404."""
    found = batch_by_number(number)
    runs = batch_runs(found) if found else []
    wanted = uuid_or_none(request.GET.get("run", ""))
    chosen = next((run for run in runs if run.id == wanted), None) if wanted else next(iter(runs), None)
    if found is None or chosen is None:
        raise Http404
    return found, chosen, runs


def context_of(request: PageRequest, number: int) -> dict[str, Any]:
    """Context of the run page and of its fragment."""
    found, chosen, runs = runs_of(request, number)
    only_problems = request.GET.get("events") == "problems"
    return run_context(run_detail(chosen.id), found, runs, slug_of(request), only_problems)


@require_POST
@page(Permission.CANCEL)
def cancel(request: PageRequest, number: int) -> HttpResponse:
    """Ask the newest run to stop."""
    found, chosen, _ = runs_of(request, number)
    try:
        run_cancel(chosen)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    return HttpResponseRedirect(reverse("batch", args=[slug_of(request), found.number]))


@require_POST
@page(Permission.RERUN)
def again(request: PageRequest, number: int) -> HttpResponse:
    """Judge the batch again with the dataset's active version."""
    found, _, _ = runs_of(request, number)
    try:
        run_again(found)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    return HttpResponseRedirect(reverse("batch", args=[slug_of(request), found.number]))


@require_GET
@page()
def output(request: PageRequest, number: int, name: str) -> FileResponse:
    """A file the pack put out in the run in force."""
    found = batch_by_number(number)
    run = found.current_run if found else None
    if found is None or run is None or name not in output_names(run):
        raise Http404
    file = default_storage.open(run.outputs[name])
    return FileResponse(file, as_attachment=True, filename=f"{found.label}-{name}", content_type=content_type(name))


@require_GET
@page()
def rejects(request: PageRequest, number: int, name: str) -> StreamingHttpResponse:
    """Rows of one input that could not be read, as CSV with line, column and reason."""
    found = batch_by_number(number)
    delivered = next((one for one in batch_inputs(found) if one.name == name and one.rejects), None) if found else None
    if found is None or delivered is None:
        raise Http404
    answer = StreamingHttpResponse(reject_lines(delivered.rejects, name), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.label}-{name}-rejected.csv"'
    return answer


class Echo:
    """A file for the CSV writer that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def reject_lines(stored: str, name: str) -> Iterator[str]:
    """CSV lines of one input's rejected rows. Reads storage only: the tenant's scope has ended when it streams."""
    writer = csv.writer(Echo())
    yield writer.writerow(("row", "line", "column", "reason", "text"))
    with default_storage.open(stored) as file:
        for text in file:
            row = json.loads(text)
            if row.get("input") == name:
                yield writer.writerow(
                    (
                        row.get("row_number"),
                        row.get("line"),
                        shielded(row.get("column") or ""),
                        shielded(row["reason"]),
                        shielded(row.get("text") or ""),
                    )
                )


@require_GET
@page()
def findings(request: PageRequest) -> HttpResponse:
    """What is wrong, how much does it matter, why exactly? The URL is the state."""
    context = explorer_context(Asked.read(request.GET), slug_of(request))
    return show(request, "findings/page.html", "findings", context)


@require_GET
@page()
def finding(request: PageRequest, finding_id: UUID) -> HttpResponse:
    """One finding on a page of its own."""
    try:
        found = finding_by_id(finding_id)
    except UnknownReference as unknown:
        raise Http404 from unknown
    list_url = reverse("findings", args=[slug_of(request)])
    panel = explanation(found, slug_of(request))
    context = {
        "panel": panel,
        "words": panel.words,
        "list_url": list_url,
        "crumb": panel.name,
        "crumbs": [("Findings", list_url)],
    }
    return show(request, "findings/detail.html", "findings", context)


@require_http_methods(["GET", "POST"])
@page()
def finding_explained(request: PageRequest, finding_id: UUID) -> HttpResponse:
    """How the finding came about, as a fragment; POST has a worker ask the engine where that takes all rows."""
    try:
        found = finding_by_id(finding_id)
    except UnknownReference as unknown:
        raise Http404 from unknown
    if request.method == "POST":
        finding_explain(found)
    if "HX-Request" not in request.headers:
        return HttpResponseRedirect(reverse("finding", args=[slug_of(request), found.id]))
    context = {**setting(request), "finding": found, "explained": explained(found)}
    return render(request, "findings/explained.html", context)
