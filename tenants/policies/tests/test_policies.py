"""A tenant's policy: who writes it, what is refused, what each key does, and that it holds at once."""

import json
import re
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from django.urls import get_resolver

from tenants.access.keys import key_issue
from tenants.context import tenant_scope
from tenants.models import AuditEvent, Membership, PolicyDocument, Tenant
from tenants.policies.policy import Policy
from tenants.policies.schema import keys
from tenants.policies.selectors import policy_now
from tenants.rates import services
from tenants.rates.counters import MemoryCounters
from tenants.scoping import new_id
from tenants.tests.cast import Cast, member

URL, PAGE = "/api/v1/policy", "/t/agency/settings/policy/"

pytestmark = pytest.mark.django_db


def put(browser: Client, document: Any, headers: dict[str, str] | None = None, query: str = "", **body: Any) -> Any:
    sent = json.dumps({"document": document, **body})
    return browser.put(URL + query, sent, content_type="application/json", headers=headers or {})


def test_a_tenant_without_a_policy_has_the_defaults(cast: Cast) -> None:
    answer = cast.browser(cast.owner).get(URL)
    assert (answer.status_code, answer["ETag"]) == (200, 'W/"policy-0"')
    assert answer.json()["number"] == 0
    assert answer.json()["effective"]["approvals"] == {"required": 1, "sole_operator": True, "valid_days": 14}
    assert answer.json()["effective"]["rate_limits"]["key"] == 1_200


def test_what_was_put_holds_and_is_told_to_the_log(cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    first = put(browser, {"approvals": {"required": 2}}, note="Two of us now")
    assert (first.status_code, first.json()["number"], first.json()["author"]) == (200, 1, cast.owner.email)
    second = put(browser, {"approvals": {"required": 2, "valid_days": 7.0}}, {"If-Match": first["ETag"]})
    assert second.json()["effective"]["approvals"] == {"required": 2, "sole_operator": True, "valid_days": 7}
    versions = browser.get(f"{URL}/versions").json()["results"]
    assert [(one["number"], one["note"]) for one in versions] == [(2, ""), (1, "Two of us now")]
    assert versions[0]["changes"] == ["Days a request for approval holds: 7 instead of 14 (default)"]
    with tenant_scope(cast.tenant.id):
        event = AuditEvent.objects.filter(action="policy.changed").latest("id")
        assert policy_now().approvals.required == 2
    assert (event.facts["before"], event.facts["after"]["approvals"]) == (
        {"approvals": {"required": 2}},
        {"required": 2, "valid_days": 7},
    )


def test_the_same_again_is_no_new_version(cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    assert [put(browser, {"approvals": {"required": 2}}).json()["number"] for _ in range(2)] == [1, 1]


def test_a_change_of_what_somebody_else_changed_meanwhile_is_412(cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    seen = browser.get(URL)["ETag"]
    assert put(browser, {"approvals": {"required": 2}}, {"If-Match": seen}).status_code == 200
    assert put(browser, {}, {"If-Match": seen}).status_code == 412
    assert browser.get(URL).json()["number"] == 1


def test_all_mistakes_are_named_at_once_with_pointer_value_and_what_is_expected(cast: Cast) -> None:
    wrong = {
        "rate_limits": {"key": 5, "session": 999_999},
        "approvals": {"required": 3, "sole_operator": "yes", "colour": 1},
        "severities": {"tests.a/b": {"R1": "grave"}},
        "retention": [],
        "unknown": {},
    }
    answer = put(cast.browser(cast.owner), wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert {one["pointer"]: one["message"] for one in answer.json()["errors"]} == {
        "/document/approvals/colour": "1, expected nothing: there is no such key; keys are required, sole_operator, "
        "valid_days",
        "/document/approvals/required": "3, expected a whole number from 1 to 2",
        "/document/approvals/sole_operator": "'yes', expected true or false",
        "/document/rate_limits/key": "5, expected a whole number of at least 10",
        "/document/retention": "[], expected an object",
        "/document/severities/tests.a~1b/R1": "'grave', expected one of warning, error, fatal",
        "/document/unknown": "{}, expected nothing: there is no such key; keys are rate_limits, approvals, severities, "
        "retention, access, checkpoints",
    }
    beyond = {"rate_limits": {"session": 999_999}, "severities": {"tests.no": {"R1": "fatal"}}}
    above = put(cast.browser(cast.owner), beyond)
    assert [one["pointer"] for one in above.json()["errors"]] == [
        "/document/rate_limits/session",
        "/document/severities/tests.no",
    ]
    both = put(cast.browser(cast.owner), {**beyond, "approvals": {"required": 0}})
    assert [one["pointer"] for one in both.json()["errors"]] == [
        "/document/approvals/required",
        "/document/rate_limits/session",
        "/document/severities/tests.no",
    ]
    assert "RATE_CEILING_SESSION" in above.json()["errors"][0]["message"]
    assert cast.browser(cast.owner).get(URL).json()["number"] == 0


def test_the_schema_says_the_defaults_that_hold(cast: Cast) -> None:
    holds = Policy()
    for key in keys():
        assert getattr(getattr(holds, key.path[0]), key.path[1]) == key.node.get("default"), key.name


def test_an_outsider_an_analyst_and_a_key_neither_read_nor_write_it(cast: Cast) -> None:
    put(cast.browser(cast.owner), {"approvals": {"required": 2}}, note="ours alone")
    text = key_issue(tenant=cast.tenant, name="k", scopes=["read", "write"])[1]
    outside = cast.browser(cast.outsider)
    assert (outside.get(URL).json()["number"], outside.get(f"{URL}/versions").json()["results"]) == (0, [])
    assert outside.get(PAGE).status_code == 404
    assert cast.browser(cast.auditor).get(URL).json()["note"] == "ours alone"
    assert put(cast.browser(cast.auditor), {}).status_code == 403
    assert cast.browser(cast.analyst).get(URL).status_code == 403
    assert [Client().get(URL, headers={"X-API-Key": text}).status_code, Client().get(URL).status_code] == [403, 401]


def test_a_version_cannot_be_changed_or_deleted(cast: Cast) -> None:
    put(cast.browser(cast.owner), {"approvals": {"required": 2}})
    for statement in ("UPDATE tenants_policydocument SET note = 'x'", "DELETE FROM tenants_policydocument"):
        with (
            tenant_scope(cast.tenant.id),
            pytest.raises(Error),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with tenant_scope(cast.tenant.id):
        assert PolicyDocument.objects.get().note == ""


def test_a_change_that_is_rolled_back_leaves_what_held_before(cast: Cast) -> None:
    put(cast.browser(cast.owner), {"approvals": {"required": 2}})
    with tenant_scope(cast.tenant.id):
        Tenant.objects.filter(id=cast.tenant.id).update(current_policy=None)
        assert policy_now().approvals.required == 1
        held = PolicyDocument.objects.get()
        Tenant.objects.filter(id=cast.tenant.id).update(current_policy=held.id)
        assert policy_now().approvals.required == 2


@pytest.fixture
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    minute, store = 6_000.0 + new_id().int % 10**6 * 60, MemoryCounters()
    monkeypatch.setattr(services, "counters", lambda: store)
    monkeypatch.setattr(services, "clock", lambda: minute)


@pytest.mark.usefixtures("_still")
def test_rate_limits_hold_from_the_next_request_on(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_TENANT = 0
    owner, text = cast.browser(cast.owner), key_issue(tenant=cast.tenant, name="k", scopes=["read"])[1]
    put(owner, {"rate_limits": {"key": 10, "session": 20}})
    read = [Client().get("/api/v1/records", headers={"X-API-Key": text}).status_code for _ in range(11)]
    assert read == [200] * 10 + [429]
    assert owner.get(URL)["RateLimit-Limit"] == "20"
    assert cast.browser(cast.outsider).get(URL)["RateLimit-Limit"] == "1200"
    put(owner, {"rate_limits": {"key": 5_000}})
    again = Client().get("/api/v1/records", headers={"X-API-Key": text})
    assert (again.status_code, again["RateLimit-Limit"]) == (200, "5000")
    settings.RATE_CEILING_KEY = 100
    assert Client().get("/api/v1/records", headers={"X-API-Key": text})["RateLimit-Limit"] == "100"


@pytest.mark.usefixtures("_still")
def test_the_tenant_s_own_limit_counts_everybody_of_it(cast: Cast) -> None:
    put(cast.browser(cast.owner), {"rate_limits": {"tenant": 60}})
    assert {cast.browser(cast.analyst).get("/api/v1/records").status_code for _ in range(58)} == {200}
    assert cast.browser(cast.auditor).get("/api/v1/records").status_code == 200
    assert cast.browser(cast.owner).get("/api/v1/records").status_code == 429
    assert cast.browser(cast.outsider).get("/api/v1/records").status_code == 200


def test_an_admin_writes_it_on_the_page_and_mistakes_stand_beside_their_fields(cast: Cast) -> None:
    browser = cast.browser(member(cast.tenant, Membership.Role.ADMIN))
    assert b"The defaults hold" in browser.get(PAGE).content
    wrong = browser.post(PAGE, {"approvals.required": "many", "severities": "tests.a R1", "note": "mine"})
    assert wrong.status_code == 422
    assert b"expected pack, rule and severity" in wrong.content
    wrong = browser.post(PAGE, {"approvals.required": "many", "severities": "tests.a R1 fatal", "note": "mine"})
    assert b"&#x27;many&#x27;, expected a whole number from 1 to 2" in wrong.content
    assert b'value="mine"' in wrong.content
    right = browser.post(
        PAGE, {"approvals.required": "2", "approvals.sole_operator": "no", "note": "mine"}, follow=True
    )
    assert b"Approvals needed: 2 instead of 1 (default)" in right.content
    assert b"may approve their own work: no instead of yes (default)" in right.content
    stale = browser.post(PAGE, {"etag": 'W/"policy-0"'})
    assert (stale.status_code, b"wrote version 1 meanwhile" in stale.content) == (412, True)
    auditor = cast.browser(cast.auditor)
    assert b"Owners and admins change it" in auditor.get(PAGE).content
    assert auditor.post(PAGE, {}).status_code == 403


def test_only_the_default_tenant_can_be_opened(cast: Cast, settings: Any) -> None:
    opened = {"access": {"public_reads": "records"}}
    refused = put(cast.browser(cast.owner), opened)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/document/access/public_reads"]
    settings.DEFAULT_TENANT = "agency"
    assert put(cast.browser(cast.owner), opened).status_code == 200


@pytest.mark.parametrize(
    ("opened", "readable"),
    [("none", set()), ("records", {"records", "summary", "record"}), ("all", None), ("", set())],
)
def test_a_stranger_reads_what_the_policy_opens_and_nothing_else(
    cast: Cast, settings: Any, opened: str, readable: set[str] | None
) -> None:
    settings.DEFAULT_TENANT, settings.OPEN_WRITES = "agency", False
    put(cast.browser(cast.owner), {"access": {"public_reads": opened}} if opened else {})
    answers = {route: Client().get(f"/{address}").status_code for route, address in addresses()}
    read = {name for name, status in answers.items() if status not in (401, 405)}
    expected = {f"{prefix}-{name}" for name in readable or () for prefix in ("api", "compatible")}
    assert read == (expected if readable is not None else read)
    assert {status for name, status in answers.items() if "audit" in name or "policy" in name} == {401}
    assert readable is not None or len(read) > 20
    assert Client().get("/api/v1/records", headers={"X-Tenant": "elsewhere"}).status_code == 401


def addresses() -> list[tuple[str, str]]:
    """Every address of the API by name, with something that does not exist in its place."""
    values = {"uuid": str(new_id()), "str": "nothing"}
    found = []
    for pattern in get_resolver().url_patterns:
        name = str(getattr(pattern, "name", "") or "")
        if name.startswith(("api-", "compatible-")) and not name.startswith(("api-login", "api-refresh", "api-logout")):
            route = str(pattern.pattern)
            found.append((name, re.sub(r"<(\w+):\w+>", lambda kind: values[kind[1]], route)))
    return found
