"""Checkpoints go outside: once, in order, with a proof, and whoever holds them finds a history written anew."""

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from pytest_django import Settings

from tenants.audit import cortx_verify as verifier
from tenants.audit.delivery import DELIVER_WORK
from tenants.audit.folders import checkpoint_write
from tenants.audit.merkle import Frontier, hash_leaf
from tenants.audit.models import AuditCheckpoint, CheckpointDelivery
from tenants.audit.notes import Checkpoint, note_sign, origin
from tenants.audit.proofs import export_lines
from tenants.audit.sealing import audit_seal
from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.models import Effect, Tenant, Work
from tenants.outgoing.tests.receiver import Receiver, receiving
from tenants.policies.services import policy_locked, policy_write
from tenants.tasks import deliver_checkpoint
from tenants.tests.cast import Cast


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as one:
        settings.OUTGOING_HOSTS_ALLOWED = [one.place]
        yield one


@pytest.fixture(autouse=True)
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.CHECKPOINT_FOLDER = str(tmp_path / "out")


def send_to(cast: Cast, tenant: Tenant, **places: str) -> None:
    with tenant_scope(tenant.id):
        policy_write(before=policy_locked(), document={"checkpoints": places}, author=cast.owner, note="")


def sealed(tenant: Tenant, events: int = 1) -> AuditCheckpoint:
    with tenant_scope(tenant.id):
        for number in range(events):
            audit_append("tenant.changed", tenant, {"number": number})
    audit_seal(tenant.id)
    with tenant_scope(tenant.id):
        return AuditCheckpoint.objects.latest("size")  # type: ignore[no-any-return]


def delivered(tenant: Tenant) -> Work | None:
    """Let the time come, and the worker answer the bell."""
    work = Work.objects.filter(tenant_id=tenant.id, kind=DELIVER_WORK, status=Work.Status.QUEUED).first()
    if work is not None:
        Work.objects.filter(id=work.id).update(due_at=Now() - timedelta(seconds=1))
        deliver_checkpoint(str(work.id))
        work.refresh_from_db()
    return work


def state(tenant: Tenant) -> CheckpointDelivery:
    with tenant_scope(tenant.id):
        return CheckpointDelivery.objects.get()  # type: ignore[no-any-return]


def files(settings: Settings, tenant: Tenant, name: str = "auditor-1") -> list[Path]:
    return sorted((Path(settings.CHECKPOINT_FOLDER) / str(tenant.id) / name).iterdir())


def exported(tenant: Tenant) -> bytes:
    with tenant_scope(tenant.id):
        newest = AuditCheckpoint.objects.latest("size")
        return b"".join(export_lines(newest, 0, newest.size))


def test_without_a_place_in_the_policy_nothing_is_queued(cast: Cast) -> None:
    sealed(cast.tenant)
    assert not Work.objects.filter(kind=DELIVER_WORK).exists()


def test_a_receiver_that_fails_twice_gets_one_checkpoint_with_one_key(cast: Cast, receiver: Receiver) -> None:
    receiver.answers += [500, 503]
    send_to(cast, cast.tenant, url=f"http://{receiver.place}/in?token=abc")
    checkpoint = sealed(cast.tenant)
    reasons = []
    for _ in range(3):
        work = delivered(cast.tenant)
        assert work is not None
        reasons.append((work.status, work.attempt, state(cast.tenant).error))
    assert reasons == [
        ("queued", 1, "the host answered 500"),
        ("queued", 2, "the host answered 503"),
        ("done", 3, ""),
    ]
    assert delivered(cast.tenant) is None
    assert (state(cast.tenant).size, len({key for key, _ in receiver.got}), len(receiver.got)) == (
        checkpoint.size,
        1,
        3,
    )
    assert {body for _, body in receiver.got} == {receiver.got[0][1]}
    assert json.loads(receiver.got[0][1]) == {"note": checkpoint.note, "previous_size": 0, "consistency": None}
    with tenant_scope(cast.tenant.id):
        effect = Effect.objects.get(kind=DELIVER_WORK)
    assert (effect.status, effect.sends, str(effect.key)) == ("confirmed", 3, receiver.got[0][0])


def test_the_next_one_comes_with_the_proof_that_the_log_has_only_grown(cast: Cast, receiver: Receiver) -> None:
    send_to(cast, cast.tenant, url=f"http://{receiver.place}/in")
    first = sealed(cast.tenant, 3)
    delivered(cast.tenant)
    second = sealed(cast.tenant, 4)
    delivered(cast.tenant)
    (_, before), (_, after) = receiver.got
    body = json.loads(after)
    assert (body["note"], body["previous_size"]) == (second.note, first.size)
    proof = json.dumps(body["consistency"]).encode()
    assert "begins with the" in verifier.check_proof(proof, "", [json.loads(before)["note"]])
    assert len({key for key, _ in receiver.got}) == 2


def test_what_waits_takes_newer_checkpoints_along_and_a_tenant_delivers_only_so_often(
    cast: Cast, receiver: Receiver, settings: Settings
) -> None:
    send_to(cast, cast.tenant, url=f"http://{receiver.place}/in")
    sealed(cast.tenant)
    newest = sealed(cast.tenant)
    work = Work.objects.get(kind=DELIVER_WORK)
    assert work.due_at - work.created_at > timedelta(seconds=settings.CHECKPOINT_EVERY_SECONDS - 1)
    delivered(cast.tenant)
    assert [json.loads(body)["note"] for _, body in receiver.got] == [newest.note]


def test_what_waits_for_one_tenant_keeps_no_other_from_being_delivered(cast: Cast) -> None:
    for tenant in (cast.tenant, cast.other):
        send_to(cast, tenant, folder="auditor-1")
        sealed(tenant)
        sealed(tenant)
    waiting = Work.objects.filter(kind=DELIVER_WORK).values_list("tenant_id", flat=True)
    assert sorted(waiting) == sorted([cast.tenant.id, cast.other.id])


def test_after_the_last_attempt_the_next_checkpoint_tries_again(cast: Cast, receiver: Receiver) -> None:
    receiver.answers += [500, 302, 404]
    send_to(cast, cast.tenant, url=f"http://{receiver.place}/in")
    sealed(cast.tenant)
    works = [delivered(cast.tenant) for _ in range(4)]
    assert [work and work.status for work in works] == ["queued", "queued", "dead", None]
    assert state(cast.tenant).error == "the host answered 404"
    newest = sealed(cast.tenant)
    delivered(cast.tenant)
    assert (state(cast.tenant).size, state(cast.tenant).error) == (newest.size, "")


def test_a_place_that_fails_keeps_no_other_waiting(cast: Cast, receiver: Receiver, settings: Settings) -> None:
    receiver.answers.append(500)
    send_to(cast, cast.tenant, folder="auditor-1", url=f"http://{receiver.place}/in")
    checkpoint = sealed(cast.tenant)
    delivered(cast.tenant)
    delivered(cast.tenant)
    assert [file.read_text(encoding="utf-8") for file in files(settings, cast.tenant)] == [checkpoint.note]
    assert len(receiver.got) == 2


def test_a_folder_of_checkpoints_shows_that_an_export_is_whole_and_that_a_new_history_is_not(
    cast: Cast, settings: Settings
) -> None:
    send_to(cast, cast.tenant, folder="auditor-1")
    for events in (2, 3, 4):
        sealed(cast.tenant, events)
        delivered(cast.tenant)
    kept = files(settings, cast.tenant)
    assert [file.name for file in kept] == [f"{size:020}.txt" for size in (3, 6, 10)]
    notes = [file.read_text(encoding="utf-8") for file in verifier.files_of(kept[0].parent)]
    whole = exported(cast.tenant)
    assert "0 to 10 of 10" in verifier.check_export(whole, "", notes)
    anew = written_anew(cast.tenant, whole)
    assert "0 to 10 of 10" in verifier.check_export(anew)
    with pytest.raises(verifier.Bad, match="no longer begins with the 3 events"):
        verifier.check_export(anew, "", notes)


def written_anew(tenant: Tenant, whole: bytes) -> bytes:
    """The export of another history, as somebody makes it who holds the database and the key."""
    first, *events = whole.splitlines()
    events[2] = events[2].replace(b'"number":1', b'"number":7')
    tree = Frontier()
    tree.extend([hash_leaf(event) for event in events])
    said = Checkpoint(origin(tenant.id), tree.size, tree.root(), "2026-01-01T00:00:00.000Z", "")
    head = verifier.written({**json.loads(first), "checkpoint": note_sign(said)})
    return b"".join(line + b"\n" for line in (head, *events))


def test_a_note_that_is_there_is_never_replaced(cast: Cast, settings: Settings) -> None:
    checkpoint_write(cast.tenant.id, "auditor-1", 3, "one\n")
    checkpoint_write(cast.tenant.id, "auditor-1", 3, "one\n")
    with pytest.raises(OSError, match="holds another checkpoint"):
        checkpoint_write(cast.tenant.id, "auditor-1", 3, "two\n")
    assert [(file.name, file.read_text()) for file in files(settings, cast.tenant)] == [(f"{3:020}.txt", "one\n")]


def test_a_log_that_is_shorter_than_what_was_delivered_is_told(cast: Cast) -> None:
    send_to(cast, cast.tenant, folder="auditor-1")
    sealed(cast.tenant)
    delivered(cast.tenant)
    with tenant_scope(cast.tenant.id):
        CheckpointDelivery.objects.update(size=1_000)
    sealed(cast.tenant)
    delivered(cast.tenant)
    assert state(cast.tenant).error == "the log has 3 events, fewer than the 1,000 delivered last"


def test_two_tenants_with_a_folder_of_the_same_name_do_not_meet(cast: Cast, settings: Settings) -> None:
    for tenant in (cast.tenant, cast.other):
        send_to(cast, tenant, folder="auditor-1")
        checkpoint = sealed(tenant)
        delivered(tenant)
        assert [file.read_text(encoding="utf-8") for file in files(settings, tenant)] == [checkpoint.note]


def refused(cast: Cast, **places: object) -> dict[str, Any]:
    body = json.dumps({"document": {"checkpoints": places}})
    answer = cast.browser(cast.owner).put("/api/v1/policy", body, content_type="application/json")
    return {one["pointer"]: one["message"] for one in answer.json().get("errors", ())}


def test_all_that_is_wrong_with_a_place_is_named_when_it_is_saved(cast: Cast) -> None:
    assert refused(cast, folder="../other", url=7).keys() == {
        "/document/checkpoints/folder",
        "/document/checkpoints/url",
    }
    for folder in ("", ".", "..", "a/b", "A", "a\n", "-a", "a" * 64):
        assert list(refused(cast, folder=folder)) == ["/document/checkpoints/folder"]
    for url in ("https://localhost/", "https://169.254.169.254/", "http://example.com/", "https://a:b@example.com/"):
        assert refused(cast, url=url)["/document/checkpoints/url"].startswith("not sent to: ")
    assert refused(cast, folder="2026-auditor_1", url="https://8.8.8.8/in") == {}


def test_a_name_is_refused_in_the_same_words_whether_it_leads_inside_or_nowhere(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, known = socket.getaddrinfo, {"inside.example": "10.0.0.1", "outside.example": "8.8.8.8"}

    def lookup(host: str, *args: Any, **kwargs: Any) -> Any:
        if not host.endswith(".example"):
            return found(host, *args, **kwargs)
        if host not in known:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[host], 443))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    said = [refused(cast, url=f"https://{name}.example/in") for name in ("inside", "nowhere")]
    assert said[0] == said[1] == {"/document/checkpoints/url": "not sent to: no public address was found for the host"}
    assert refused(cast, url="https://outside.example/in") == {}
    # With the name server away, the rest of the policy can be changed still.
    known.clear()
    assert refused(cast, url="https://outside.example/in", folder="auditor-1") == {}
    assert list(refused(cast, url="https://outside.example/other")) == ["/document/checkpoints/url"]


def test_page_and_api_tell_where_checkpoints_go_and_another_tenant_nothing(cast: Cast, receiver: Receiver) -> None:
    page, api = "/t/agency/audit/", "/api/v1/audit/checkpoints"
    sealed(cast.tenant)
    assert b"Nobody outside is sent a checkpoint." in cast.browser(cast.auditor).get(page).content
    assert b"Name a folder or URL" in cast.browser(cast.owner).get(page).content
    receiver.answers.append(500)
    send_to(cast, cast.tenant, url=f"http://{receiver.place}/in?token=abc", folder="auditor-1")
    checkpoint = sealed(cast.tenant)
    delivered(cast.tenant)
    seen = cast.browser(cast.auditor).get(page).content.decode()
    assert f"{checkpoint.size} events delivered" in seen
    assert "the host answered 500" in seen
    assert "token=abc" not in seen
    told = cast.browser(cast.auditor).get(api).json()["deliveries"]
    assert [(one["kind"], one["place"], one["size"]) for one in told] == [
        ("folder", "auditor-1", checkpoint.size),
        ("url", f"http://{receiver.place}/in?[hidden]", 0),
    ]
    assert cast.browser(cast.outsider).get(api).json()["deliveries"] == []
    assert cast.browser(cast.outsider).get(page).status_code == 404
