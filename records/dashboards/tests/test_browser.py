"""The pages in a real browser: accessible, inside the strict policy, at every width, with and without script."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from cortx.testing.looks import LOOKS
from records import commands
from records.datasets.models import Batch
from records.runs.models import Run
from records.tests.judged import Judged
from tenants.context import tenant_scope
from tenants.models import User
from tenants.tests.cast import Cast
from tenants.tests.factories import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    """Wrong passwords of other tests, from the same address, do not lock anybody out here."""
    cache.clear()


AXE = (Path(__file__).parent / "axe-core-4.14.1" / "axe.min.js").read_text()
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LINES = "line,account,side,amount,year\na,100,D,10.00,2026\nb,100,C,10.00,2026\n"
WIDE, PHONE, NARROWEST = 1440, 390, 320


def sign_in(page: Page, server: LiveServer, user: User) -> None:
    page.goto(f"{server.url}/accounts/login/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def addresses(judged: Judged) -> dict[str, str]:
    findings = reverse("findings", args=["agency"])
    return {
        "overview": reverse("overview", args=["agency"]),
        "batches": reverse("batches", args=["agency"]),
        "upload": reverse("upload", args=["agency"]) + "?dataset=ledger",
        "run": reverse("batch", args=["agency", judged.batch.number]),
        "findings": findings,
        "by unit": f"{findings}?group=unit",
        "flat": f"{findings}?group=flat",
        "panel": f"{findings}?open={judged.findings[1].id}",
        "row panel": f"{findings}?open={judged.findings[0].id}",
        "no match": f"{findings}?q=no+such+thing",
        "finding": reverse("finding", args=["agency", judged.findings[1].id]),
        "record": reverse("record", args=["agency", judged.records[2].id]),
        "not here": "/t/agency/batches/B-999/",
    }


def violations(page: Page) -> list[str]:
    """What axe finds, as one line each. Evaluated from outside: the page itself may run no foreign script."""
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate("levels => axe.run(document, {runOnly: levels})", LEVELS)
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in result["violations"]]


@LOOKS
def test_no_page_has_a_known_barrier(
    theme: str, width: int, page: Page, live_server: LiveServer, cast: Cast, judged: Judged
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # the parameter is one of the two it takes
    page.goto(f"{live_server.url}/accounts/login/")
    found = {"sign-in": violations(page)}
    sign_in(page, live_server, cast.owner)
    for name, path in addresses(judged).items():
        page.goto(live_server.url + path)
        found[name] = violations(page)
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize("width", [PHONE, NARROWEST])
def test_no_page_scrolls_sideways(width: int, page: Page, live_server: LiveServer, cast: Cast, judged: Judged) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, live_server, cast.owner)
    wide = {}
    for name, path in addresses(judged).items():
        page.goto(live_server.url + path)
        wide[name] = page.evaluate("document.documentElement.scrollWidth")
    assert {name: each for name, each in wide.items() if each > width} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_guide_to_the_components_has_no_known_barrier(
    theme: str, page: Page, live_server: LiveServer, settings: Any
) -> None:
    settings.DEBUG = True
    page.goto(f"{live_server.url}/styleguide/?theme={theme}")
    assert violations(page) == []


def test_an_analyst_narrows_opens_and_closes_a_finding_by_keyboard(
    page: Page, live_server: LiveServer, cast: Cast, judged: Judged
) -> None:
    sign_in(page, live_server, cast.analyst)
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.wait_for_url("**/findings/")
    page.get_by_role("link", name=re.compile("^Fatal")).first.click()
    page.wait_for_url("**severity=fatal**")
    expect(page.locator("#status")).to_have_text("1 findings")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()
    assert f"open={judged.findings[1].id}" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_have_count(0)
    expect(page.locator("[data-row] .row-link").first).to_be_focused()
    page.go_back()
    expect(page.locator("#panel-title")).to_be_visible()


def test_shortcuts_are_off_while_typing_and_listed_by_a_question_mark(
    page: Page, live_server: LiveServer, cast: Cast, judged: Judged
) -> None:
    sign_in(page, live_server, cast.analyst)
    page.goto(live_server.url + addresses(judged)["findings"])
    page.keyboard.press("/")
    page.keyboard.type("g?")
    expect(page.locator("#q")).to_have_value("g?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type(judged.batch.label)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/batches/{judged.batch.label}/")


def test_typing_in_the_query_bar_narrows_and_keeps_the_focus(
    page: Page, live_server: LiveServer, cast: Cast, judged: Judged
) -> None:
    sign_in(page, live_server, cast.analyst)
    page.goto(live_server.url + addresses(judged)["findings"])
    page.locator("#q").press_sequentially("T01")
    page.wait_for_url("**q=T01**")
    expect(page.locator("#status")).to_have_text("1 findings")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("T01")


def test_a_run_page_left_open_arrives_at_what_the_database_says(
    page: Page, live_server: LiveServer, cast: Cast, judged: Judged
) -> None:
    with tenant_scope(cast.tenant.id):
        Run.objects.filter(id=judged.run.id).update(status="running", stage="Rules")
    sign_in(page, live_server, cast.owner)
    page.goto(live_server.url + addresses(judged)["run"])
    expect(page.locator("h1 .pill")).to_have_text("Running")
    with tenant_scope(cast.tenant.id):
        Run.objects.filter(id=judged.run.id).update(status="completed", revision=9)
    expect(page.locator("h1 .pill")).to_have_text("Processed, 1 fatal")
    expect(page.locator("[data-live]")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []


def test_cancelling_asks_once(page: Page, live_server: LiveServer, cast: Cast, judged: Judged) -> None:
    with tenant_scope(cast.tenant.id):
        commands.run_again(judged.batch)
    sign_in(page, live_server, cast.owner)
    page.goto(live_server.url + addresses(judged)["run"])
    page.get_by_role("button", name="Cancel run").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Keep running").click()
    expect(page.locator("h1 .pill")).to_have_text("Waiting")
    page.get_by_role("button", name="Cancel run").click()
    dialog.get_by_role("button", name="Cancel run").click()
    expect(page.locator("h1 .pill")).to_have_text("Cancelled")


def test_an_operator_uploads_and_lands_on_the_run(
    page: Page, live_server: LiveServer, cast: Cast, judged: Judged, tmp_path: Path
) -> None:
    file = tmp_path / "lines.csv"
    file.write_text(LINES)
    sign_in(page, live_server, cast.owner)
    page.get_by_role("link", name="Upload batch").first.click()
    page.get_by_label("Lines", exact=True).set_input_files(file)
    expect(page.locator("[data-drop-name]").first).to_have_text("lines.csv")
    page.get_by_role("button", name="Submit batch").click()
    page.wait_for_url(re.compile(r"/batches/B-\d+/$"))
    first = page.url
    page.goto(live_server.url + addresses(judged)["upload"])
    page.get_by_label("Lines", exact=True).set_input_files(file)
    page.get_by_role("button", name="Submit batch").click()
    seen = page.get_by_text("This file was processed as").get_by_role("link")
    assert first.endswith(str(seen.get_attribute("href")))


def test_the_theme_is_stored_and_does_not_flash(
    page: Page, live_server: LiveServer, cast: Cast, judged: Judged
) -> None:
    sign_in(page, live_server, cast.owner)
    page.locator(".who-theme summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(9, 12, 17)"


@pytest.fixture
def plain_page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser that runs no script."""
    context: BrowserContext = chromium.new_context(java_script_enabled=False, viewport={"width": WIDE, "height": 900})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_without_script_one_signs_in_filters_opens_and_uploads(
    plain_page: Page, live_server: LiveServer, cast: Cast, judged: Judged, tmp_path: Path
) -> None:
    page = plain_page
    sign_in(page, live_server, cast.owner)
    page.get_by_role("link", name="Findings").first.click()
    page.get_by_role("link", name=re.compile("^Fatal")).first.click()
    page.wait_for_url("**severity=fatal**")
    page.locator("[data-row] .row-link").first.click()
    expect(page.locator("#panel-title")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    page.locator("#q").fill("nothing at all")
    page.locator("#q").press("Enter")
    expect(page.get_by_text("No finding matches.")).to_be_visible()
    file = tmp_path / "lines.csv"
    file.write_text(LINES)
    page.goto(live_server.url + addresses(judged)["upload"])
    page.get_by_label("Lines", exact=True).set_input_files(file)
    page.get_by_role("button", name="Submit batch").click()
    page.wait_for_url(re.compile(r"/batches/B-\d+/$"))
    with tenant_scope(cast.tenant.id):
        assert Batch.objects.filter(source="upload").count() == 1
