"""The audit log in a real browser: the proof is recomputed there, and a wrong one is told apart."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from cortx.testing.looks import LOOKS
from records.dashboards.tests.test_browser import sign_in, violations
from tenants.audit.models import AuditEvent
from tenants.audit.sealing import audit_seal
from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

pytestmark = pytest.mark.browser


@pytest.fixture
def address(live_server: LiveServer, page: Page, cast: Cast) -> str:
    """Of the log, with one of its events open; the auditor has signed in."""
    with tenant_scope(cast.tenant.id):
        for number in range(12):
            audit_append("tenant.changed", cast.tenant, {"number": number, "before": "draft", "after": "published"})
    audit_seal(cast.tenant.id)
    sign_in(page, live_server, cast.auditor)
    with tenant_scope(cast.tenant.id):
        event = AuditEvent.objects.filter(action="tenant.changed").order_by("id")[5]
    return f"{live_server.url}/t/agency/audit/?open={event.id}"


def test_the_proof_is_recomputed_by_the_browser(address: str, page: Page) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", name="Proof")).to_contain_text("recomputed in this browser in")
    for step in ("leaf", "root", "signature"):
        expect(page.locator(f"[data-step={step}]")).to_have_class("holds")


def test_a_proof_of_changed_content_does_not_hold(address: str, page: Page) -> None:
    def changed(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("&quot;published\\&quot;", "&quot;withdrawn\\&quot;"))

    page.route("**/audit/?open=*", changed)
    page.goto(address)
    for step in ("leaf", "root"):
        expect(page.locator(f"[data-step={step}]")).to_have_class("fails")
    expect(page.locator("[data-step=leaf] [data-result]")).to_have_text("does not hold")


def test_an_event_opens_beside_the_list_and_closes(address: str, page: Page) -> None:
    page.goto(address.partition("?")[0])
    page.get_by_role("link", name="System changed the tenant Agency").first.click()
    expect(page.locator("[data-step=root]")).to_have_class("holds")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_have_count(0)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("none changed")).to_be_visible()


@LOOKS
def test_the_audit_log_has_no_known_barrier(theme: Any, width: int, address: str, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    for path in (address, address.partition("?")[0], address.replace("?open=", "") + "/"):
        page.goto(path)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
