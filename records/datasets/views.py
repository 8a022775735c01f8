"""Pages of deliveries: the list of batches, the upload, one record, and the rows that could not be read."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from records.commands import Receipt, batch_receive
from records.dashboards.pages import PageRequest, page, show, slug_of
from records.dashboards.tables import batch_rows
from records.datasets.deliveries import Delivery, delivery, upload_context
from records.datasets.history import record_context
from records.datasets.models import Dataset
from records.datasets.receiving import takes_files
from records.datasets.selectors import batch_list, datasets, record_by_id
from records.states import RunStatus
from tenants.access.roles import Permission
from tenants.problems import Refusal, UnknownReference

PAGE_SIZE = 50
SOURCE = "upload"


@require_GET
@page()
def batches(request: PageRequest) -> HttpResponse:
    """Batches, newest first; the filters and the cursor `before` stand in the URL."""
    chosen = {name: request.GET.get(name, "").strip() for name in ("dataset", "status", "source", "from", "until")}
    wrong = next((text for text in (chosen["from"], chosen["until"]) if text and read_day(text) is None), "")
    found = batch_list(
        dataset=chosen["dataset"],
        status=chosen["status"],
        source=chosen["source"],
        date_from=read_day(chosen["from"]),
        date_to=read_day(chosen["until"]),
    )
    before = request.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(number__lt=int(before[:18]))
    rows = list(found.order_by("-number")[: PAGE_SIZE + 1])
    kept = {name: value for name, value in chosen.items() if value}
    context: dict[str, Any] = {
        "crumb": "Batches",
        "rows": batch_rows(rows[:PAGE_SIZE], slug_of(request)),
        "datasets": datasets(),
        "run_statuses": RunStatus.choices,
        "chosen": chosen,
        "filtered": bool(kept),
        "wrong": f"{wrong[:40]} is not a date like 2026-09-30" if wrong else "",
        "page_size": PAGE_SIZE,
        "next_url": f"?{urlencode({**kept, 'before': str(rows[PAGE_SIZE - 1].number)})}"
        if len(rows) > PAGE_SIZE
        else "",
    }
    return show(request, "batches/list.html", "batches", context)


def read_day(text: str) -> date | None:
    """The day written like 2026-09-30, None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@takes_files
@require_http_methods(["GET", "POST"])
@page(Permission.UPLOAD)
def upload(request: PageRequest) -> HttpResponse:
    """The form for a dataset; what is wrong is shown beside the control and answered with 422."""
    found = list(datasets())
    name = request.POST.get("dataset") or request.GET.get("dataset", "")
    dataset = next((one for one in found if one.name == name), found[0] if len(found) == 1 else None)
    sent, refusal, receipt = Delivery(), None, None
    if request.method == "POST" and dataset is not None:
        sent = delivery(request.POST, request.FILES)
        receipt, refusal = receive(dataset, sent)
        if receipt is not None and not receipt.duplicate:
            return HttpResponseRedirect(reverse("batch", args=[slug_of(request), receipt.batch.number]))
    context = upload_context(dataset, sent, refusal, receipt.batch if receipt else None)
    context |= {
        "crumb": "Upload",
        "datasets": found,
        "crumbs": [("Batches", reverse("batches", args=[slug_of(request)]))],
    }
    return show(request, "batches/upload.html", "batches", context, status=422 if refusal else 200)


def receive(dataset: Dataset, sent: Delivery) -> tuple[Receipt | None, Refusal | None]:
    """The receipt, or why there is none."""
    try:
        receipt = batch_receive(
            dataset=dataset, uploads=sent.uploads, parameters=sent.parameters, source=SOURCE, again=sent.again
        )
    except Refusal as refusal:
        return None, refusal
    return receipt, None


@require_GET
@page()
def record(request: PageRequest, record_id: UUID) -> HttpResponse:
    """What happened to this record, and what does it hold."""
    try:
        found = record_by_id(record_id)
    except UnknownReference as unknown:
        raise Http404 from unknown
    context = record_context(found, slug_of(request), every=request.GET.get("fields") == "all")
    return show(request, "records/detail.html", "batches", context)
