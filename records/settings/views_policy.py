"""Settings, policy: what the tenant decides for itself, what it would forget by a change, and every earlier version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from records import commands
from records.dashboards.pages import PageRequest, page, show, slug_of, user_of
from records.settings.policy_checks import Unconfirmed
from records.settings.policy_form import as_document, as_typed, groups
from tenants.access.roles import Permission
from tenants.models import PolicyDocument
from tenants.policies.policy import Policy
from tenants.policies.schema import keys
from tenants.policies.selectors import policy_newest, policy_versions, told
from tenants.policies.services import policy_etag, policy_hash
from tenants.preconditions import Stale
from tenants.problems import Refusal, ValidationProblem
from tenants.rates.services import rates_in

NOTE = 500
VERSIONS = 20


@dataclass(frozen=True)
class Sent:
    """A form that was refused: what was typed, why, and what is wrong by JSON pointer."""

    typed: Mapping[str, str]
    refusal: Refusal
    wrong: Mapping[str, str]
    confirm: str = ""

    @property
    def stale(self) -> bool:
        """Whether somebody wrote another version meanwhile."""
        return isinstance(self.refusal, Stale)

    @property
    def misplaced(self) -> bool:
        """Whether the mistakes are told beside their fields."""
        return any(name.startswith("/") for name in self.wrong)


@require_http_methods(["GET", "POST"])
@page(Permission.READ_POLICY)
def policy(request: PageRequest) -> HttpResponse:
    """The policy and its versions; a POST writes the next one."""
    if request.method == "GET":
        return shown(request)
    if not request.identity.may(Permission.CONFIGURE_TENANT):
        raise PermissionDenied
    document, wrong = as_document(request.POST)
    try:
        if wrong:
            raise ValidationProblem("The severities are not all written as pack, rule and severity", fields=wrong)
        version = commands.policy_set(
            document=document,
            person=user_of(request),
            note=request.POST.get("note", "").strip()[:NOTE],
            if_match=request.POST.get("etag") or None,
            confirm=request.POST.get("confirm", ""),
        )
    except Refusal as refusal:
        confirm = policy_hash(document) if isinstance(refusal, Unconfirmed) else ""
        return shown(request, Sent(request.POST.dict(), refusal, refusal.fields, confirm))
    messages.success(request, f"Policy {version.number} holds from the next request and the next run on")
    return HttpResponseRedirect(reverse("policy", args=[slug_of(request)]))


def shown(request: PageRequest, sent: Sent | None = None) -> HttpResponse:
    """The page; a refused form keeps what was typed."""
    newest = policy_newest()
    versions = Paginator(policy_versions(), VERSIONS).get_page(request.GET.get("page"))
    context = {
        "crumb": "Policy",
        "tab": "policy",
        "newest": newest,
        "groups": groups(sent.typed if sent else as_typed(written(newest)), sent.wrong if sent else {}, defaults()),
        "etag": request.POST.get("etag") or policy_etag(newest),
        "sent": sent,
        "versions": versions,
        "told": told(list(versions.object_list)),
        "note_length": NOTE,
    }
    section = "members" if request.identity.may(Permission.CONFIGURE_PEOPLE) else "policy"
    return show(request, "settings/policy.html", section, context, status=status_of(sent))


def written(version: PolicyDocument | None) -> Mapping[str, Any]:
    """What the tenant wrote."""
    return version.document if version else {}


def status_of(sent: Sent | None) -> int:
    if sent is None:
        return 200
    return 422 if isinstance(sent.refusal, ValidationProblem) else sent.refusal.status


def defaults() -> dict[str, str]:
    """What holds while a key is left out, as its field shows it."""
    rates = {f"rate_limits.{name}": f"{count:,}" if count else "no limit" for name, count in rates_in(Policy()).items()}
    open_ended = {"retention.delivered_files_days": "for good", "access.public_reads": "as set up"}
    nowhere = {"checkpoints.folder": "none", "checkpoints.url": "none"}
    said = {key.name: _plain(key.node["default"]) for key in keys() if "default" in key.node}
    return {**said, **rates, **open_ended, **nowhere}


def _plain(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
