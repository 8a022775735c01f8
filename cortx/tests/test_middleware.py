"""Who is asking, on behalf of which tenant; what is answered to those who may not; request ids on everything."""

import uuid
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tenants.access.keys import key_issue
from tenants.audit.selectors import audit_events
from tenants.context import bound_tenant_id, tenant_scope
from tenants.models import Membership, Tenant
from tenants.tests.cast import Cast
from tenants.tests.factories import MembershipFactory, TenantFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("cortx.tests.urls")]
ECHO = "/api/v1/echo"


@pytest.fixture
def default() -> Tenant:
    Tenant.objects.filter(slug="default").delete()
    return TenantFactory.create(slug="default", public_reads=True)


def key(tenant: Tenant, *scopes: str) -> dict[str, str]:
    return {"X-API-Key": key_issue(tenant=tenant, name="loader", scopes=scopes or ("read", "write"))[1]}


def post(client: Client, path: str = ECHO, body: object = None, **more: Any) -> Any:
    client.raise_request_exception = False
    return client.post(path, body or {}, content_type="application/json", **more)


def events(tenant: Tenant) -> int:
    with tenant_scope(tenant.id):
        return audit_events(action="tenant.changed").count()


def test_a_key_acts_for_its_tenant(cast: Cast, client: Client) -> None:
    found = client.get(ECHO, headers=key(cast.tenant)).json()
    assert found == {"tenant": str(cast.tenant.id), "actor": "loader", "role": "service"}
    assert bound_tenant_id() is None


def test_a_key_may_come_as_bearer(cast: Cast, client: Client) -> None:
    text = key(cast.tenant)["X-API-Key"]
    assert client.get(ECHO, headers={"Authorization": f"Bearer {text}"}).json()["tenant"] == str(cast.tenant.id)


@pytest.mark.parametrize(("scope", "read", "write"), [("read", 200, 403), ("write", 403, 201)])
def test_a_key_may_do_what_its_scopes_say(cast: Cast, client: Client, scope: str, read: int, write: int) -> None:
    headers = key(cast.tenant, scope)
    assert client.get(ECHO, headers=headers).status_code == read
    assert post(client, headers=headers).status_code == write


def test_a_wrong_key_is_never_passed_over(cast: Cast, client: Client, default: Tenant) -> None:
    answer = client.get(ECHO, headers={"X-API-Key": "wrong"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["detail"] == "Invalid authentication credentials"


def test_the_key_of_the_environment_acts_for_the_default_tenant(
    client: Client, default: Tenant, settings: Settings
) -> None:
    settings.API_KEY, settings.OPEN_WRITES = "sesame", False
    assert client.get(ECHO, headers={"X-API-Key": "sesame"}).json()["tenant"] == str(default.id)
    assert post(client, headers={"X-API-Key": "sesame"}).status_code == 201
    assert post(client, "/records/echo").status_code == 401


def test_another_tenant_answers_a_key_like_one_that_does_not_exist(cast: Cast, client: Client) -> None:
    headers = key(cast.tenant)
    bodies = []
    for slug in (cast.other.slug, "no-such-tenant"):
        answer = client.get(ECHO, headers={**headers, "X-Tenant": slug, "X-Request-ID": "same"})
        bodies.append((answer.status_code, answer.content))
    assert bodies[0] == bodies[1]
    assert bodies[0][0] == 404


def test_another_tenant_answers_a_person_like_one_that_does_not_exist(cast: Cast) -> None:
    browser = cast.browser(cast.outsider)
    for path, headers in (("/t/{}/", {}), (ECHO, {"X-Tenant": "{}"})):
        bodies = set()
        for slug in (cast.tenant.slug, "no-such-tenant"):
            named = {name: value.format(slug) for name, value in headers.items()}
            answer = browser.get(path.format(slug), headers={**named, "X-Request-ID": "same"})
            bodies.add((answer.status_code, answer.content))
        assert len(bodies) == 1
        assert bodies.pop()[0] == 404


def test_a_person_with_one_membership_need_not_name_the_tenant(cast: Cast) -> None:
    found = cast.browser(cast.analyst).get(ECHO).json()
    assert found == {"tenant": str(cast.tenant.id), "actor": cast.analyst.email, "role": "analyst"}


def test_a_person_with_several_names_the_tenant_or_has_seen_its_pages(cast: Cast) -> None:
    MembershipFactory.create(tenant=cast.other, user=cast.analyst)
    browser = cast.browser(cast.analyst)
    assert browser.get(ECHO).status_code == 400
    assert browser.get(ECHO, headers={"X-Tenant": cast.other.slug}).json()["tenant"] == str(cast.other.id)
    assert browser.get(f"/t/{cast.tenant.slug}/").content.decode() == str(cast.tenant.id)
    assert browser.get(ECHO).json()["tenant"] == str(cast.tenant.id)


def test_a_person_without_membership_reads_what_is_public(client: Client, default: Tenant) -> None:
    client.force_login(UserFactory.create())
    assert client.get(ECHO).json()["tenant"] == str(default.id)
    assert post(client).status_code == 403


@pytest.mark.parametrize(("role", "status"), [("owner", 201), ("analyst", 201), ("reviewer", 403), ("auditor", 403)])
def test_a_person_may_do_what_the_role_says(cast: Cast, role: str, status: int) -> None:
    user = MembershipFactory.create(tenant=cast.tenant, role=role).user
    assert post(cast.browser(user)).status_code == status


def test_a_role_is_read_anew_for_each_request(cast: Cast) -> None:
    browser = cast.browser(cast.analyst)
    assert post(browser).status_code == 201
    Membership.objects.filter(user=cast.analyst).update(role="auditor")
    assert post(browser).status_code == 403


def test_a_browser_needs_its_form_token_to_write(cast: Cast) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.analyst)
    assert post(browser).status_code == 403
    assert events(cast.tenant) == 0


def test_a_key_needs_no_form_token(cast: Cast) -> None:
    assert post(Client(enforce_csrf_checks=True), headers=key(cast.tenant)).status_code == 201


def test_anybody_reads_the_default_tenant_when_it_is_public(client: Client, default: Tenant) -> None:
    assert client.get(ECHO).json() == {"tenant": str(default.id), "actor": "Anonymous", "role": ""}
    Tenant.objects.filter(id=default.id).update(public_reads=False)
    assert client.get(ECHO).status_code == 401


def test_nobody_reads_another_tenant_without_a_credential(cast: Cast, client: Client, default: Tenant) -> None:
    for slug in (cast.tenant.slug, "no-such-tenant"):
        assert client.get(ECHO, headers={"X-Tenant": slug}).status_code == 401


def test_in_development_anybody_writes_records_and_nothing_else(client: Client, default: Tenant) -> None:
    assert post(client, "/records/echo").status_code == 201
    assert post(client).status_code == 401


def test_without_a_default_tenant_a_credential_is_asked_for(client: Client, db: None) -> None:
    Tenant.objects.filter(slug="default").delete()
    assert client.get(ECHO).status_code == 401


def test_pages_send_strangers_to_sign_in(cast: Cast, client: Client) -> None:
    for slug in (cast.tenant.slug, "no-such-tenant"):
        answer = client.get(f"/t/{slug}/?x=1")
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/accounts/login/?next=/t/{slug}/%3Fx%3D1"
    scripted = client.get("/t/agency/", headers={"HX-Request": "true"})
    assert (scripted.status_code, scripted.headers["HX-Redirect"]) == (204, "/accounts/login/?next=/t/agency/")


def test_the_admin_works_on_the_tenant_that_was_chosen(cast: Cast) -> None:
    staff = UserFactory.create(is_staff=True, is_superuser=True)
    browser = cast.browser(staff)
    assert browser.post("/admin/tenant/", {"tenant": cast.other.slug}).status_code == 302
    assert browser.session["administered_tenant"] == cast.other.slug
    with tenant_scope(cast.other.id):
        assert audit_events(action="tenant.selected").get().actor_id == str(staff.id)


def test_nobody_chooses_a_tenant_they_do_not_configure(cast: Cast) -> None:
    for person, slug in ((cast.outsider, cast.tenant.slug), (cast.analyst, cast.tenant.slug), (cast.owner, "nowhere")):
        browser = cast.browser(person)
        assert browser.post("/admin/tenant/", {"tenant": slug}).status_code == 404
        assert "administered_tenant" not in browser.session


def test_a_request_id_is_taken_and_returned(client: Client, db: None) -> None:
    for path in ("/health", "/nowhere", ECHO, "/t/agency/", "/static/nothing.css"):
        assert client.get(path, headers={"X-Request-ID": "my-trace-123"}).headers["X-Request-ID"] == "my-trace-123"


@pytest.mark.parametrize("given", ["", "x" * 81, "a b", "a\tb", "<script>", "é"])
def test_an_odd_request_id_is_replaced(client: Client, given: str) -> None:
    assert uuid.UUID(client.get("/version", headers={"X-Request-ID": given}).headers["X-Request-ID"]).version == 7


def test_an_event_carries_the_request_id(cast: Cast, client: Client) -> None:
    post(client, headers={**key(cast.tenant), "X-Request-ID": "my-trace-123"})
    with tenant_scope(cast.tenant.id):
        assert audit_events(action="tenant.changed").get().request_id == "my-trace-123"


def test_a_refused_request_leaves_nothing_behind(cast: Cast, client: Client) -> None:
    headers = key(cast.tenant)
    assert post(client, body={"error": "refusal"}, headers=headers).status_code == 409
    assert post(client, body={"error": "bug"}, headers=headers).status_code == 500
    assert events(cast.tenant) == 0
    assert post(client, headers=headers).status_code == 201
    assert events(cast.tenant) == 1


def test_no_cache_in_between_keeps_a_tenants_rows(cast: Cast, client: Client) -> None:
    assert client.get(ECHO, headers=key(cast.tenant)).headers["Cache-Control"] == "private"
