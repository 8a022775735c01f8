"""The page of the audit log: who sees it, what it says, and what it hands out."""

import pytest
from django.test import Client

from cortx.testing.queries import RecordedQueries
from tenants.audit import cortx_verify
from tenants.audit.models import AuditEvent, AuditPending
from tenants.audit.notes import origin, verifier_key
from tenants.audit.sealing import audit_seal
from tenants.audit.services import audit_append
from tenants.context import Actor, actor_scope, tenant_scope
from tenants.tests.cast import Cast

AUDIT = "/t/agency/audit/"
ANALYST = Actor("user", "17", "Analyst")


@pytest.fixture
def log(cast: Cast) -> Cast:
    """Three sealed events and one that waits."""
    with tenant_scope(cast.tenant.id), actor_scope(ANALYST):
        for number in range(3):
            audit_append("tenant.changed", cast.tenant, {"number": number})
        audit_seal(cast.tenant.id)
        audit_append("tenant.selected", cast.tenant)
    return cast


@pytest.fixture
def auditor(log: Cast) -> Client:
    return log.browser(log.auditor)


def event(log: Cast, place: int) -> AuditEvent:
    with tenant_scope(log.tenant.id):
        found = AuditEvent.objects.order_by("id")[place]
    assert isinstance(found, AuditEvent)
    return found


def test_events_stand_newest_first_with_their_checkpoint(auditor: Client, recorded_queries: RecordedQueries) -> None:
    with recorded_queries("audit log"):
        page = auditor.get(AUDIT).content.decode()
    order = ["opened the administration", "Checkpoint signed over 3 events", "changed the tenant Agency"]
    assert [page.index(text) for text in order] == sorted(page.index(text) for text in order)
    assert "waits" in page
    assert "Not recomputed yet." in page


def test_an_open_event_shows_its_facts_and_its_proof(
    log: Cast, auditor: Client, recorded_queries: RecordedQueries
) -> None:
    with recorded_queries("audit log, event open"):
        page = auditor.get(f"{AUDIT}?open={event(log, 1).id}").content.decode()
    assert "Analyst changed the tenant Agency" in page
    assert "Checkpoint over 3 events" in page
    assert "data-proof=" in page
    assert event(log, 1).leaf_hash in page
    assert "data-proof=" in auditor.get(f"{AUDIT}{event(log, 1).id}/").content.decode()


def test_an_event_that_waits_says_so(log: Cast, auditor: Client) -> None:
    page = auditor.get(f"{AUDIT}{event(log, 3).id}/").content.decode()
    assert "Not yet in a checkpoint." in page
    assert "data-proof=" not in page


def test_checking_the_log_says_how_it_went(log: Cast, auditor: Client) -> None:
    assert auditor.post(f"{AUDIT}verify/").status_code == 302
    assert "3 events, none changed" in auditor.get(AUDIT).content.decode()
    with tenant_scope(log.tenant.id):
        AuditPending.objects.filter(tenant_id=log.tenant.id).delete()
    auditor.post(f"{AUDIT}verify/")
    page = auditor.get(AUDIT).content.decode()
    assert "The log breaks at event 3" in page
    assert "has no place in the log" in page


def test_the_export_and_the_program_that_checks_it_can_be_taken_along(log: Cast, auditor: Client) -> None:
    export = auditor.get(f"{AUDIT}export/")
    key = verifier_key(origin(log.tenant.id))
    assert "3 events, 0 to 3 of 3" in cortx_verify.check_export(export.getvalue(), key)
    assert b"def check_export" in auditor.get(f"{AUDIT}cortx_verify.py").getvalue()


def test_events_are_narrowed(auditor: Client) -> None:
    page = auditor.get(f"{AUDIT}?action=tenant.selected").content.decode()
    assert "opened the administration" in page
    assert "Analyst changed the tenant Agency" not in page
    assert "No event matches." in auditor.get(f"{AUDIT}?object_id=nothing").content.decode()


def test_a_long_log_goes_on(log: Cast, auditor: Client) -> None:
    with tenant_scope(log.tenant.id):
        for _ in range(50):
            audit_append("tenant.changed", log.tenant)
    page = auditor.get(AUDIT).content.decode()
    assert "Show 50 older" in page
    before = event(log, 4).id
    assert "Show 50 older" not in auditor.get(f"{AUDIT}?before={before}").content.decode()
    assert auditor.get(f"{AUDIT}?before=x&open=y").status_code == 200


def test_an_empty_log_says_so(cast: Cast) -> None:
    client = cast.browser(cast.auditor)
    page = client.get(AUDIT).content.decode()
    assert "Nothing is sealed yet" in page
    assert client.get(f"{AUDIT}export/").status_code == 404


@pytest.mark.parametrize("place", ["", "export/", "cortx_verify.py", "event"])
def test_only_those_who_may_read_the_log_get_there(log: Cast, place: str) -> None:
    path = f"{AUDIT}{event(log, 1).id}/" if place == "event" else AUDIT + place
    assert log.browser(log.auditor).get(path).status_code == 200
    assert log.browser(log.analyst).get(path).status_code == 403
    assert log.browser(log.outsider).get(path).status_code == 404
    assert log.browser(log.outsider).get(path.replace("agency", "elsewhere")).status_code in {200, 404}
    assert Client().get(path)["Location"].startswith("/accounts/login/")


def test_another_tenants_event_is_not_there(log: Cast) -> None:
    outsider = log.browser(log.outsider)
    assert outsider.get(f"/t/elsewhere/audit/{event(log, 1).id}/").status_code == 404
    assert "changed the tenant" not in outsider.get(f"/t/elsewhere/audit/?open={event(log, 1).id}").content.decode()


def test_only_those_who_may_read_the_log_are_led_there(log: Cast) -> None:
    assert b"Audit log" in log.browser(log.auditor).get("/t/agency/batches/").content
    assert b"Audit log</span>" not in log.browser(log.analyst).get("/t/agency/batches/").content
