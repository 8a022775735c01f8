"""Fixtures: Debian's Chromium, driven by Playwright. The pages come from pytest-django's `live_server`."""

import os
import shutil
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

OPTIONS = [
    "--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser, None, None]:
    """One browser for the run. Missing is a failure, not a skip: the screens would go untested unnoticed."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("Chromium is missing: install the Debian package chromium", pytrace=False)
    # Playwright's loop lives in this thread; Django would take its own queries for blocking calls in async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def browser_context(chromium: Browser) -> Generator[BrowserContext, None, None]:
    """A window of its own cookies; tests that need two people ask `chromium` for a second context."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext) -> Generator[Page, None, None]:
    """An empty page. Script errors and what the content security policy refused fail the test at its end."""
    page, errors = browser_context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if is_error(line) else None)
    yield page
    assert errors == []


def is_error(line: ConsoleMessage) -> bool:
    # A page that answers 404 on purpose also says so in the console.
    return line.type == "error" and not line.text.startswith("Failed to load resource")
