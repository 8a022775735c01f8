"""Whoever owns the database changes the history: it is found, and the first bad position is named."""

from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from tenants.audit import stored, verification
from tenants.audit.leaves import leaf_hash
from tenants.audit.merkle import Frontier
from tenants.audit.models import AuditCheckpoint, AuditEvent, AuditNode, AuditPending, AuditSeal
from tenants.audit.sealing import audit_seal
from tenants.audit.stored import log_ends
from tenants.audit.tests.attacks import BATCHES, Run, append_many, event_at, fault, history, leaves, newest, owner
from tenants.audit.verification import Witnessed, audit_verify
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.tests.factories import TenantFactory

SIZE = sum(BATCHES)


@pytest.fixture
def tenant(module_database: object) -> Tenant:
    """Committed, because the owner attacks from a connection of his own."""
    tenant = TenantFactory.create()
    history(tenant)
    return tenant


def test_a_whole_log_is_found_whole(tenant: Tenant) -> None:
    kept = Witnessed(newest(tenant).note, 0, leaves(tenant))
    with tenant_scope(tenant.id):
        report = audit_verify([kept])
    assert (report.events, report.checkpoints, report.outside, report.fault) == (SIZE, len(BATCHES), 1, None)
    assert report.root == newest(tenant).root


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_a_log_is_checked_in_parts_as_in_one(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(stored, "CHUNK", chunk)
    with tenant_scope(tenant.id):
        report = audit_verify([Witnessed(newest(tenant).note, 0, leaves(tenant))])
    assert (report.events, report.root, report.fault) == (SIZE, newest(tenant).root, None)
    with owner(tenant) as run:
        run("UPDATE tenants_auditseal SET position = position + 1000 WHERE position >= 120")
    found = fault(tenant.id)
    assert (found.position, found.reason) == (120, "nothing is here; the next event is at 1120")


def test_places_that_go_away_while_a_log_is_checked_are_missed(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def then_cut() -> tuple[int, int, int]:
        ends = log_ends()
        with owner(tenant) as run:
            run("DELETE FROM tenants_auditseal WHERE position >= 128")
        return ends

    monkeypatch.setattr(stored, "CHUNK", 64)
    monkeypatch.setattr(verification, "log_ends", then_cut)
    assert fault(tenant.id).position == 128


def test_what_is_sealed_while_a_log_is_checked_is_no_fault(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def then_sealed() -> tuple[int, int, int]:
        ends = log_ends()
        append_many(tenant, [{"late": 1}])
        audit_seal(tenant.id)
        return ends

    monkeypatch.setattr(verification, "log_ends", then_sealed)
    with tenant_scope(tenant.id):
        report = audit_verify()
    assert (report.events, report.checkpoints, report.fault) == (SIZE, len(BATCHES), None)


def test_an_edited_event_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        run("UPDATE tenants_auditevent SET facts = '{\"batch\": 9}' WHERE id = %s", event_at(run, 17))
    assert fault(tenant.id).position == 17


def test_an_edited_event_with_its_hash_put_right_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        rewrite(tenant, run, 17, everywhere=False)
    assert fault(tenant.id).position == 17


def test_a_deleted_event_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        run("DELETE FROM tenants_auditevent WHERE id = %s", event_at(run, 100))
    found = fault(tenant.id)
    assert found.position == 100
    assert "was deleted" in found.reason


def test_an_event_deleted_with_its_place_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        event = event_at(run, 100)
        run("DELETE FROM tenants_auditevent WHERE id = %s", event)
        run("DELETE FROM tenants_auditseal WHERE id = %s", event)
    assert fault(tenant.id).position == 100


def test_a_deleted_event_whose_followers_moved_up_is_named(tenant: Tenant) -> None:
    kept = Witnessed(newest(tenant).note, 0, leaves(tenant))
    with owner(tenant) as run:
        event = event_at(run, 100)
        run("DELETE FROM tenants_auditevent WHERE id = %s", event)
        run("DELETE FROM tenants_auditseal WHERE id = %s", event)
        move(run, 101, -1)
    assert (fault(tenant.id).position, fault(tenant.id).before) == (13, 313)
    assert fault(tenant.id, kept).position == 100


def test_events_whose_places_were_moved_far_away_are_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        run("UPDATE tenants_auditseal SET position = position + %s WHERE position >= 100", 2**63 - SIZE)
    found = fault(tenant.id)
    assert (found.position, found.reason) == (100, f"nothing is here; the next event is at {2**63 - SIZE + 100}")


def test_an_event_that_was_put_before_the_first_place_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        event, hashed = insert_copy(tenant, run, 0)
        run("ALTER TABLE tenants_auditseal DROP CONSTRAINT tenants_auditseal_position_check")
        run(
            "INSERT INTO tenants_auditseal (id, tenant_id, position, leaf_hash) VALUES (%s, %s, -1, %s)",
            event, tenant.id, hashed,
        )  # fmt: skip
        run(
            "ALTER TABLE tenants_auditseal ADD CONSTRAINT tenants_auditseal_position_check"
            " CHECK (position >= 0) NOT VALID"
        )
    found = fault(tenant.id)
    assert (found.position, found.reason) == (0, "an event is at -1, before the first place")


def test_an_inserted_event_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        insert_copy(tenant, run, 200)
    found = fault(tenant.id)
    assert found.position == 200
    assert "has no place" in found.reason


def test_an_inserted_event_that_was_given_a_place_is_named(tenant: Tenant) -> None:
    kept = Witnessed(newest(tenant).note, 0, leaves(tenant))
    with owner(tenant) as run:
        event, hashed = insert_copy(tenant, run, 200)
        move(run, 200, +1)
        run(
            "INSERT INTO tenants_auditseal (id, tenant_id, position, leaf_hash) VALUES (%s, %s, 200, %s)",
            event, tenant.id, hashed,
        )  # fmt: skip
    assert (fault(tenant.id).position, fault(tenant.id).before) == (13, 313)
    assert fault(tenant.id, kept).position == 200


def test_two_events_that_changed_places_are_named(tenant: Tenant) -> None:
    kept = Witnessed(newest(tenant).note, 0, leaves(tenant))
    with owner(tenant) as run:
        run("UPDATE tenants_auditseal SET position = 999999 WHERE position = 20")
        run("UPDATE tenants_auditseal SET position = 20 WHERE position = 30")
        run("UPDATE tenants_auditseal SET position = 30 WHERE position = 999999")
    assert (fault(tenant.id).position, fault(tenant.id).before) == (13, 313)
    assert fault(tenant.id, kept).position == 20


def test_a_tail_cut_off_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        cut(run, 310)
    found = fault(tenant.id)
    assert found.position == 310
    assert f"promises {13 + 300} events" in found.reason


def test_a_tail_cut_off_at_a_checkpoint_is_named_by_what_was_kept_outside(tenant: Tenant) -> None:
    kept = Witnessed(newest(tenant).note)
    with owner(tenant) as run:
        cut(run, 313)
        run("DELETE FROM tenants_auditcheckpoint WHERE size > 313")
    with tenant_scope(tenant.id):
        assert audit_verify().fault is None
    assert fault(tenant.id, kept).position == 313


def test_a_history_written_anew_with_the_key_is_named_by_what_was_kept_outside(tenant: Tenant) -> None:
    kept = Witnessed(newest(tenant).note, 0, leaves(tenant))
    with owner(tenant) as run:
        rewrite(tenant, run, 17, everywhere=True)
    with tenant_scope(tenant.id):
        for event in AuditEvent.objects.order_by("id"):
            AuditPending(id=event.id, tenant_id=tenant.id).save()
    audit_seal(tenant.id)
    with tenant_scope(tenant.id):
        assert audit_verify().fault is None
    assert fault(tenant.id, kept).position == 17
    assert fault(tenant.id, Witnessed(kept.note)).before == SIZE


def test_a_checkpoint_taken_out_of_the_chain_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        run("DELETE FROM tenants_auditcheckpoint WHERE size = 13")
    assert fault(tenant.id).position == 5


def test_a_checkpoint_signed_by_another_key_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        run("UPDATE tenants_auditcheckpoint SET note = replace(note, '— ', '— x') WHERE size = 13")
    assert "not signed by this installation" in fault(tenant.id).reason


def test_a_changed_inner_node_is_named(tenant: Tenant) -> None:
    with owner(tenant) as run:
        run("UPDATE tenants_auditnode SET hash = %s", "0" * 64)
    assert (fault(tenant.id).position, fault(tenant.id).before) == (0, 256)


def test_the_tree_of_the_log_is_the_tree_of_its_leaves(tenant: Tenant) -> None:
    tree = Frontier()
    for leaf in leaves(tenant):
        tree.append(bytes.fromhex(leaf))
    assert tree.root().hex() == newest(tenant).root


def rewrite(tenant: Tenant, run: Run, position: int, *, everywhere: bool) -> None:
    """Another content, with its hash put right; `everywhere` also takes the tree away, to be grown anew."""
    event_id = event_at(run, position)
    with tenant_scope(tenant.id):
        event = AuditEvent.objects.get(id=event_id)
    event.facts = {"batch": 9}
    run("UPDATE tenants_auditevent SET facts = '{\"batch\": 9}', leaf_hash = %s WHERE id = %s",
        leaf_hash(event), event_id)  # fmt: skip
    for table in (AuditSeal, AuditNode, AuditCheckpoint) if everywhere else ():
        run(f"DELETE FROM {table._meta.db_table}")


def insert_copy(tenant: Tenant, run: Run, position: int) -> tuple[UUID, str]:
    """A well-formed event just before the one at the position, without a place: its id and its hash."""
    original = event_at(run, position)
    inserted = UUID(int=original.int - 1)
    with tenant_scope(tenant.id):
        event = AuditEvent.objects.get(id=original)
    event.id, event.facts = inserted, {"batch": 9}
    run(
        "INSERT INTO tenants_auditevent "
        "SELECT (jsonb_populate_record(e, %s)).* FROM tenants_auditevent e WHERE id = %s",
        Jsonb({"id": str(inserted), "facts": event.facts, "leaf_hash": leaf_hash(event)}), original,
    )  # fmt: skip
    return inserted, leaf_hash(event)


def move(run: Run, first: int, by: int) -> None:
    """Events from there on get other positions."""
    run("UPDATE tenants_auditseal SET position = position + 1000000 WHERE position >= %s", first)
    run("UPDATE tenants_auditseal SET position = position - 1000000 + %s WHERE position >= 1000000", by)


def cut(run: Run, size: int) -> None:
    """Events and places from there on are gone."""
    run("DELETE FROM tenants_auditevent WHERE id IN (SELECT id FROM tenants_auditseal WHERE position >= %s)", size)
    run("DELETE FROM tenants_auditseal WHERE position >= %s", size)
