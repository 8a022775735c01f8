"""Settings, API keys: issued and shown once, replaced with an overlap, revoked."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from records.dashboards.pages import PageRequest, page, show, slug_of, tenant_of
from tenants.access.keys import OVERLAP, key_issue, key_of, key_revoke, key_rotate, keys_of
from tenants.access.roles import SCOPES, Permission
from tenants.idempotency.forms import form_drawn, form_once
from tenants.problems import Refusal
from tenants.redaction import redact_secrets

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "": "No end"}


@never_cache
@require_http_methods(["GET", "POST"])
@page(Permission.CONFIGURE_KEYS)
def keys(request: PageRequest) -> HttpResponse:
    """The list; a POST issues a key and shows its text."""
    if request.method == "GET":
        return listed(request)
    days = request.POST.get("days", "")
    ends = timezone.now() + timedelta(days=int(days)) if days in LIFETIMES and days else None
    try:
        name, scopes = request.POST.get("name", "").strip(), request.POST.getlist("scopes")
        tenant = tenant_of(request)
        text = form_once(request, lambda: key_issue(tenant=tenant, name=name, scopes=scopes, expires_at=ends)[1])
    except Refusal as refusal:
        return listed(request, refusal=refusal)
    return listed(request, issued=text)


def listed(request: PageRequest, *, issued: str = "", refusal: Refusal | None = None) -> HttpResponse:
    """The page. `issued` is the text of a key, shown now and never again."""
    context = {
        "crumb": "API keys",
        "tab": "keys",
        "keys": keys_of(tenant_of(request)),
        "scopes": SCOPES,
        "lifetimes": LIFETIMES.items(),
        "issued": issued,
        "once": form_drawn(),
        "refusal": refusal,
        "typed": typed_in(request) if refusal and refusal.fields else {"days": "90", "scopes": ["read"]},
    }
    return show(request, "settings/keys.html", "members", context, status=422 if refusal else 200)


def typed_in(request: PageRequest) -> dict[str, object]:
    """What the form said, for its sender to correct, but for a secret that was put into the wrong field."""
    form = request.POST
    return {
        "name": redact_secrets(form.get("name", "")),
        "days": form.get("days", ""),
        "scopes": form.getlist("scopes"),
    }


@never_cache
@require_POST
@page(Permission.CONFIGURE_KEYS)
def key_replace(request: PageRequest, key_id: UUID) -> HttpResponse:
    """A new key with the same scopes; the old one works for another day."""
    key = key_of(tenant_of(request), key_id)
    try:
        text = form_once(request, lambda: key_rotate(key, overlap=OVERLAP)[1])
    except Refusal as refusal:
        return listed(request, refusal=refusal)
    return listed(request, issued=text)


@require_POST
@page(Permission.CONFIGURE_KEYS)
def key_end(request: PageRequest, key_id: UUID) -> HttpResponse:
    """End a key now."""
    key = key_of(tenant_of(request), key_id)
    key_revoke(key)
    messages.success(request, f"{key.name} is revoked")
    return HttpResponseRedirect(reverse("keys", args=[slug_of(request)]))
