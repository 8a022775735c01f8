"""The audit log: what an event holds, and that nobody changes it afterwards."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from subprocess import CompletedProcess

import pytest
from django.db import DatabaseError, connection, transaction

from tenants.audit.actions import Action, action_named, actions, declare
from tenants.audit.leaves import canonical, leaf_hash, plain
from tenants.audit.models import AuditEvent
from tenants.audit.selectors import audit_events, audit_sentence
from tenants.audit.services import audit_append
from tenants.context import Actor, actor_scope, request_scope, tenant_scope
from tenants.models import Tenant
from tenants.tests.cast import Cast

ANALYST = Actor("user", "17", "Analyst")


@pytest.fixture
def event(cast: Cast) -> AuditEvent:
    with tenant_scope(cast.tenant.id), actor_scope(ANALYST), request_scope("trace-1"):
        facts = {"amount": Decimal("12345678901234567.89"), "rows": 3, "day": date(2026, 11, 20), "who": ["a", None]}
        return audit_append("tenant.changed", cast.tenant, facts)


def test_an_event_tells_who_did_what_to_which_thing(cast: Cast, event: AuditEvent) -> None:
    with tenant_scope(cast.tenant.id):
        stored = AuditEvent.objects.get()
    assert (stored.action, stored.actor_kind, stored.actor_id, stored.actor_label) == (
        "tenant.changed", "user", "17", "Analyst",
    )  # fmt: skip
    assert (stored.object_type, stored.object_id, stored.object_label) == ("tenant", str(cast.tenant.id), "Agency")
    assert stored.request_id == "trace-1"
    assert stored.facts == {"amount": "12345678901234567.89", "rows": 3, "day": "2026-11-20", "who": ["a", None]}
    assert audit_sentence(stored) == "Analyst changed the tenant Agency"


def test_the_leaf_hash_can_be_recomputed_from_the_stored_row(cast: Cast, event: AuditEvent) -> None:
    with tenant_scope(cast.tenant.id):
        stored = AuditEvent.objects.get()
    content = canonical(stored)
    assert stored.leaf_hash == leaf_hash(stored) == hashlib.sha256(b"\0" + content).hexdigest()
    assert json.dumps(json.loads(content), sort_keys=True, separators=(",", ":")).encode() == content


def test_another_tenant_sees_none_of_it(cast: Cast, event: AuditEvent) -> None:
    with tenant_scope(cast.other.id):
        assert not audit_events().exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tenants_auditevent")
            assert cursor.fetchone() == (0,)


def test_events_are_found_by_action_and_object(cast: Cast, event: AuditEvent) -> None:
    with tenant_scope(cast.tenant.id):
        assert audit_events(action="tenant.changed", object_type="tenant", object_id=cast.tenant.id).get() == event
        assert not audit_events(action="tenant.created").exists()


def test_an_event_is_neither_changed_nor_deleted(cast: Cast, event: AuditEvent) -> None:
    with tenant_scope(cast.tenant.id):
        for statement in ("UPDATE tenants_auditevent SET action = 'x'", "DELETE FROM tenants_auditevent"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        assert AuditEvent.objects.get() == event


def test_the_role_that_serves_has_no_right_to_change_events(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('tenants_auditevent', p) FROM unnest(ARRAY['INSERT','UPDATE','DELETE']) p"
        )
        assert cursor.fetchall() == [(True,), (False,), (False,)]


EMBEDDED = """
from django.db import DatabaseError, connection, transaction
from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.models import Tenant
with transaction.atomic():
    tenant = Tenant.objects.create(slug="a", name="A")
    with tenant_scope(tenant.id):
        audit_append("tenant.created", tenant)
for statement in ("UPDATE tenants_auditevent SET action = 'x'", "DELETE FROM tenants_auditevent"):
    try:
        connection.cursor().execute(statement)
    except DatabaseError as error:
        print("refused:", error)
"""


def test_an_event_is_neither_changed_nor_deleted_on_sqlite(embedded: Callable[..., CompletedProcess[str]]) -> None:
    embedded("migrate", "--verbosity=0")
    assert embedded("shell", script=EMBEDDED).stdout.count("refused: audit events are append-only") == 2


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_appended() -> None:
    with pytest.raises(RuntimeError, match="in the transaction"):
        audit_append("tenant.changed", Tenant())


def test_an_undeclared_action_is_refused(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id), pytest.raises(LookupError, match="not declared"):
        audit_append("tenant.vanished", cast.tenant)


def test_a_fact_that_is_no_json_is_refused(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id), pytest.raises(TypeError, match="object cannot be a fact"):
        audit_append("tenant.changed", cast.tenant, {"what": object()})


def test_secrets_and_identifiers_stay_out_of_the_facts(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        event = audit_append("tenant.changed", cast.tenant, {"password": "hunter2", "note": "to 123-45-6789"})
    assert event.facts == {"password": "[hidden]", "note": "to [identifier]"}


def test_text_that_no_database_holds_is_made_storable() -> None:
    assert plain({"a\0b": "\ud800"}) == {"ab": "?"}


def test_an_action_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        declare("tenant.created", "", "")
    assert action_named("tenant.created") in actions()


def test_a_sentence_survives_a_missing_fact() -> None:
    action = Action("x", "X", "{actor} gave {object} to {whom}")
    assert action.tell("Owner", "a key", {}) == "Owner gave a key to …"
