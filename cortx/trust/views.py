"""The trust page: what came of every promise on this installation, for everybody who works here."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cortx.trust.report import Result, Verdict
from cortx.trust.stored import report_newest
from records.dashboards.pages import PageRequest, page, show
from tenants.access.identity import identity_of, memberships_of
from tenants.accounts.models import User

MARKS = {Verdict.MET: "pass", Verdict.NOT_MET: "fatal", Verdict.NOT_CARRIED: "stopped"}


@require_GET
@page()
def trust(request: PageRequest) -> HttpResponse:
    """The last report, in the frame of the tenant."""
    return show(request, "trust/page.html", "trust", context())


@require_GET
def trust_home(request: HttpRequest) -> HttpResponse:
    """To the page in the caller's own tenant; platform staff without one see it alone."""
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login(request.get_full_path())
    memberships = memberships_of(user)
    if not memberships:
        return render(request, "trust/alone.html" if user.is_staff else "no_tenant.html", {**context(), "zone": "UTC"})
    chosen = identity_of(request).tenant or memberships[0].tenant
    return HttpResponseRedirect(reverse("trust", args=[chosen.slug]))


def context() -> dict[str, Any]:
    """What both show."""
    report = report_newest()
    if report is None:
        return {"crumb": "Trust", "report": None}
    counts = {verdict: report.count(verdict) for verdict in Verdict}
    return {
        "crumb": "Trust",
        "report": report,
        "met": counts[Verdict.MET],
        "unmet": counts[Verdict.NOT_MET],
        "uncarried": counts[Verdict.NOT_CARRIED],
        "rows": [(result, mark_of(result)) for result in report.results],
    }


def mark_of(result: Result) -> str:
    """The shape that stands beside the verdict."""
    return MARKS[Verdict(result.verdict)]
