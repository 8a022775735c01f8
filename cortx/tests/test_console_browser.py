"""The admin and the API's viewer in a real browser: no script error, nothing refused by the security policy."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from records.tests.judged import Judged
from tenants.tests.cast import Cast

pytestmark = pytest.mark.browser
LISTS = ["records/record", "records/batch", "records/run", "records/finding", "tenants/auditevent", "tenants/apikey"]


@pytest.fixture
def signed_in(page: Page, live_server: LiveServer, cast: Cast) -> Page:
    """The owner's browser."""
    cookie = cast.browser(cast.owner).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return page


def test_screens_load_without_an_error(signed_in: Page, live_server: LiveServer, judged: Judged) -> None:
    signed_in.goto(f"{live_server.url}/admin/")
    expect(signed_in.get_by_text("Packs in use")).to_be_visible()
    for path in LISTS:
        signed_in.goto(f"{live_server.url}/admin/{path}/")
        expect(signed_in.locator("#changelist")).to_be_visible()
    signed_in.goto(f"{live_server.url}/admin/records/run/{judged.run.pk}/change/")
    expect(signed_in.get_by_text("Findings digest").first).to_be_visible()


def test_a_version_is_activated_through_the_dialog(signed_in: Page, live_server: LiveServer, judged: Judged) -> None:
    signed_in.goto(f"{live_server.url}/admin/records/dataset/{judged.dataset.pk}/change/")
    signed_in.get_by_text("Activate a version").first.click()
    signed_in.locator("#dialog select[name=version]").select_option(label="tests.ledger@1.0.0")
    signed_in.locator("#dialog button[type=submit]").click()
    expect(signed_in.get_by_text("tests.ledger@1.0.0 judges Ledger.")).to_be_visible()


def test_the_api_can_be_read_and_tried(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/docs")
    expect(page.get_by_text("/api/v1/batches/{batch_id}/rerun")).to_be_visible()
