"""The audit log in the API: for those who may read it, in their own tenant."""

import json
from typing import Any

import pytest
from django.test import Client

from cortx.testing.queries import RecordedQueries
from tenants.access.keys import key_issue
from tenants.audit import cortx_verify as verifier
from tenants.audit.sealing import audit_seal
from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

LOG = "/api/v1/audit"
PLACES = ("events", "checkpoints", "consistency?old=2", "export")


@pytest.fixture
def log(cast: Cast) -> Cast:
    """Two sealed events under a checkpoint, three under the next, and one that waits."""
    for events in (2, 3, 1):
        with tenant_scope(cast.tenant.id):
            for number in range(events):
                audit_append("tenant.changed", cast.tenant, {"number": number})
        if events > 1:
            audit_seal(cast.tenant.id)
    return cast


@pytest.fixture
def auditor(log: Cast) -> Client:
    return log.browser(log.auditor)


def events(client: Client) -> list[Any]:
    return list(client.get(f"{LOG}/events").json()["results"])


def test_events_come_newest_first_with_their_position(auditor: Client, recorded_queries: RecordedQueries) -> None:
    with recorded_queries("audit events"):
        found = events(auditor)
    assert [event["position"] for event in found] == [None, 4, 3, 2, 1, 0]
    assert found[0]["sentence"] == "System changed the tenant Agency"
    assert auditor.get(f"{LOG}/events/{found[1]['id']}").json() == found[1]


def test_events_are_narrowed_and_unknown_parameters_refused(auditor: Client) -> None:
    assert len(auditor.get(f"{LOG}/events?action=tenant.changed&object_type=tenant").json()["results"]) == 6
    assert auditor.get(f"{LOG}/events?action=tenant.created").json()["results"] == []
    assert auditor.get(f"{LOG}/events?colour=red").status_code == 400


def test_a_proof_of_an_event_convinces_a_stranger(auditor: Client) -> None:
    event = events(auditor)[2]
    answer = auditor.get(f"{LOG}/events/{event['id']}/proof")
    assert "at position 3 of 5" in verifier.check_proof(answer.content)
    assert json.loads(answer.json()["leaf"])["id"] == event["id"]


def test_an_event_that_waits_has_no_proof_yet(auditor: Client) -> None:
    answer = auditor.get(f"{LOG}/events/{events(auditor)[0]['id']}/proof")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_checkpoints_and_the_proof_between_them_convince_a_stranger(
    auditor: Client, recorded_queries: RecordedQueries
) -> None:
    with recorded_queries("audit checkpoints"):
        found = auditor.get(f"{LOG}/checkpoints").json()["results"]
    assert [one["size"] for one in found] == [5, 2]
    answer = auditor.get(f"{LOG}/consistency?old=2&new=5")
    assert "begins with the 2" in verifier.check_proof(answer.content, "", [found[1]["note"]])


@pytest.mark.parametrize(
    ("query", "status"),
    [("old=2", 200), ("old=3", 404), ("", 400), ("old=5&new=2", 400), ("old=x", 400), ("old=2&new=9", 404)],
)
def test_a_proof_is_only_between_checkpoints(auditor: Client, query: str, status: int) -> None:
    assert auditor.get(f"{LOG}/consistency?{query}").status_code == status


def test_an_export_convinces_a_stranger(auditor: Client) -> None:
    answer = auditor.get(f"{LOG}/export")
    assert answer["Content-Type"] == "application/x-ndjson"
    assert "5 events, 0 to 5 of 5" in verifier.check_export(answer.getvalue())
    assert "1 events, 3 to 4 of 5" in verifier.check_export(auditor.get(f"{LOG}/export?first=3&last=4").getvalue())
    assert auditor.get(f"{LOG}/export?first=4&last=3").status_code == 400
    assert auditor.get(f"{LOG}/export?last=6").status_code == 400


def test_a_log_without_a_checkpoint_has_nothing_to_export(cast: Cast) -> None:
    client = cast.browser(cast.auditor)
    assert client.get(f"{LOG}/export").status_code == 409
    assert client.get(f"{LOG}/consistency?old=1").status_code == 404


@pytest.mark.parametrize("place", PLACES)
def test_only_those_who_may_read_it_see_the_log(log: Cast, place: str) -> None:
    assert log.browser(log.auditor).get(f"{LOG}/{place}").status_code == 200
    assert log.browser(log.analyst).get(f"{LOG}/{place}").status_code == 403
    _, text = key_issue(tenant=log.tenant, name="loader", scopes=["read", "write"])
    assert Client(headers={"X-API-Key": text}).get(f"{LOG}/{place}").status_code == 403
    assert Client().get(f"{LOG}/{place}").status_code == 401


def test_an_outsider_finds_none_of_it(log: Cast) -> None:
    event = events(log.browser(log.auditor))[1]["id"]
    outsider = log.browser(log.outsider)
    assert outsider.get(f"{LOG}/events").json()["results"] == []
    assert outsider.get(f"{LOG}/checkpoints").json()["results"] == []
    assert outsider.get(f"{LOG}/export").status_code == 409
    for place in (f"events/{event}", f"events/{event}/proof", "consistency?old=2&new=5"):
        assert outsider.get(f"{LOG}/{place}").status_code == 404
