"""Settings, members: who belongs to the tenant, who is invited, in which role."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from records.dashboards.pages import PageRequest, page, show, slug_of
from records.settings import selectors
from tenants import commands
from tenants.access.roles import Permission
from tenants.invitations.services import invitation_withdraw, invitations_open
from tenants.problems import Refusal, ValidationProblem


@require_http_methods(["GET", "POST"])
@page(Permission.CONFIGURE_PEOPLE)
def members(request: PageRequest) -> HttpResponse:
    """The list; a POST invites somebody."""
    if request.method == "GET":
        return listed(request)
    email, role = request.POST.get("email", ""), request.POST.get("role", "")
    site = request.build_absolute_uri("/")
    try:
        invitation = commands.member_invite(request.identity, email=email, role=role, site=site)
    except Refusal as refusal:
        return listed(request, refusal)
    messages.success(request, f"{invitation.email} is invited. The link in the mail works for 7 days")
    return back(request)


def listed(request: PageRequest, refusal: Refusal | None = None) -> HttpResponse:
    """The page; with a refusal it keeps what was typed."""
    context = {
        "crumb": "Members",
        "tab": "members",
        "members": selectors.members(request.identity),
        "invitations": invitations_open().select_related("invited_by"),
        "roles": selectors.roles_to_give(request.identity),
        "refusal": refusal,
        "typed": {"email": request.POST.get("email", ""), "role": request.POST.get("role", "analyst")},
    }
    status = 200 if refusal is None else 422 if isinstance(refusal, ValidationProblem) else refusal.status
    return show(request, "settings/members.html", "members", context, status=status)


@require_POST
@page(Permission.CONFIGURE_PEOPLE)
def member_role(request: PageRequest, membership_id: UUID) -> HttpResponse:
    """Give a member another role."""
    role = request.POST.get("role", "")
    return done(
        request,
        lambda: f"{commands.member_role_set(request.identity, membership_id, role=role).user} is now {role}",
    )


@require_POST
@page(Permission.CONFIGURE_PEOPLE)
def member_remove(request: PageRequest, membership_id: UUID) -> HttpResponse:
    """End a membership."""
    return done(
        request, lambda: f"{commands.member_remove(request.identity, membership_id).user} is no member any more"
    )


@require_POST
@page(Permission.CONFIGURE_PEOPLE)
def invitation_end(request: PageRequest, invitation_id: UUID) -> HttpResponse:
    """Withdraw an invitation."""
    return done(request, lambda: f"The invitation of {invitation_withdraw(invitation_id).email} is withdrawn")


def done(request: PageRequest, command: Callable[[], str]) -> HttpResponse:
    """Carry out, tell, and show the list again. A thing that is not there is answered as everywhere."""
    try:
        messages.success(request, command())
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return listed(request, refusal)
    return back(request)


def back(request: PageRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("members", args=[slug_of(request)]))
