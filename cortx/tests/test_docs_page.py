"""The API's documentation in a real browser, under its content security policy."""

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer


@pytest.mark.browser
def test_the_documentation_draws_itself_from_the_document(live_server: LiveServer, page: Page) -> None:
    page.goto(f"{live_server.url}/docs")
    page.locator(".opblock").first.wait_for()
    assert page.get_by_text("/api/v1/records", exact=True).count() > 0
    page.locator("#operations-records-get_record_list .opblock-summary-control").click()
    page.locator("#operations-records-get_record_list .opblock-body").wait_for()
