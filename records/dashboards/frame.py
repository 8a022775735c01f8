"""The frame around every page: tenant, navigation with its counts, who is signed in, clock and theme."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse

from records.dashboards.selectors import nav_counts
from tenants.access.identity import Identity, memberships_of
from tenants.access.roles import Permission
from tenants.models import Membership, User

THEME_ICONS = {User.Theme.SYSTEM: "monitor", User.Theme.LIGHT: "sun", User.Theme.DARK: "moon"}


@dataclass(frozen=True)
class Item:
    """A place in the navigation; `count` is work to do, of the kind `counted` names."""

    key: str
    title: str
    icon: str
    url: str
    count: int = 0
    counted: str = ""
    live: bool = False


@dataclass(frozen=True)
class Group:
    """Items under a title. What is not `daily` is left out of the phone's bottom bar."""

    title: str
    items: list[Item]
    daily: bool = True


def theme(request: HttpRequest) -> dict[str, Any]:
    """Context of every template: the theme chosen by whoever is signed in, so that no page flashes the wrong one."""
    user = getattr(request, "user", None)
    return {"theme": user.theme if isinstance(user, User) else User.Theme.SYSTEM}


def frame(request: Any, section: str) -> dict[str, Any]:
    """Context of the shell; `section` is the key of the navigation item to mark."""
    identity: Identity = request.identity
    tenant, user = identity.tenant, identity.user
    assert tenant is not None
    assert user is not None
    return {
        **setting(request),
        "section": section,
        "navigation": navigation(tenant.slug, identity),
        "memberships": [switch(membership, section) for membership in memberships_of(user)],
        "role": Membership.Role(identity.role).label,
        "themes": [{"value": value, "title": value.label, "icon": THEME_ICONS[value]} for value in User.Theme],
    }


def setting(request: Any) -> dict[str, Any]:
    """What a fragment without the shell needs: the tenant, its clock, and whether the caller may write."""
    identity: Identity = request.identity
    assert identity.tenant is not None
    return {
        "tenant": identity.tenant,
        "may_write": identity.may(Permission.UPLOAD),
        "may_configure": identity.may(Permission.CONFIGURE_TENANT),
        "zone": identity.tenant.time_zone,
        "zone_name": datetime.now(ZoneInfo(identity.tenant.time_zone)).strftime("%Z"),
    }


def navigation(slug: str, identity: Identity) -> list[Group]:
    """The sections that the caller's role may open."""
    assert identity.tenant is not None
    counts = nav_counts(identity.tenant)
    overview = Item("overview", "Overview", "layout-dashboard", reverse("overview", args=[slug]))
    batches = Item(
        "batches", "Batches", "layers", reverse("batches", args=[slug]), counts.running, "running now", live=True
    )
    findings = Item(
        "findings", "Findings", "list-filter", reverse("findings", args=[slug]), counts.open_findings, "open"
    )
    packs = Item("packs", "RulePacks", "book-check", reverse("packs", args=[slug]), counts.waiting, "to approve")
    govern = [packs]
    if identity.may(Permission.READ_AUDIT):
        govern.append(Item("audit", "Audit log", "link", reverse("audit", args=[slug])))
    platform = [Item("trust", "Trust", "shield-check", reverse("trust", args=[slug]))]
    if identity.may(Permission.CONFIGURE_PEOPLE):
        platform.append(Item("members", "Settings", "settings-2", reverse("members", args=[slug])))
    elif identity.may(Permission.READ_POLICY):
        platform.append(Item("policy", "Policy", "settings-2", reverse("policy", args=[slug])))
    groups = [Group("", [overview]), Group("Operate", [batches, findings]), Group("Govern", govern)]
    return [*groups, Group("Platform", platform, daily=False)]


def switch(membership: Membership, section: str) -> dict[str, Any]:
    """Entry of the tenant switcher: the same section, without the object."""
    return {"tenant": membership.tenant, "url": reverse(section or "overview", args=[membership.tenant.slug])}
