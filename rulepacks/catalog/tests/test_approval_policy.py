"""How many approve, whether the only member may, and how long a request holds: as the tenant's policy says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from rulepacks.catalog.tests.test_lifecycle import VERSION, pack, send, upload
from tenants.context import tenant_scope
from tenants.models import Approval, AuditEvent, Membership, User
from tenants.policies.services import policy_locked, policy_write
from tenants.tests.cast import Cast, member

pytestmark = pytest.mark.django_db
Write = Callable[..., None]


@pytest.fixture
def write(cast: Cast) -> Write:
    """Writes `approvals` of the policy down."""

    def written(**approvals: Any) -> None:
        with tenant_scope(cast.tenant.id):
            policy_write(before=policy_locked(), document={"approvals": approvals}, author=cast.owner, note="")

    return written


@pytest.fixture
def reviewer(cast: Cast) -> User:
    return member(cast.tenant, Membership.Role.REVIEWER)


def candidate(cast: Cast) -> dict[str, str]:
    browser = cast.browser(cast.analyst)
    body = {"content_hash": upload(browser, pack()).json()["content_hash"]}
    assert send(browser, "submit").status_code == 200
    return body


def listed(browser: Client) -> list[dict[str, Any]]:
    return list(browser.get("/api/v1/approvals").json()["results"])


def test_two_different_people_approve_where_the_policy_wants_two(cast: Cast, reviewer: User, write: Write) -> None:
    write(required=2)
    body = candidate(cast)
    first, second = cast.browser(reviewer), cast.browser(cast.owner)
    given = send(first, "approve", body).json()
    assert (given["status"], given["needed"], given["second_approver"]) == ("pending", 2, None)
    assert send(second, "publish").status_code == 409
    again = send(first, "approve", body)
    assert (again.status_code, again.json()["detail"]) == (403, "You approved this already; another member has to")
    page = first.get("/t/agency/packs/tests.eyes/1.0.0/").content.decode()
    assert "1 of 2 approvals" in page
    assert "You approved it; another member has to" in page
    assert send(second, "approve", body).json()["status"] == "approved"
    assert send(second, "publish").status_code == 200
    with tenant_scope(cast.tenant.id):
        told = AuditEvent.objects.filter(action__startswith="approval.given").order_by("id")
        assert [event.action for event in told] == ["approval.given_first", "approval.given"]


def test_a_stricter_policy_also_holds_for_what_was_approved_before(cast: Cast, reviewer: User, write: Write) -> None:
    body, owner = candidate(cast), cast.browser(cast.owner)
    assert send(cast.browser(reviewer), "approve", body).json()["status"] == "approved"
    assert listed(owner) == []
    write(required=2)
    refused = send(owner, "publish")
    assert (refused.status_code, "has 1 of 2 approvals" in refused.json()["detail"]) == (409, True)
    [waits] = listed(owner)
    assert (waits["object_label"], waits["status"], waits["missing"]) == ("tests.eyes@1.0.0", "approved", 1)
    assert b"waits for approval" in owner.get("/t/agency/packs/").content
    assert listed(cast.browser(cast.outsider)) == []
    given = send(owner, "approve", body).json()
    assert (given["second_approver"], given["missing"]) == (cast.owner.email, 0)
    assert listed(owner) == []
    assert send(owner, "publish").status_code == 200


def test_a_looser_policy_holds_for_what_is_asked_for_afterwards(cast: Cast, reviewer: User, write: Write) -> None:
    write(required=2)
    body, second = candidate(cast), cast.browser(reviewer)
    write(required=1)
    assert send(second, "approve", body).json()["status"] == "pending"
    send(second, "return", {**body, "reason": "Ask again"})
    send(cast.browser(cast.analyst), "submit")
    assert send(second, "approve", body).json()["status"] == "approved"


def test_the_only_member_may_be_forbidden_to_approve_alone(cast: Cast, write: Write) -> None:
    Membership.objects.filter(tenant=cast.tenant).exclude(user=cast.owner).delete()
    browser = cast.browser(cast.owner)
    body = {"content_hash": upload(browser, pack()).json()["content_hash"], "sole_operator": True}
    send(browser, "submit")
    assert b"Approve as the only member" in browser.get("/t/agency/packs/tests.eyes/1.0.0/").content
    write(sole_operator=False)
    assert b"Approve as the only member" not in browser.get("/t/agency/packs/tests.eyes/1.0.0/").content
    assert send(browser, "approve", body).status_code == 403
    write(sole_operator=True, required=2)
    assert send(browser, "approve", body).json()["status"] == "approved"
    write(sole_operator=False, required=2)
    assert send(browser, "publish").status_code == 409
    page = browser.get("/t/agency/packs/tests.eyes/1.0.0/").content
    assert b"which the policy does not allow any more" in page
    assert b"/publish/" not in page
    assert listed(browser) == []
    write(sole_operator=True)
    assert send(browser, "publish").status_code == 200


def test_a_request_holds_as_many_days_as_the_policy_says(cast: Cast, write: Write) -> None:
    write(valid_days=3)
    candidate(cast)
    with tenant_scope(cast.tenant.id):
        left = Approval.objects.get().expires_at - timezone.now()
    assert timedelta(days=2, hours=23) < left < timedelta(days=3, minutes=1)


def test_the_database_refuses_a_second_approval_by_the_same_person(cast: Cast, reviewer: User, write: Write) -> None:
    write(required=2)
    body = candidate(cast)
    send(cast.browser(reviewer), "approve", body)
    for person in (reviewer, cast.analyst):
        with tenant_scope(cast.tenant.id), pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.update(second_approver=person)


def test_another_tenant_s_policy_changes_nothing_here(cast: Cast, reviewer: User) -> None:
    with tenant_scope(cast.other.id):
        policy_write(before=None, document={"approvals": {"required": 2}}, author=cast.outsider, note="")
    assert send(cast.browser(reviewer), "approve", candidate(cast)).json()["status"] == "approved"
    assert cast.browser(cast.outsider).get(VERSION).status_code == 404
