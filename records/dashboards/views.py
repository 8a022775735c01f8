"""Overview, jumping to things by name, the theme, and the guide to all components."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_GET, require_POST

from records.dashboards import overview as told
from records.dashboards import selectors, styleguide
from records.dashboards.pages import PageRequest, page, show, slug_of, user_of
from records.dashboards.tables import batch_rows, output_names
from records.datasets.references import batch_number, finding_named, place_in_batch
from rulepacks.samples.demo import demo_delivery
from tenants.access.identity import identity_of
from tenants.accounts.services import user_theme_set


@require_GET
@page()
def overview(request: PageRequest) -> HttpResponse:
    """Can we certify, and what stands in the way? `?batch=B-12` picks what the answer is about."""
    batches = list(selectors.newest_in_force()[:40])
    number = batch_number(request.GET.get("batch", ""))
    chosen = next((batch for batch in batches if batch.number == number), batches[0] if batches else None)
    recent = batch_rows(selectors.recent_batches(), slug_of(request))
    context: dict[str, Any] = {"crumb": "Overview", "recent": recent, "title": "Overview"}
    if chosen is not None:
        context |= overview_context(slug_of(request), selectors.overview(chosen))
        context["subjects"] = told.subjects(batches, chosen, reverse("overview", args=[slug_of(request)]))
    return show(request, "overview/page.html", "overview", context)


def overview_context(slug: str, seen: selectors.Overview) -> dict[str, Any]:
    """The page's parts for one batch."""
    findings_url = reverse("findings", args=[slug])
    here = f"{findings_url}?{urlencode({'batch': seen.batch.label})}"
    return {
        "overview": seen,
        "title": told.subject_label(seen.batch),
        "subject_label": told.subject_label(seen.batch),
        "subtitle": f"{seen.batch.dataset}, judged by {seen.words.pack}@{seen.words.version}",
        "answer": told.answer(seen),
        "cells": told.cells(seen, findings_url),
        "bar": told.parts(seen),
        "legend": told.legend(seen),
        "metrics": told.metrics(seen),
        "chart": told.chart(seen, slug),
        "statuses": seen.statuses.items(),
        "outputs": output_names(seen.run),
        "findings_url": findings_url,
        "blockers_url": f"{here}&severity=fatal",
        "currency": told.currency(seen.words),
    }


@require_GET
@page()
def samples(request: PageRequest) -> HttpResponse:
    """Files to try the product with: a delivery with one fault of each kind, as one archive."""
    archive = BytesIO()
    with TemporaryDirectory() as folder, ZipFile(archive, "w", ZIP_DEFLATED) as into:
        for name, path in demo_delivery(Path(folder)).files.items():
            # An entry without the time of its making: the archive is the same each time.
            entry = ZipInfo(f"{name}{path.suffix}")
            entry.external_attr = 0o644 << 16
            into.writestr(entry, path.read_bytes(), ZIP_DEFLATED)
    headers = {"Content-Disposition": 'attachment; filename="sample-delivery.zip"'}
    return HttpResponse(archive.getvalue(), content_type="application/zip", headers=headers)


@require_GET
@page()
def jump(request: PageRequest) -> HttpResponse:
    """To the batch or finding whose name was typed, else to the findings that contain the text."""
    text = request.GET.get("q", "").strip()
    slug, number = slug_of(request), batch_number(text)
    finding = finding_named(text) if place_in_batch(text) else None
    if finding:
        return HttpResponseRedirect(reverse("finding", args=[slug, finding]))
    if number and selectors.batch_by_number(number):
        return HttpResponseRedirect(reverse("batch", args=[slug, number]))
    query = f"?{urlencode({'q': text})}" if text else ""
    return HttpResponseRedirect(reverse("findings", args=[slug]) + query)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """To the overview of the tenant last worked in; without one, to a page that says so."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    tenant = identity_of(request).tenant
    if tenant is None:
        return render(request, "no_tenant.html")
    return HttpResponseRedirect(reverse("overview", args=[tenant.slug]))


@require_POST
@page()
def theme(request: PageRequest) -> HttpResponse:
    """Keep the theme with the user, then back to the page it was chosen on."""
    user_theme_set(user_of(request), theme=request.POST.get("theme", ""))
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = reverse("overview", args=[slug_of(request)])
    return HttpResponseRedirect(back)


@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for people who change them; in debug only."""
    if not settings.DEBUG:
        raise Http404
    return render(request, "styleguide.html", styleguide.context(request.GET.get("theme", "system")))
