"""Invitations in the API: sent once, listed while they are open, withdrawn."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from cortx.testing.queries import RecordedQueries
from tenants.context import tenant_scope
from tenants.invitations.services import invitation_send, invitation_token
from tenants.models import Invitation, Work
from tenants.tests.cast import Cast, member

URL = "/api/v1/invitations"


def send(client: Client, **body: object) -> Any:
    return client.post(URL, {"role": "auditor", **body}, content_type="application/json")


def test_somebody_is_invited_listed_and_withdrawn(cast: Cast, recorded_queries: RecordedQueries) -> None:
    owner = cast.browser(cast.owner)
    sent = send(owner, email="Guest@agency.example")
    told = sent.json()
    assert (sent.status_code, told["email"], told["role"]) == (201, "guest@agency.example", "auditor")
    assert (told["invited_by"], told["sent_at"]) == (cast.owner.email, None)
    with tenant_scope(cast.tenant.id):
        kept = Invitation.objects.get()
        assert invitation_token(kept) not in sent.content.decode()
    assert kept.site == "http://testserver/"
    assert Work.objects.filter(reference=kept.id).exists()
    with recorded_queries("api invitations"):
        assert owner.get(URL).json()["results"] == [told]
    withdraw = f"{URL}/{kept.id}/withdraw"
    assert [owner.post(withdraw).status_code for _ in range(2)] == [200, 404]
    assert owner.get(URL).json()["results"] == []


def test_the_same_request_again_invites_once(cast: Cast) -> None:
    owner = cast.browser(cast.owner)
    owner.defaults["HTTP_IDEMPOTENCY_KEY"] = "one"
    first, again = (send(owner, email="guest@agency.example") for _ in range(2))
    assert (first.json(), again["Idempotent-Replayed"]) == (again.json(), "true")
    assert Work.objects.filter(kind="tenants.invitation").count() == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"email": "nobody"}, 400, "email"),
        ({"email": "x@y.example", "role": "king"}, 400, "role"),
        ({"email": "analyst@agency.example"}, 409, "email"),
        ({"email": "x@y.example", "site": "https://elsewhere.example"}, 400, "site"),
    ],
)
def test_what_is_refused_is_refused_by_name(cast: Cast, body: dict[str, str], status: int, field: str) -> None:
    answer = send(cast.browser(cast.owner), **body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)


def test_owners_are_invited_by_owners_only(cast: Cast) -> None:
    asked = {"email": "x@y.example", "role": "owner"}
    assert send(cast.browser(member(cast.tenant, "admin")), **asked).status_code == 403
    assert send(cast.browser(cast.owner), **asked).status_code == 201
    assert send(cast.browser(cast.auditor), email="x@y.example").status_code == 403


def test_an_outsider_neither_sees_nor_ends_them(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        theirs = invitation_send(email="x@y.example", role="auditor", by=cast.owner, site="https://x.example")
    outsider = cast.browser(cast.outsider)
    assert outsider.get(URL).json()["results"] == []
    for one in (theirs.id, uuid4()):
        assert outsider.post(f"{URL}/{one}/withdraw").status_code == 404
    with tenant_scope(cast.tenant.id):
        assert Invitation.objects.get().is_open
