"""Every role, on every route, by every method: each cell as the table of this folder says."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from pytest_django import Settings

from cortx.testing.database import Databases
from cortx.tests.matrix import table
from cortx.tests.matrix.callers import ID, Caller, Crowd, differences, path_of
from tenants.access.roles import PLATFORM_STAFF
from tenants.tests.cast import cast_made


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    """Nobody asks this often."""
    settings.RATE_LIMIT_ANONYMOUS = settings.RATE_LIMIT_SESSION = settings.RATE_LIMIT_KEY = 0
    settings.RATE_LIMIT_TENANT = 0


@pytest.fixture(scope="module")
def crowd(module_database: Databases) -> Crowd:
    """Everybody, signed in once: the calls below change nothing."""
    return Crowd.of(cast_made())


class Ask:
    """Calls one route; the tenant is named, so that nobody meets the default one."""

    def __init__(self, name: str, slug: str) -> None:
        self.path, self.headers = path_of(name, slug), {"X-Tenant": slug}

    def __call__(self, caller: Caller, method: str) -> int:
        return int(caller.client.generic(method, self.path, headers=self.headers).status_code)


@pytest.mark.parametrize("name", table.API)
def test_every_role_and_key_calls_the_api_as_far_as_the_table_says(crowd: Crowd, name: str) -> None:
    callers = [*crowd.members, *crowd.programs, *crowd.strangers(signed_out=401)]
    assert differences(callers, Ask(name, crowd.slug), table.API[name]) == []


@pytest.mark.parametrize("name", table.PAGES)
def test_every_role_opens_pages_as_far_as_the_table_says(crowd: Crowd, name: str) -> None:
    callers = [*crowd.members, *crowd.strangers(signed_out=302)]
    assert differences(callers, Ask(name, crowd.slug), table.PAGES[name]) == []


def screens() -> Iterator[tuple[str, str]]:
    """Every screen of the admin, and its kind: list, form, and so on."""
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        kinds = {"changelist", "change", "add", "delete", *table.SCREENS.get(name, {})}
        yield from ((name, kind) for kind in sorted(kinds))


@pytest.mark.parametrize(("screen", "kind"), list(screens()))
def test_every_role_enters_the_admin_as_far_as_the_table_says(crowd: Crowd, screen: str, kind: str) -> None:
    path = reverse(f"admin:{screen}_{kind}", args=() if kind in {"changelist", "add"} else (ID,))
    asked = table.SCREENS.get(screen, {}).get(kind)
    for caller in crowd.members:
        status = caller.client.get(path).status_code
        if asked in caller.allowed and caller.name in {"owner", "admin"}:
            assert status in {200, 302}, caller.name
        else:
            assert turned_away(caller.client, path), caller.name
    if asked in PLATFORM_STAFF:
        assert not turned_away(crowd.staff, path)


def turned_away(client: Client, path: str) -> bool:
    return bool(client.get(path, follow=True).status_code == 403)


def named_routes() -> set[str]:
    """Names of all routes but those of the admin and of the sign-in pages."""
    found = set()
    for entry in get_resolver().url_patterns:
        names = entry.reverse_dict if isinstance(entry, URLResolver) else [entry.name]
        if str(entry.pattern) != "admin/" and not str(entry.pattern).startswith("accounts/"):
            found |= {name for name in names if isinstance(name, str)}
    return found


def test_no_route_is_left_out() -> None:
    assert named_routes() == {*table.API, *table.PAGES, *table.NOBODYS}
    assert {screen for screen, _ in screens()} == {*table.SCREENS, *table.PLATFORM_SCREENS}


def test_the_platforms_screens_are_shut_to_a_tenants_people(crowd: Crowd) -> None:
    for screen in table.PLATFORM_SCREENS:
        for caller in crowd.members:
            assert turned_away(caller.client, reverse(f"admin:{screen}_changelist")), caller.name
