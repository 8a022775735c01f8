"""Choosing the tenant that the admin works on."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from tenants.access.administration import tenant_select
from tenants.accounts.models import User
from tenants.problems import UnknownReference


@require_POST
@login_required
def select_tenant(request: HttpRequest) -> HttpResponse:
    """`POST tenant=<slug>`, then back to the admin's first page."""
    assert isinstance(request.user, User)
    try:
        tenant_select(request, request.user, request.POST.get("tenant", ""))
    except UnknownReference as refusal:
        raise Http404 from refusal
    return HttpResponseRedirect(reverse("admin:index"))
