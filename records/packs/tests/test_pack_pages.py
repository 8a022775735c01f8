"""Pages of packs: a version on its way to publication, by hand, as each of those who take part."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from records.tests.judged import Judged
from rulepacks.catalog.tests.test_lifecycle import pack, zipped
from rulepacks.models import PackVersion
from tenants.context import tenant_scope
from tenants.models import Membership
from tenants.tests.cast import Cast, member

pytestmark = pytest.mark.django_db
LIST = reverse("packs", args=["agency"])
PAGE = reverse("pack", args=["agency", "tests.eyes", "1.0.0"])


def upload(browser: Client, content: bytes) -> str:
    file = SimpleUploadedFile("pack.zip", content, "application/zip")
    return browser.post(reverse("pack_upload", args=["agency"]), {"archive": file}, follow=True).content.decode()


def take(browser: Client, step: str, **form: str) -> str:
    address = reverse(f"pack_{step}", args=["agency", "tests.eyes", "1.0.0"])
    return browser.post(address, form, follow=True).content.decode()


def content_hash(cast: Cast) -> str:
    with tenant_scope(cast.tenant.id):
        return str(PackVersion.objects.get(version="1.0.0", pack__name="tests.eyes").content_hash)


def test_a_colleague_approves_what_an_analyst_wrote_and_an_owner_publishes_it(cast: Cast, judged: Judged) -> None:
    analyst, owner = cast.browser(cast.analyst), cast.browser(cast.owner)
    reviewer = cast.browser(member(cast.tenant, Membership.Role.REVIEWER))
    assert "Submit for review" in upload(analyst, pack())
    waits = take(analyst, "submit")
    assert "Needs the role owner, admin or reviewer" in waits
    assert "waits for approval" in owner.get(LIST).content.decode()
    assert "is approved" in take(reviewer, "approve", content_hash=content_hash(cast))
    assert "is published" in take(owner, "publish")
    assert "Approved by reviewer@agency.example" in owner.get(PAGE).content.decode()


def test_an_owner_does_not_approve_what_they_wrote(cast: Cast) -> None:
    owner = cast.browser(cast.owner)
    upload(owner, pack())
    assert "You wrote this version; another member approves it" in take(owner, "submit")
    assert "Nobody approves what they made or edited" in take(owner, "approve", content_hash=content_hash(cast))


def test_the_only_member_approves_in_so_many_words(cast: Cast) -> None:
    Membership.objects.filter(tenant=cast.tenant).exclude(user=cast.owner).delete()
    owner = cast.browser(cast.owner)
    upload(owner, pack())
    assert "Approve as the only member" in take(owner, "submit")
    shown = take(owner, "approve", content_hash=content_hash(cast), sole_operator="1")
    assert "who wrote it, as the only member" in shown


def test_a_version_comes_back_with_what_has_to_change(cast: Cast) -> None:
    upload(cast.browser(cast.analyst), pack())
    take(cast.browser(cast.analyst), "submit")
    shown = take(cast.browser(cast.owner), "return", content_hash=content_hash(cast), reason="Cite <b>the law</b>")
    assert "Cite &lt;b&gt;the law&lt;/b&gt;" in shown
    assert "Draft 1.0.0" in shown


def test_changes_are_told_against_the_published_version_below(cast: Cast) -> None:
    analyst, owner = cast.browser(cast.analyst), cast.browser(cast.owner)
    upload(analyst, pack())
    take(analyst, "submit")
    take(owner, "approve", content_hash=content_hash(cast))
    take(owner, "publish")
    shown = upload(analyst, pack(version="1.1.0", title="Three pairs"))
    assert "Draft 1.1.0" in shown
    changes = analyst.get(reverse("pack", args=["agency", "tests.eyes", "1.1.0"]) + "?tab=changes").content.decode()
    assert "title Two pairs of eyes to Three pairs" in changes


def test_mistakes_of_a_pack_stand_on_the_page_with_their_places(cast: Cast) -> None:
    browser = cast.browser(cast.analyst)
    shown = upload(browser, zipped({"pack.yaml": "cortx: 1\npack: tests.eyes\n"}))
    assert "The pack is not in order" in shown
    assert "pack.yaml:" in shown


@pytest.mark.parametrize("tab", ["", "rules", "changes", "versions"])
def test_the_page_costs_the_same_however_long_the_history(
    tab: str, cast: Cast, judged: Judged, recorded_queries: Callable[[str], AbstractContextManager[object]]
) -> None:
    analyst = cast.browser(cast.analyst)
    upload(analyst, pack())
    analyst.get(LIST)
    for name, url in (("packs", LIST), (f"pack {tab}".strip(), f"{PAGE}?tab={tab}")):
        with recorded_queries(name):
            assert analyst.get(url).status_code == 200


def test_an_outsider_finds_no_packs_here(cast: Cast) -> None:
    upload(cast.browser(cast.analyst), pack())
    browser = cast.browser(cast.outsider)
    assert browser.get(LIST).status_code == 404
    assert browser.get(PAGE).status_code == 404
    for step in ("submit", "approve", "return", "publish"):
        assert browser.post(reverse(f"pack_{step}", args=["agency", "tests.eyes", "1.0.0"])).status_code == 404
    assert b"tests.eyes" not in browser.get(reverse("packs", args=["elsewhere"])).content
