"""The browser fixture: Chromium against the test database, served as the application role."""

import pytest
from playwright.sync_api import ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from cortx.testing.browser import is_error

pytestmark = pytest.mark.browser


def test_the_browser_opens_a_page_of_the_live_server(page: Page, live_server: LiveServer) -> None:
    answer = page.goto(f"{live_server.url}/health")
    assert answer is not None
    assert answer.status == 200
    assert "connected" in page.content()


def test_only_errors_of_the_page_itself_count(page: Page, live_server: LiveServer) -> None:
    lines: list[ConsoleMessage] = []

    def keep(line: ConsoleMessage) -> None:
        lines.append(line)

    page.on("console", keep)
    page.goto(f"{live_server.url}/no-such-page")
    page.evaluate("console.log('a note')")
    assert [line.text for line in lines if is_error(line)] == []
    assert "a note" in [line.text for line in lines]
