"""The page behind an invitation's link."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tenants.accounts.models import User
from tenants.invitations.models import Invitation
from tenants.invitations.services import account_exists, invitation_accept, invitation_found
from tenants.problems import NotAllowed, Refusal, StateConflict, UnknownReference, ValidationProblem


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who is invited whereto; a POST accepts it."""
    try:
        found = invitation_found(token)
        return accept(request, found, token) if request.method == "POST" else page(request, found)
    except UnknownReference as refusal:
        return render(request, "invitations/over.html", {"detail": refusal.detail}, status=404)


def accept(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    """On to the tenant, or the page again with what was refused. Raises `UnknownReference` when it is over by now."""
    caller = request.user if isinstance(request.user, User) else None
    name, password = request.POST.get("name", ""), request.POST.get("password", "")
    try:
        user = invitation_accept(token, user=caller, name=name, password=password)
    except (NotAllowed, StateConflict, ValidationProblem) as refusal:
        return page(request, found, refusal, status=422)
    if caller is None:
        get_adapter(request).login(request, user)
        record_authentication(request, user, "password")
    return HttpResponseRedirect(reverse("overview", args=[found.tenant.slug]))


def page(request: HttpRequest, found: Invitation, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    """The invitation, for whoever holds its link."""
    context = {
        "invitation": found,
        "refusal": refusal,
        "known": account_exists(found.email),
        "mine": isinstance(request.user, User) and request.user.email == found.email,
        "name": request.POST.get("name", ""),
    }
    return render(request, "invitations/page.html", context, status=status)
