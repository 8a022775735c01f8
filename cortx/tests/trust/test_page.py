"""The trust page and its API: members and platform staff see the last report, nobody else does."""

import pytest
from django.test import Client
from django.urls import reverse

from cortx.testing.queries import RecordedQueries
from cortx.trust.report import Report
from cortx.trust.stored import report_store
from tenants.access.keys import key_issue
from tenants.tests.cast import Cast
from tenants.tests.factories import UserFactory

API = "/api/v1/trust"


def page(cast: Cast) -> str:
    return reverse("trust", args=[cast.tenant.slug])


def test_every_member_sees_figures_targets_and_verdicts(
    cast: Cast, report: Report, recorded_queries: RecordedQueries
) -> None:
    report_store(report)
    browser = cast.browser(cast.analyst)
    with recorded_queries("trust page"):
        answer = browser.get(page(cast))
    text = answer.content.decode()
    for words in ("1 of 3 promises not met", "SQLite has no row security", "same answers: 8 of 8", "CORTX 1.2.3"):
        assert words in text
    assert browser.get("/trust/").headers["Location"] == page(cast)


def test_before_the_first_check_the_page_says_how_to_make_one(cast: Cast) -> None:
    text = cast.browser(cast.auditor).get(page(cast)).content.decode()
    assert "Nothing was tried here yet" in text
    assert "manage.py trust_check" in text
    assert cast.browser(cast.auditor).get(API).json() == {"report": None}


def test_an_outsider_does_not_see_the_page_under_a_tenant_that_is_not_theirs(cast: Cast, report: Report) -> None:
    report_store(report)
    browser = cast.browser(cast.outsider)
    assert browser.get(page(cast)).status_code == 404
    assert browser.get("/trust/").headers["Location"] == reverse("trust", args=[cast.other.slug])


def test_platform_staff_without_a_tenant_see_it_alone(cast: Cast, report: Report) -> None:
    report_store(report)
    staff = cast.browser(UserFactory.create(email="staff@platform.example", is_staff=True, is_superuser=True))
    assert "1 of 3 promises not met" in staff.get("/trust/").content.decode()
    nobody = cast.browser(UserFactory.create(email="new@platform.example"))
    assert "No tenant yet" in nobody.get("/trust/").content.decode()
    assert Client().get("/trust/").headers["Location"].startswith("/accounts/login/")


def test_programs_read_the_same_report(cast: Cast, report: Report) -> None:
    report_store(report)
    key = key_issue(tenant=cast.tenant, name="monitor", scopes=["read"])[1]
    document = Client().get(API, headers={"X-API-Key": key}).json()["report"]
    assert [one["verdict"] for one in document["results"]] == ["not carried here", "met", "not met"]
    assert (document["kept"], document["database"], document["seconds"]) == (False, "sqlite", "41.5")


def test_nobody_without_a_credential_reads_it_even_where_records_are_public(cast: Cast, report: Report) -> None:
    report_store(report)
    cast.tenant.public_reads = True
    cast.tenant.save(update_fields=["public_reads"])
    assert Client().get(API).status_code == 401


@pytest.mark.parametrize("query", ["x=1", "limit=1"])
def test_a_parameter_nobody_knows_is_refused(cast: Cast, query: str) -> None:
    assert cast.browser(cast.owner).get(f"{API}?{query}").status_code == 400
