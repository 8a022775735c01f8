"""As a new person meets it, in a real browser: invited, in, with a second factor, and signed in again with it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from cortx.testing.looks import LOOKS
from tenants.accounts.tests.codes import code_of
from tenants.context import tenant_scope
from tenants.invitations.models import Invitation
from tenants.invitations.services import invitation_link
from tenants.tests.cast import Cast
from tenants.tests.factories import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    """Wrong passwords of other tests, from the same address, do not lock anybody out here."""
    cache.clear()


GUEST = "colleague@agency.example"
AXE = Path(__file__).parents[2] / "dashboards/tests/axe-core-4.14.1/axe.min.js"


def sign_in(page: Page, server: LiveServer, email: str) -> None:
    page.goto(f"{server.url}/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def confirm(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def invite(page: Page, server: LiveServer, cast: Cast) -> str:
    """The link that was mailed."""
    page.goto(f"{server.url}/t/agency/settings/members/")
    page.get_by_label("E-mail").fill(GUEST)
    page.get_by_label("Role", exact=True).select_option("reviewer")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_text(f"{GUEST} is invited")).to_be_visible()
    with tenant_scope(cast.tenant.id):
        return invitation_link(Invitation.objects.select_related("tenant").get())


def test_a_colleague_is_invited_accepts_and_signs_in_with_a_second_factor(
    page: Page, chromium: Browser, live_server: LiveServer, cast: Cast
) -> None:
    sign_in(page, live_server, cast.owner.email)
    link = invite(page, live_server, cast)
    theirs = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    theirs.set_default_timeout(15_000)
    theirs.goto(link)
    theirs.get_by_label("Name").fill("Colleague")
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Join Agency").click()
    theirs.wait_for_url("**/t/agency/")
    theirs.goto(f"{live_server.url}/accounts/2fa/")
    theirs.get_by_role("link", name="Set up an authenticator app").click()
    confirm(theirs)
    secret = theirs.locator("#totp-key").inner_text()
    theirs.get_by_label("Code").fill(code_of(secret))
    theirs.get_by_role("button", name="Set up").click()
    expect(theirs.locator(".codes li")).to_have_count(10)
    theirs.context.clear_cookies()
    sign_in(theirs, live_server, GUEST)
    theirs.get_by_label("Code").fill(code_of(secret, later=1))
    theirs.get_by_role("button", name="Sign in").click()
    theirs.wait_for_url("**/t/agency/")
    page.reload()
    row = page.get_by_role("row", name="Colleague")
    expect(row.get_by_text("Set", exact=True)).to_be_visible()
    theirs.context.close()


def remove(page: Page) -> None:
    page.get_by_label("Remove analyst@agency.example").click()
    page.get_by_role("button", name="Remove analyst@agency.example").click()
    expect(page.get_by_text("analyst@agency.example is no member any more")).to_be_visible()


def issue(page: Page) -> None:
    page.get_by_role("link", name="API keys").click()
    page.get_by_label("Name").fill("loader")
    page.get_by_role("button", name="Issue key").click()
    expect(page.locator("#issued")).to_contain_text("cortx_")


@pytest.mark.parametrize("act", [remove, issue])
def test_an_owner_keeps_members_and_keys(
    page: Page, live_server: LiveServer, cast: Cast, act: Callable[[Page], None]
) -> None:
    sign_in(page, live_server, cast.owner.email)
    page.goto(f"{live_server.url}/t/agency/settings/members/")
    act(page)


PAGES = [
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/password/change/",
    "/t/agency/settings/members/",
    "/t/agency/settings/keys/",
    "/t/agency/settings/policy/",
]


@LOOKS
def test_the_pages_are_accessible_and_do_not_scroll_sideways(
    page: Page, live_server: LiveServer, cast: Cast, theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    faults = []
    for number, path in enumerate(PAGES):
        if number == 2:
            sign_in(page, live_server, cast.owner.email)
            page.goto(f"{live_server.url}/accounts/2fa/totp/activate/")
            confirm(page)
        page.goto(live_server.url + path)
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
        faults += [f"{path}: {one['id']} {one['nodes'][0]['html']}" for one in found["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults.append(f"{path} scrolls sideways")
    assert faults == []
