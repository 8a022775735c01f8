"""Pages of packs: the list with the upload, one version, and its way to publication."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from records.dashboards.pages import PageRequest, page, show, slug_of, tenant_of, user_of
from records.packs.shown import pack_rows, version_context
from rulepacks import commands
from rulepacks.catalog.models import PackVersion
from rulepacks.catalog.selectors import version_named
from tenants.access.roles import Permission
from tenants.approvals.models import Approval
from tenants.problems import Refusal, UnknownReference


@require_GET
@page()
def packs(request: PageRequest) -> HttpResponse:
    """What judges the data, and what waits for a second pair of eyes."""
    return listed(request)


def listed(request: PageRequest, refusal: Refusal | None = None) -> HttpResponse:
    context = {
        "crumb": "RulePacks",
        "rows": pack_rows(tenant_of(request)),
        "may_draft": request.identity.may(Permission.DRAFT),
        "refusal": refusal,
    }
    return show(request, "packs/list.html", "packs", context, status=refusal.status if refusal else 200)


@require_POST
@page(Permission.DRAFT)
def upload(request: PageRequest) -> HttpResponse:
    """A zip archive becomes a draft, or comes back with every mistake in it."""
    archive = request.FILES.get("archive")
    if archive is None:
        return redirect("packs", slug_of(request))
    try:
        version = commands.pack_upload(archive=archive, person=user_of(request))
    except Refusal as refusal:
        return listed(request, refusal)
    return redirect("pack", slug_of(request), version.pack.name, version.version)


@require_GET
@page()
def pack(request: PageRequest, name: str, version: str) -> HttpResponse:
    """What changes, and is it safe to publish?"""
    found = version_or_404(name, version)
    slug = slug_of(request)
    context = version_context(found, request.identity, request.GET.get("tab", ""), slug)
    return show(
        request,
        "packs/version.html",
        "packs",
        {**context, "crumb": found.pack.name, "crumbs": [("RulePacks", reverse("packs", args=[slug]))]},
    )


def step(permission: Permission, write: Callable[[PackVersion, PageRequest], str]) -> Callable[..., HttpResponseBase]:
    """A view that takes a version one step on, says so, and shows it again."""

    @require_http_methods(["POST"])
    @page(permission)
    def taken(request: PageRequest, name: str, version: str) -> HttpResponseRedirect:
        found = version_or_404(name, version)
        try:
            messages.success(request, write(found, request))
        except Refusal as refusal:
            messages.error(request, refusal.detail)
        return redirect("pack", slug_of(request), name, version)

    return taken


def version_or_404(name: str, version: str) -> PackVersion:
    try:
        return version_named(name, version)
    except UnknownReference as unknown:
        raise Http404 from unknown


def _submitted(version: PackVersion, request: PageRequest) -> str:
    commands.version_submit(version=version)
    return f"{version} waits for approval by another member"


def _approved(version: PackVersion, request: PageRequest) -> str:
    approval = commands.version_approve(
        version=version,
        content_hash=request.POST.get("content_hash", ""),
        person=user_of(request),
        sole_operator=request.POST.get("sole_operator") == "1",
    )
    done = approval.status == Approval.Status.APPROVED
    return f"{version} is approved" if done else f"{version} is approved by you; another member has to approve it too"


def _returned(version: PackVersion, request: PageRequest) -> str:
    reason = request.POST.get("reason", "").strip()[:1000] or "No reason was given"
    commands.version_return(version=version, content_hash=request.POST.get("content_hash", ""), reason=reason)
    return f"{version} is a draft again"


def _published(version: PackVersion, request: PageRequest) -> str:
    commands.version_publish(version=version)
    return f"{version} is published; datasets can be judged by it"


submit = step(Permission.DRAFT, _submitted)
approve = step(Permission.APPROVE, _approved)
give_back = step(Permission.APPROVE, _returned)
publish = step(Permission.ACTIVATE, _published)
