"""Keys in the API: the text is in one answer, and nowhere else."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from cortx.testing.queries import RecordedQueries
from tenants.access.keys import key_issue, key_verify
from tenants.context import tenant_scope
from tenants.models import ApiKey, AuditEvent, KeptAnswer
from tenants.tests.cast import Cast

URL = "/api/v1/keys"
LOADER = {"name": "loader", "scopes": ["write", "read"]}


def issue(client: Client, **body: object) -> Any:
    return client.post(URL, {**LOADER, **body}, content_type="application/json")


def test_the_text_of_an_issued_key_is_in_its_answer_only(cast: Cast, recorded_queries: RecordedQueries) -> None:
    owner = cast.browser(cast.owner)
    ends = timezone.now() + timedelta(days=30)
    answer = issue(owner, expires_at=ends.isoformat())
    text = answer.json().pop("key")
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (201, True)
    key = key_verify(text)
    assert key is not None
    assert (key.name, key.scopes, key.expires_at) == ("loader", ["read", "write"], ends)
    with recorded_queries("api keys"):
        listed = owner.get(URL)
    assert [one["prefix"] for one in listed.json()["results"]] == [key.prefix]
    with tenant_scope(cast.tenant.id):
        kept = f"{listed.content!r} {[*ApiKey.objects.values()]} {[*AuditEvent.objects.values()]}"
    assert text.split("_", 2)[2] not in kept


def test_the_same_request_again_issues_one_key_whose_text_is_kept_encrypted(cast: Cast) -> None:
    owner = cast.browser(cast.owner)
    owner.defaults["HTTP_IDEMPOTENCY_KEY"] = "one"
    first, again = issue(owner), issue(owner)
    assert (first.json(), again["Idempotent-Replayed"]) == (again.json(), "true")
    assert "no-store" in again["Cache-Control"]
    assert ApiKey.objects.filter(tenant=cast.tenant).count() == 1
    with tenant_scope(cast.tenant.id):
        [kept] = KeptAnswer.objects.values()
    assert first.json()["key"].split("_", 2)[2] not in str({**kept, "body": bytes(kept["body"])})


def test_a_rotated_key_works_on_for_a_day(cast: Cast) -> None:
    old, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    owner = cast.browser(cast.owner)
    answer = owner.post(f"{URL}/{old.id}/rotate")
    assert (answer.status_code, answer.json()["name"], answer.json()["scopes"]) == (201, "loader", ["read"])
    old.refresh_from_db()
    assert old.expires_at is not None
    assert timedelta(hours=23) < old.expires_at - timezone.now() <= timedelta(hours=24)
    for works in (text, answer.json()["key"]):
        assert Client(headers={"X-API-Key": works}).get("/api/v1/records").status_code == 200


def test_a_revoked_key_is_over_at_once_and_is_not_rotated(cast: Cast) -> None:
    key, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    owner = cast.browser(cast.owner)
    first, again = (owner.post(f"{URL}/{key.id}/revoke") for _ in range(2))
    assert first.status_code == 200
    assert first.json()["revoked_at"] == again.json()["revoked_at"] is not None
    assert Client(headers={"X-API-Key": text}).get("/api/v1/records").status_code == 401
    assert owner.post(f"{URL}/{key.id}/rotate").status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "root"]}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_what_is_refused_is_refused_by_name(cast: Cast, body: dict[str, object], field: str) -> None:
    answer = issue(cast.browser(cast.owner), **body)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (400, [field])
    assert not ApiKey.objects.filter(tenant=cast.tenant).exists()


def test_a_key_issues_no_key(cast: Cast) -> None:
    _, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read", "write"])
    program = Client(headers={"X-API-Key": text})
    assert (issue(program).status_code, program.get(URL).status_code) == (403, 403)
    assert issue(Client()).status_code == 401
    assert issue(cast.browser(cast.analyst)).status_code == 403


def test_an_outsider_neither_sees_nor_reaches_them(cast: Cast) -> None:
    key, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    outsider = cast.browser(cast.outsider)
    assert outsider.get(URL).json()["results"] == []
    for one in (key.id, uuid4()):
        for what in ("rotate", "revoke"):
            assert outsider.post(f"{URL}/{one}/{what}").status_code == 404
    assert key_verify(text)
