"""Every page as owner, as a team-mate who may only read, as an outsider, and signed out; with its query count."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.test import Client
from django.urls import reverse

from records.datasets.models import Batch
from records.tests.judged import SECRET, Judged
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

pytestmark = pytest.mark.django_db
STYLE = re.compile(r"""<[^>]+\sstyle\s*=""")
PAGES = (
    "overview", "batches", "upload", "batch", "batch live", "findings", "findings by unit", "findings flat",
    "finding open", "finding", "record",
)  # fmt: skip
READABLE = tuple(name for name in PAGES if name != "upload")


def address(name: str, judged: Judged, slug: str) -> str:
    batch, finding = judged.batch.number, judged.findings[1].id
    findings = reverse("findings", args=[slug])
    return {
        "overview": reverse("overview", args=[slug]),
        "batches": reverse("batches", args=[slug]),
        "upload": reverse("upload", args=[slug]) + "?dataset=ledger",
        "batch": reverse("batch", args=[slug, batch]),
        "batch live": reverse("batch_live", args=[slug, batch]),
        "findings": findings,
        "findings by unit": f"{findings}?group=unit",
        "findings flat": f"{findings}?group=flat",
        "finding open": f"{findings}?open={finding}",
        "finding": reverse("finding", args=[slug, finding]),
        "record": reverse("record", args=[slug, judged.records[2].id]),
    }[name]


@pytest.mark.parametrize("name", PAGES)
def test_the_owner_sees_the_page_in_a_settled_number_of_queries(
    name: str, cast: Cast, judged: Judged, recorded_queries: Callable[[str], AbstractContextManager[object]]
) -> None:
    browser = cast.browser(cast.owner)
    url = address(name, judged, cast.tenant.slug)
    # The first page of a session remembers the tenant.
    browser.get(url)
    with recorded_queries(name):
        answer = browser.get(url)
    assert answer.status_code == 200
    assert not STYLE.search(answer.content.decode())
    assert "<script>" not in answer.content.decode()


@pytest.mark.parametrize("name", READABLE)
def test_an_auditor_reads_the_page_without_a_button_that_writes(name: str, cast: Cast, judged: Judged) -> None:
    answer = cast.browser(cast.auditor).get(address(name, judged, cast.tenant.slug))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Upload batch" not in text
    assert "Run again" not in text
    assert "Cancel run" not in text


def test_an_auditor_may_not_upload(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    assert browser.get(address("upload", judged, cast.tenant.slug)).status_code == 403
    assert browser.post(reverse("upload", args=[cast.tenant.slug]), {"dataset": "ledger"}).status_code == 403
    assert browser.post(reverse("run_again", args=[cast.tenant.slug, judged.batch.number])).status_code == 403
    assert browser.post(reverse("run_cancel", args=[cast.tenant.slug, judged.batch.number])).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_an_outsider_gets_the_same_404_as_for_nothing(name: str, cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.outsider)
    refused = browser.get(address(name, judged, cast.tenant.slug))
    nothing = browser.get("/t/no-such-tenant/")
    assert refused.status_code == nothing.status_code == 404
    assert SECRET not in refused.content.decode()
    assert without_request_id(refused.content.decode()) == without_request_id(nothing.content.decode())


@pytest.mark.parametrize("name", PAGES)
def test_an_outsider_does_not_find_it_under_their_own_tenant(name: str, cast: Cast, judged: Judged) -> None:
    answer = cast.browser(cast.outsider).get(address(name, judged, cast.other.slug))
    assert SECRET not in answer.content.decode()
    if name in {"batch", "batch live", "finding", "record"}:
        assert answer.status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_signed_out_the_page_leads_to_the_sign_in(name: str, cast: Cast, judged: Judged) -> None:
    answer = Client().get(address(name, judged, cast.tenant.slug))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/t/agency/")


def test_the_root_leads_to_the_overview_of_ones_tenant(cast: Cast) -> None:
    assert cast.browser(cast.owner).get("/")["Location"] == "/t/agency/"
    assert cast.browser(cast.outsider).get("/")["Location"] == "/t/elsewhere/"
    assert Client().get("/")["Location"].startswith("/accounts/login/")


def test_the_strict_policy_stands_on_every_page(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.owner)
    for name in PAGES:
        policy = browser.get(address(name, judged, cast.tenant.slug))["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "style-src 'self'" in policy
        assert "unsafe" not in policy


def test_two_tenants_do_not_mix_in_counts(cast: Cast, judged: Judged) -> None:
    text = cast.browser(cast.outsider).get(reverse("overview", args=[cast.other.slug])).content.decode()
    assert "Upload your first batch" in text
    assert re.search(r'id="count-findings" class="nav-count"></span>', text)


def test_jumping_goes_to_what_was_named(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.owner)
    jump = reverse("jump", args=["agency"])
    label = judged.batch.label
    assert browser.get(jump, {"q": label.lower()})["Location"] == f"/t/agency/batches/{label}/"
    assert browser.get(jump, {"q": f"{label}/2"})["Location"] == f"/t/agency/findings/{judged.findings[1].id}/"
    assert browser.get(jump, {"q": "B-999"})["Location"] == "/t/agency/findings/?q=B-999"
    assert browser.get(jump, {"q": "sides & more"})["Location"] == "/t/agency/findings/?q=sides+%26+more"
    assert browser.get(jump)["Location"] == "/t/agency/findings/"


def test_sample_files_can_be_had_without_a_batch(cast: Cast) -> None:
    answer = cast.browser(cast.outsider).get(reverse("samples", args=[cast.other.slug]))
    with ZipFile(BytesIO(answer.content)) as archive:
        assert "trial_balance.csv" in archive.namelist()


def test_the_theme_is_kept_with_the_person(cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    answer = browser.post(reverse("theme", args=["agency"]), {"theme": "dark", "next": "/t/agency/batches/"})
    assert answer["Location"] == "/t/agency/batches/"
    assert 'data-theme="dark"' in browser.get("/t/agency/").content.decode()
    assert browser.post(reverse("theme", args=["agency"]), {"theme": "pink"}).status_code == 400
    away = browser.post(reverse("theme", args=["agency"]), {"theme": "light", "next": "https://elsewhere.example/"})
    assert away["Location"] == "/t/agency/"


def test_a_tenant_switch_keeps_the_section_and_drops_the_object(cast: Cast, judged: Judged) -> None:
    text = cast.browser(cast.owner).get(address("finding", judged, "agency")).content.decode()
    assert 'href="/t/agency/findings/" aria-current="true"' in text


def test_the_guide_is_for_developers_only() -> None:
    assert Client().get("/styleguide/").status_code == 404


def test_the_overview_answers_before_anything_else(cast: Cast, judged: Judged) -> None:
    text = cast.browser(cast.auditor).get("/t/agency/").content.decode()
    assert re.search(r"<b>1 of 2</b> accounts are ready to certify", text)
    assert "Year 2026" in text
    assert "100: Blocked, 1 fatal" in text


def test_a_batch_under_way_is_counted_in_the_sidebar(cast: Cast, judged: Judged) -> None:
    with tenant_scope(cast.tenant.id):
        Batch.objects.get(id=judged.batch.id).runs.update(status="running")
    text = cast.browser(cast.owner).get("/t/agency/batches/").content.decode()
    assert 'class="nav-count live"' in text


def without_request_id(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{6}…[0-9a-f]{4}", "id", text)
