"""Pages of the audit log: who did what, and proof that nobody changed it."""

from io import BytesIO
from pathlib import Path
from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from records.audit.event_page import event_context
from records.audit.last_check import check_now
from records.audit.log_page import log_context
from records.dashboards.pages import PageRequest, page, show, slug_of
from tenants.access.roles import Permission
from tenants.audit import cortx_verify
from tenants.audit.downloads import export_response
from tenants.audit.selectors import audit_event, checkpoint_newest
from tenants.problems import UnknownReference


@require_GET
@page(Permission.READ_AUDIT)
def log(request: PageRequest) -> HttpResponse:
    """Events and checkpoints, newest first; `?open=` shows one event beside them."""
    return show(request, "audit/page.html", "audit", log_context(request))


@require_GET
@page(Permission.READ_AUDIT)
def event(request: PageRequest, event_id: UUID) -> HttpResponse:
    """One event with its facts and its proof."""
    try:
        found = audit_event(event_id)
    except UnknownReference as missing:
        raise Http404 from missing
    context = {"event": event_context(found), "list_url": reverse("audit", args=[slug_of(request)])}
    return show(request, "audit/detail.html", "audit", context)


@require_POST
@page(Permission.READ_AUDIT)
def verify(request: PageRequest) -> HttpResponse:
    """Check the whole log, then back to the page, which says how it went."""
    check_now()
    return HttpResponseRedirect(reverse("audit", args=[slug_of(request)]))


@require_GET
@page(Permission.READ_AUDIT)
def export(request: PageRequest) -> FileResponse:
    """Everything that is sealed, with its proof."""
    newest = checkpoint_newest()
    if newest is None:
        raise Http404
    return export_response(newest, 0, newest.size)


@require_GET
@page(Permission.READ_AUDIT)
def verifier(request: PageRequest) -> FileResponse:
    """The program that checks an export by itself."""
    program = BytesIO(Path(cortx_verify.__file__).read_bytes())
    return FileResponse(program, as_attachment=True, filename="cortx_verify.py", content_type="text/x-python")
