"""How a finding came about: at once for a record, by a worker for a group; on the pages, as a fragment."""

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from records import commands, tasks
from records.conftest import LEDGER
from records.dashboards.tests.test_browser import sign_in, violations
from records.datasets.models import Dataset
from records.runs.explaining import EXPLAIN_WORK, explained, explained_as
from records.runs.models import Finding
from records.runs.selectors import finding_by_id
from records.tests.deliveries import BALANCED, csv, deliver, judge
from records.tests.judged import Judged
from rulepacks.catalog.services import pack_install
from tenants.context import tenant_scope
from tenants.models import Work
from tenants.tests.cast import Cast

FAULTY = (*BALANCED, "5,C,D,7.20,2026", "6,C,C,2.70,2025", "7,B,D,oops,2026")


def found(rule: str) -> Finding:
    return finding_by_id(Finding.objects.get(rule=rule).id)


def asked(finding: Finding) -> Work:
    commands.finding_explain(finding)
    return Work.objects.get(kind=EXPLAIN_WORK, reference=finding.id)


@pytest.fixture
def faulty(dataset: Dataset) -> None:
    judge(deliver(dataset, csv(FAULTY)))


def test_a_finding_about_one_record_is_explained_at_once(faulty: None) -> None:
    about = explained(found("L02"))
    assert about.told is not None
    assert (about.state, about.told.reason) == ("told", "Not satisfied: year = $year (false).")
    (line,) = about.lines
    assert (line.name, line.said, line.clause.left, line.clause.right) == ("require", "false", "2025", "2026")


def test_a_cell_that_cannot_be_read_is_explained(faulty: None) -> None:
    about = explained(found("L01"))
    assert about.told is not None
    assert about.told.reason == "Not satisfied: amount cannot be read as decimal(12,2)."


def test_a_single_record_is_explained_from_its_payload(dataset: Dataset) -> None:
    payload = {"line": "1", "account": "A", "side": "D", "amount": "1.00", "year": 2025}
    commands.record_process(commands.record_create(source="desk", category="ledger", payload=payload).id)
    about = explained(found("L02"))
    assert about.told is not None
    assert about.told.outcome == "fail"


def test_a_finding_about_many_rows_is_explained_by_a_worker_once(faulty: None) -> None:
    finding = found("T01")
    seen = explained(finding)
    assert seen.state == "open"
    assert [hint.kind for hint in seen.hints] == ["transposition"]
    work = asked(finding)
    assert asked(finding) == work
    assert explained(finding).state == "awaited"
    tasks.explain(str(work.id))
    about = explained(finding)
    assert about.told is not None
    assert (about.state, about.told.difference) == ("told", "4.50")
    assert [line.row for side in about.told.behind for line in side.lines] == [5, 6]
    assert Work.objects.get(id=work.id).status == Work.Status.DONE
    assert default_storage.exists(explained_as(finding))


def test_what_the_engine_cannot_explain_says_so(faulty: None) -> None:
    finding = found("T01")
    work = asked(finding)
    Finding.objects.filter(id=finding.id).update(key={"another": "1"})
    Work.objects.filter(id=work.id).update(attempt=settings.WORK_MAX_ATTEMPTS - 1)
    tasks.explain(str(work.id))
    about = explained(finding_by_id(finding.id))
    assert about.state == "lost"
    assert "the key of T01 has no another" in about.reason


@pytest.fixture
def browser(cast: Cast) -> Client:
    return cast.browser(cast.auditor)


def test_the_panel_offers_to_ask_and_the_fragment_waits(cast: Cast, judged: Judged, browser: Client) -> None:
    group = judged.findings[1]
    address = reverse("finding_explained", args=["agency", group.id])
    text = browser.get(reverse("finding", args=["agency", group.id])).content.decode()
    assert f'action="{address}"' in text
    waiting = browser.post(address, headers={"HX-Request": "true"}).content.decode()
    assert f'hx-get="{address}"' in waiting
    again = browser.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "All rows of the batch are being asked." in again
    assert browser.post(address)["Location"] == reverse("finding", args=["agency", group.id])
    with tenant_scope(cast.tenant.id):
        assert Work.objects.filter(kind=EXPLAIN_WORK, reference=group.id).count() == 1


def test_the_page_of_a_finding_shows_its_clauses(browser: Client, judged: Judged) -> None:
    text = browser.get(reverse("finding", args=["agency", judged.findings[0].id])).content.decode()
    assert "Clause by clause" in text
    assert "amount is not null" in text


def test_another_tenants_finding_is_not_explained(cast: Cast, judged: Judged) -> None:
    outsider = cast.browser(cast.outsider)
    for tenant in ("agency", "elsewhere"):
        address = reverse("finding_explained", args=[tenant, judged.findings[1].id])
        assert outsider.post(address).status_code == 404
    assert not Work.objects.filter(kind=EXPLAIN_WORK).exists()


@pytest.mark.browser
def test_a_person_asks_and_sees_the_clauses(page: Page, live_server: LiveServer, cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        dataset = commands.dataset_create(name="ledger", parameters={"year": 2026})
        commands.dataset_activate(dataset=dataset, version=pack_install(folder=LEDGER))
        judge(deliver(dataset, csv(FAULTY)))
        about = found("T01").id
    sign_in(page, live_server, cast.owner)
    page.goto(f"{live_server.url}{reverse('findings', args=['agency'])}?open={about}")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("All rows of the batch are being asked.")).to_be_visible()
    tasks.explain(str(Work.objects.get(kind=EXPLAIN_WORK).id))
    expect(page.get_by_text("Not satisfied: ")).to_be_visible()
    expect(page.locator(".clauses")).to_contain_text("7.20 against 2.70, difference 4.50")
    assert violations(page) == []
