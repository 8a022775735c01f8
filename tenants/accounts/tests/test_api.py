"""Members in the API: the same rules as on the page, for the same people."""

from uuid import uuid4

import pytest
from django.test import Client

from cortx.testing.queries import RecordedQueries
from tenants.access.keys import key_issue
from tenants.access.tokens import tokens_open
from tenants.audit.selectors import audit_events
from tenants.context import tenant_scope
from tenants.models import Membership, User
from tenants.tests.cast import Cast, member

URL = "/api/v1/members"


def of(user: User) -> Membership:
    return Membership.objects.get(user=user)


def at(user: User) -> str:
    return f"{URL}/{of(user).id}"


def change(client: Client, user: User, role: object) -> tuple[int, dict[str, object]]:
    answer = client.patch(at(user), {"role": role}, content_type="application/json")
    return answer.status_code, answer.json()


def test_members_are_listed_page_by_page_and_one_by_one(cast: Cast, recorded_queries: RecordedQueries) -> None:
    owner = cast.browser(cast.owner)
    with recorded_queries("api members"):
        found = owner.get(URL).json()["results"]
    assert [(one["email"], one["role"]) for one in found] == [
        (user.email, of(user).role) for user in (cast.owner, cast.analyst, cast.auditor)
    ]
    assert found[0].keys() == {
        "id", "user_id", "email", "name", "role", "second_factor", "last_seen_at", "created_at",
    }  # fmt: skip
    first = owner.get(f"{URL}?limit=2").json()
    rest = owner.get(f"{URL}?limit=2&cursor={first['next_cursor']}").json()
    assert (first["results"] + rest["results"], rest["next_cursor"]) == (found, None)
    assert owner.get(at(cast.analyst)).json() == found[1]
    assert owner.get(f"{URL}?role=owner").status_code == 400


def test_another_role_ends_the_members_sessions_and_is_told_to_the_log(cast: Cast) -> None:
    analyst = cast.browser(cast.analyst)
    status, answer = change(cast.browser(cast.owner), cast.analyst, "reviewer")
    assert (status, answer["role"], answer["email"]) == (200, "reviewer", cast.analyst.email)
    assert analyst.get("/t/agency/").status_code == 302
    with tenant_scope(cast.tenant.id):
        [event] = audit_events(action="membership.changed")
    assert (event.actor_id, event.facts["before"]) == (str(cast.owner.id), "analyst")


def test_a_member_is_removed_once(cast: Cast) -> None:
    owner, path = cast.browser(cast.owner), at(cast.analyst)
    assert [owner.delete(path).status_code for _ in range(2)] == [204, 404]
    assert not Membership.objects.filter(user=cast.analyst).exists()


def test_the_last_owner_stays_by_program_too(cast: Cast) -> None:
    owner = cast.browser(cast.owner)
    assert change(owner, cast.owner, "analyst")[0] == 409
    answer = owner.delete(at(cast.owner))
    assert (answer.status_code, answer.json()["detail"]) == (409, "The last owner of a tenant stays its owner")


def test_an_administrator_neither_makes_nor_removes_owners(cast: Cast) -> None:
    admin = cast.browser(member(cast.tenant, "admin"))
    assert change(admin, cast.analyst, "auditor")[0] == 200
    assert change(admin, cast.analyst, "owner")[0] == 403
    assert change(admin, cast.owner, "analyst")[0] == 403
    assert admin.delete(at(cast.owner)).status_code == 403


@pytest.mark.parametrize("body", [{}, {"role": "king"}, {"role": 1}, {"role": "auditor", "tenant": "elsewhere"}])
def test_what_is_no_role_is_refused_by_name(cast: Cast, body: dict[str, object]) -> None:
    answer = cast.browser(cast.owner).patch(at(cast.analyst), body, content_type="application/json")
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 1)
    assert of(cast.analyst).role == "analyst"


def test_an_outsider_finds_none_of_them(cast: Cast) -> None:
    outsider = cast.browser(cast.outsider)
    assert [one["email"] for one in outsider.get(URL).json()["results"]] == [cast.outsider.email]
    unknown, theirs = f"{URL}/{uuid4()}", at(cast.analyst)
    for method in (outsider.get, outsider.delete):
        assert [method(path).status_code for path in (theirs, unknown)] == [404, 404]
    assert change(outsider, cast.analyst, "owner")[0] == 404
    assert of(cast.analyst).role == "analyst"
    assert Client().get(URL).status_code == 401


def test_a_key_manages_nobody_and_a_token_as_far_as_its_person(cast: Cast) -> None:
    _, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read", "write"])
    program = Client(headers={"X-API-Key": text})
    assert (program.get(URL).status_code, program.delete(at(cast.analyst)).status_code) == (403, 403)
    for person, status in ((cast.owner, 200), (cast.auditor, 403)):
        token = tokens_open(user=person, tenant=cast.tenant).access
        assert Client(headers={"Authorization": f"Bearer {token}"}).get(URL).status_code == status
