"""Sealing: every event gets one place, under a checkpoint that an outsider can check."""

import logging
from collections.abc import Callable
from subprocess import CompletedProcess
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from tenants.audit import sealing
from tenants.audit.keys import signing_key, signing_key_ensure
from tenants.audit.models import AuditCheckpoint, AuditPending, AuditSeal
from tenants.audit.notes import BadNote, note_hash, note_open, origin, verifier_key
from tenants.audit.sealing import audit_seal, audit_seal_due
from tenants.audit.services import audit_append
from tenants.audit.verification import audit_verify
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.tests.cast import Cast
from tenants.tests.factories import TenantFactory


def append(tenant: Tenant, count: int = 1) -> None:
    with transaction.atomic(), tenant_scope(tenant.id):
        for number in range(count):
            audit_append("tenant.changed", tenant, {"number": number})


def test_events_are_sealed_in_batches_under_chained_checkpoints(cast: Cast) -> None:
    for events in (3, 2):
        append(cast.tenant, events)
        assert audit_seal(cast.tenant.id) == events
    assert audit_seal(cast.tenant.id) == 0
    with tenant_scope(cast.tenant.id):
        assert list(AuditSeal.objects.order_by("position").values_list("position", flat=True)) == [0, 1, 2, 3, 4]
        first, second = AuditCheckpoint.objects.order_by("size")
    name = origin(cast.tenant.id)
    assert (note_open(first.note, name).size, note_open(second.note, name).size) == (3, 5)
    assert note_open(second.note, name).previous == note_hash(first.note)
    assert note_open(first.note, name).previous == ""


def test_the_sealer_goes_round_all_tenants(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    append(cast.tenant, 5)
    append(cast.other, 1)
    assert audit_seal_due() == 6
    assert not AuditPending.objects.exists()
    for tenant, sizes in ((cast.tenant, [2, 4, 5]), (cast.other, [1])):
        with tenant_scope(tenant.id):
            assert list(AuditCheckpoint.objects.order_by("size").values_list("size", flat=True)) == sizes
            assert audit_verify().fault is None


def test_a_log_that_cannot_be_sealed_keeps_no_other_waiting(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    append(cast.tenant)
    append(cast.other)
    seal = sealing.audit_seal
    monkeypatch.setattr(sealing, "audit_seal", lambda tenant: 1 // 0 if tenant == cast.tenant.id else seal(tenant))
    monkeypatch.setattr(logging.getLogger("tenants"), "propagate", True)
    assert audit_seal_due() == 1
    assert f"the audit log of tenant {cast.tenant.id} cannot be sealed" in caplog.text


def test_a_seal_and_a_checkpoint_are_neither_changed_nor_deleted(cast: Cast) -> None:
    append(cast.tenant)
    audit_seal(cast.tenant.id)
    with tenant_scope(cast.tenant.id):
        for table in ("seal", "checkpoint", "node"):
            for statement in (f"UPDATE tenants_audit{table} SET id = id", f"DELETE FROM tenants_audit{table}"):
                with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement)


def test_a_note_says_nothing_to_whoever_expects_another_log(cast: Cast) -> None:
    append(cast.tenant)
    audit_seal(cast.tenant.id)
    with tenant_scope(cast.tenant.id):
        note = AuditCheckpoint.objects.get().note
    with pytest.raises(BadNote, match="not signed"):
        note_open(note, origin(cast.other.id))
    with pytest.raises(BadNote, match="does not match"):
        note_open(note.replace("\n1\n", "\n2\n"), origin(cast.tenant.id))
    with pytest.raises(BadNote, match="has no signature"):
        note_open("one line", origin(cast.tenant.id))
    with pytest.raises(BadNote, match="not base64"):
        note_open(note[:-3] + "?\n", origin(cast.tenant.id))


@pytest.mark.django_db(transaction=True)
def test_of_many_sealers_and_writers_each_event_gets_one_place() -> None:
    tenant = TenantFactory.create()
    ready = Barrier(6)

    def work(job: Callable[[], object]) -> None:
        ready.wait()
        for _ in range(15):
            job()
        connection.close()

    jobs: list[Callable[[], object]] = [lambda: append(tenant, 2)] * 3 + [lambda: audit_seal(tenant.id)] * 3
    threads = [Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit_seal_due()
    with tenant_scope(tenant.id):
        report = audit_verify()
    assert (report.events, report.waiting, report.fault) == (90, 0, None)


def test_the_key_is_made_once_and_kept_from_others(settings: Settings) -> None:
    settings.AUDIT_KEY, settings.AUDIT_KEY_FILE = "", settings.VAR_DIR / "another-key"
    with pytest.raises(ImproperlyConfigured, match="set_up"):
        signing_key()
    signing_key_ensure()
    made = verifier_key("log")
    signing_key_ensure()
    assert verifier_key("log") == made
    assert settings.AUDIT_KEY_FILE.stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_none_is_refused(settings: Settings) -> None:
    settings.AUDIT_KEY = "short"
    with pytest.raises(ImproperlyConfigured, match="not 32 bytes"):
        signing_key()


SQLITE = """
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.models import Tenant
with transaction.atomic():
    tenant = Tenant.objects.create(slug="a", name="A")
    with tenant_scope(tenant.id):
        for number in range(300):
            audit_append("tenant.created", tenant, {"number": number})
call_command("audit", "seal")
try:
    call_command("audit", "verify")
except SystemExit as end:
    print("code", end.code)
try:
    connection.cursor().execute("UPDATE tenants_auditseal SET position = 0")
except DatabaseError as error:
    print("refused:", error)
connection.cursor().execute("DROP TRIGGER audit_no_update")
connection.cursor().execute(
    "UPDATE tenants_auditevent SET facts = '{}' WHERE id = (SELECT id FROM tenants_auditseal WHERE position = 7)")
call_command("audit", "verify", "--tenant=a")
"""


def test_a_log_on_sqlite_is_sealed_verified_and_watched_too(embedded: Callable[..., CompletedProcess[str]]) -> None:
    embedded("set_up")
    said = embedded("shell", script=SQLITE, code=1).stdout
    assert "300 events sealed" in said
    assert "a: whole: 300 events, 1 checkpoints" in said
    assert "code 0" in said
    assert "refused: audit events are append-only" in said
    assert "a: BROKEN at position 7: stored hash" in said
