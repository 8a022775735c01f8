"""From draft to published: nobody approves own work, and what was approved is what is published."""

import io
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from rulepacks.models import PackVersion
from tenants.access.keys import key_issue
from tenants.context import tenant_scope
from tenants.models import Approval, AuditEvent, Membership, User
from tenants.tests.cast import Cast, member

URL = "/api/v1/rulepacks"
VERSION = f"{URL}/tests.eyes/versions/1.0.0"
PACK = """\
cortx: 1
pack: tests.eyes
version: {version}
title: {title}
inputs:
  lines: {{key: [line], fields: {{line: {{type: text}}, amount: {{type: "decimal(12,2)"}}}}}}
rules:
  - {{code: L01, type: row, severity: error, title: Amount is positive, authority: House rule, require: amount > 0}}
"""

pytestmark = pytest.mark.django_db


def zipped(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def pack(title: str = "Two pairs of eyes", version: str = "1.0.0") -> bytes:
    return zipped({"pack.yaml": PACK.format(title=title, version=version)})


def upload(browser: Client, content: bytes) -> Any:
    return browser.post(URL, {"archive": SimpleUploadedFile("pack.zip", content, "application/zip")})


def send(browser: Client, step: str, body: Mapping[str, object] | None = None) -> Any:
    return browser.post(f"{VERSION}/{step}", body or {}, content_type="application/json")


@pytest.fixture
def reviewer(cast: Cast) -> User:
    return member(cast.tenant, Membership.Role.REVIEWER)


@pytest.fixture
def candidate(cast: Cast) -> str:
    """A candidate that the analyst wrote; its content hash."""
    browser = cast.browser(cast.analyst)
    answer = upload(browser, pack())
    assert answer.status_code == 201, answer.content
    assert send(browser, "submit").json()["status"] == "candidate"
    return str(answer.json()["content_hash"])


def test_a_pack_is_drafted_submitted_approved_by_another_and_published(
    cast: Cast, reviewer: User, candidate: str
) -> None:
    given = send(cast.browser(reviewer), "approve", {"content_hash": candidate})
    assert (given.status_code, given.json()["status"], given.json()["approver"]) == (200, "approved", reviewer.email)
    published = send(cast.browser(cast.owner), "publish")
    assert (published.status_code, published.json()["status"]) == (200, "published")
    with tenant_scope(cast.tenant.id):
        told = AuditEvent.objects.filter(object_type="packversion").order_by("id").values_list("action", flat=True)
        assert list(told) == [
            "pack_version.drafted", "pack_version.submitted", "approval.requested", "approval.given",
            "pack_version.published",
        ]  # fmt: skip


def test_nobody_approves_own_work_not_even_an_owner(cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    content_hash = upload(browser, pack()).json()["content_hash"]
    send(browser, "submit")
    for more in ({}, {"sole_operator": True}):
        answer = send(browser, "approve", {"content_hash": content_hash, **more})
        assert answer.status_code == 403
    assert send(browser, "publish").status_code == 409


def test_who_last_edited_a_draft_does_not_approve_it_nor_does_who_began_it(cast: Cast, reviewer: User) -> None:
    upload(cast.browser(cast.analyst), pack())
    admin = member(cast.tenant, Membership.Role.ADMIN)
    edited = upload(cast.browser(admin), pack(title="Edited")).json()["content_hash"]
    send(cast.browser(admin), "submit")
    Membership.objects.filter(user=cast.analyst).update(role=Membership.Role.ADMIN)
    for own in (admin, cast.analyst):
        assert send(cast.browser(own), "approve", {"content_hash": edited}).status_code == 403
    assert send(cast.browser(reviewer), "approve", {"content_hash": edited}).status_code == 200


def test_the_database_refuses_an_approval_of_own_work_too(cast: Cast, candidate: str) -> None:
    with tenant_scope(cast.tenant.id), pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.update(approver=cast.analyst)


def test_an_approval_names_the_content_it_is_about(cast: Cast, reviewer: User, candidate: str) -> None:
    answer = send(cast.browser(reviewer), "approve", {"content_hash": "0" * 64})
    assert answer.status_code == 409
    assert candidate in answer.json()["detail"]


def test_a_change_ends_what_was_approved(cast: Cast, reviewer: User, candidate: str) -> None:
    analyst, second = cast.browser(cast.analyst), cast.browser(reviewer)
    assert send(second, "approve", {"content_hash": candidate}).status_code == 200
    assert upload(analyst, pack(title="Edited")).status_code == 409
    back = send(second, "return", {"content_hash": candidate, "reason": "The title says nothing"})
    assert (back.status_code, back.json()["status"]) == (200, "draft")
    edited = upload(analyst, pack(title="Edited")).json()["content_hash"]
    send(analyst, "submit")
    assert send(cast.browser(cast.owner), "publish").status_code == 409
    assert send(second, "approve", {"content_hash": candidate}).status_code == 409
    assert send(second, "approve", {"content_hash": edited}).status_code == 200
    history = second.get(f"{VERSION}/approvals").json()
    assert [one["status"] for one in history] == ["approved", "refused"]


def test_a_key_neither_writes_nor_approves(cast: Cast, candidate: str) -> None:
    key = key_issue(tenant=cast.tenant, name="Nightly", scopes=["read", "write"])[1]
    headers = {"X-API-Key": key}
    for step, body in (("approve", {"content_hash": candidate}), ("publish", {}), ("submit", {})):
        answer = Client().post(f"{VERSION}/{step}", body, content_type="application/json", headers=headers)
        assert answer.status_code == 403
    file = SimpleUploadedFile("pack.zip", pack(), "application/zip")
    assert Client().post(URL, {"archive": file}, headers=headers).status_code == 403


def test_a_request_runs_out_after_fourteen_days_and_may_be_made_again(
    cast: Cast, reviewer: User, candidate: str
) -> None:
    with tenant_scope(cast.tenant.id):
        Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    second = cast.browser(reviewer)
    assert send(second, "approve", {"content_hash": candidate}).status_code == 409
    assert second.get("/api/v1/approvals").json()["results"] == []
    assert send(cast.browser(cast.analyst), "submit").status_code == 200
    assert send(second, "approve", {"content_hash": candidate}).status_code == 200


def test_the_only_member_approves_own_work_on_record_or_not_at_all(cast: Cast) -> None:
    Membership.objects.filter(tenant=cast.tenant).exclude(user=cast.owner).delete()
    browser = cast.browser(cast.owner)
    content_hash = upload(browser, pack()).json()["content_hash"]
    send(browser, "submit")
    assert send(browser, "approve", {"content_hash": content_hash}).status_code == 403
    alone = send(browser, "approve", {"content_hash": content_hash, "sole_operator": True})
    assert (alone.status_code, alone.json()["sole_operator"]) == (200, True)
    with tenant_scope(cast.tenant.id):
        assert AuditEvent.objects.filter(action="approval.given_alone").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_approvers_at_the_same_time_one_is_first(cast: Cast, reviewer: User, candidate: str) -> None:
    people = [reviewer, cast.owner, member(cast.tenant, Membership.Role.ADMIN)]
    browsers = [cast.browser(person) for person in people]

    def approve(browser: Client) -> int:
        try:
            return int(send(browser, "approve", {"content_hash": candidate}).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(approve, browsers)) == [200, 409, 409]
    with tenant_scope(cast.tenant.id):
        assert AuditEvent.objects.filter(action="approval.given").count() == 1


def test_roles_write_approve_and_publish_as_the_table_says(cast: Cast, reviewer: User, candidate: str) -> None:
    for person, upload_status, approve_status in (
        (cast.analyst, 201, 403), (reviewer, 403, 200), (cast.auditor, 403, 403),
    ):  # fmt: skip
        browser = cast.browser(person)
        assert upload(browser, pack(version="2.0.0")).status_code == upload_status
        assert send(browser, "approve", {"content_hash": candidate}).status_code == approve_status
        assert send(browser, "publish").status_code == 403


def test_an_outsider_finds_nothing_to_approve(cast: Cast, candidate: str) -> None:
    browser = cast.browser(cast.outsider)
    for step, body in (
        ("submit", {}), ("publish", {}), ("approve", {"content_hash": candidate}),
        ("return", {"content_hash": candidate, "reason": "no"}),
    ):  # fmt: skip
        assert send(browser, step, body).status_code == 404
    assert browser.get(f"{VERSION}/approvals").status_code == 404
    assert browser.get("/api/v1/approvals").json()["results"] == []
    with tenant_scope(cast.tenant.id):
        assert PackVersion.objects.get().status == "candidate"


def test_the_lists_cost_the_same_however_many_wait(
    cast: Cast, candidate: str, recorded_queries: Callable[[str], AbstractContextManager[object]]
) -> None:
    browser = cast.browser(cast.auditor)
    for name, url in (("approvals", "/api/v1/approvals"), ("approvals of a version", f"{VERSION}/approvals")):
        browser.get(url)
        with recorded_queries(name):
            assert browser.get(url).status_code == 200


def test_every_mistake_of_a_pack_is_answered_with_its_place(cast: Cast) -> None:
    text = PACK.format(title="Wrong", version="1.0.0").replace("amount > 0", "amont > 0")
    answer = upload(cast.browser(cast.analyst), zipped({"pack.yaml": text.replace("version: 1.0.0", "version: one")}))
    fields = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert answer.status_code == 400
    assert {place.split(":")[1] for place in fields} == {"3", "8"}


def link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("lists/secret.csv")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
        archive.writestr("pack.yaml", PACK.format(title="Link", version="1.0.0"))
    return buffer.getvalue()


YAML = PACK.format(title="Odd", version="1.0.0")
ODD_ARCHIVES = {
    "nothing": b"",
    "no archive": b"cortx: 1\n",
    "cut short": pack()[:-30],
    "no pack": zipped({"readme.txt": "empty"}),
    "two folders": zipped({"a/pack.yaml": YAML, "b/pack.yaml": YAML}),
    "a way out": zipped({"pack.yaml": YAML, "../outside.csv": "a"}),
    "from the root": zipped({"pack.yaml": YAML, "/etc/outside.csv": "a"}),
    "a drive": zipped({"pack.yaml": YAML, "C:\\outside.csv": "a"}),
    "a link": link(),
    "twice": zipped({"pack.yaml": YAML, "Pack.yaml": YAML}),
    "many": zipped({"pack.yaml": YAML, **{f"lists/{number}.csv": "a" for number in range(2_001)}}),
}


@pytest.mark.parametrize("name", ODD_ARCHIVES)
def test_an_archive_that_is_no_pack_is_refused_by_name(cast: Cast, name: str, tmp_path: Path) -> None:
    answer = upload(cast.browser(cast.analyst), ODD_ARCHIVES[name])
    assert answer.status_code == 400, answer.content
    assert "archive" in answer.json()["detail"]
    with tenant_scope(cast.tenant.id):
        assert not PackVersion.objects.exists()


def test_an_archive_that_grows_without_end_is_too_large(cast: Cast) -> None:
    bomb = zipped({"pack.yaml": YAML, "lists/zeros.csv": b"\0" * 70_000_000})
    assert len(bomb) < 100_000
    assert upload(cast.browser(cast.analyst), bomb).status_code == 413


def test_a_folder_around_the_pack_is_left_out(cast: Cast) -> None:
    content = zipped({"eyes/pack.yaml": YAML, "eyes/.git/config": "x", "eyes/__pycache__/x.pyc": "x"})
    assert upload(cast.browser(cast.analyst), content).status_code == 201
