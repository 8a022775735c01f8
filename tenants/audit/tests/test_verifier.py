"""The verifier that strangers run: published vectors, what the log gives out, and that no changed byte gets by."""

import base64
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tenants.audit import cortx_verify as verifier
from tenants.audit.merkle import Frontier, consistency_ranges, hash_leaf, hash_range, inclusion_ranges, outer_ranges
from tenants.audit.models import AuditCheckpoint, AuditEvent
from tenants.audit.notes import origin, verifier_key
from tenants.audit.proofs import consistency_proof, export_lines, inclusion_proof
from tenants.audit.sealing import audit_seal
from tenants.audit.services import audit_append
from tenants.audit.tests.test_merkle import CONSISTENCY, INCLUSION, LEAVES, ROOTS, SIZES, grown, numbered
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.tests.cast import Cast

FILE = Path(verifier.__file__)
# RFC 8032, section 7.1: key, message, signature of TEST 1, 2, 3 and SHA(abc).
SIGNATURES = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
     "655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
     "b00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
     "c027beceea1ec40a"),
]  # fmt: skip
# Go, golang.org/x/mod/sumdb/note (BSD-3-Clause): the signed note of its documentation.
NOTE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    f"{NOTE_TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.mark.parametrize(("key", "message", "signature"), SIGNATURES)
def test_signatures_of_rfc_8032_hold(key: str, message: str, signature: str) -> None:
    given_ = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert verifier.signature_holds(*given_)
    assert not verifier.signature_holds(given_[0], given_[1] + b"x", given_[2])


@given(st.binary(max_size=200), st.integers(0, 63), st.integers(1, 255))
def test_signatures_hold_and_changed_ones_do_not(message: bytes, place: int, change: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    signature = bytearray(key.sign(message))
    public = key.public_key().public_bytes_raw()
    assert verifier.signature_holds(public, message, bytes(signature))
    signature[place] ^= change
    assert not verifier.signature_holds(public, message, bytes(signature))


def test_a_signature_with_the_order_added_is_refused() -> None:
    key, message, signature = (bytes.fromhex(text) for text in SIGNATURES[0])
    scalar = int.from_bytes(signature[32:], "little") + verifier.ORDER
    assert not verifier.signature_holds(key, message, signature[:32] + scalar.to_bytes(32, "little"))


def test_the_published_note_opens_and_a_changed_one_does_not() -> None:
    assert verifier.note_text(NOTE, NOTE_KEY) == NOTE_TEXT
    with pytest.raises(verifier.Bad, match="does not match"):
        verifier.note_text(NOTE.replace("cryptography", "arithmetic"), NOTE_KEY)
    with pytest.raises(verifier.Bad, match="not signed by"):
        verifier.note_text(NOTE, verifier_key("somebody"))


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_published_inclusion_paths_lead_to_the_published_roots(index: int, size: int) -> None:
    path = verifier.unhexed(INCLUSION[index, size])
    assert verifier.root_of_inclusion(hash_leaf(LEAVES[index]), index, size, path).hex() == ROOTS[size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_published_consistency_proofs_lead_to_the_published_roots(old: int, new: int) -> None:
    found = verifier.roots_of_consistency(old, new, bytes.fromhex(ROOTS[old]), verifier.unhexed(CONSISTENCY[old, new]))
    assert [root.hex() for root in found] == [ROOTS[old], ROOTS[new]]


@given(SIZES, st.data())
def test_what_the_log_proves_the_verifier_believes_and_nothing_else(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    tree, stored = grown(leaves)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    path = [hash_range(*part, stored) for part in inclusion_ranges(index, size)]
    assert verifier.root_of_inclusion(leaves[index], index, size, path) == tree.root()
    assert verifier.root_of_inclusion(hash_leaf(b"x"), index, size, path) != tree.root()
    before = Frontier()
    for leaf in leaves[:old]:
        before.append(leaf)
    proof = [hash_range(*part, stored) for part in consistency_ranges(old, size)]
    assert verifier.roots_of_consistency(old, size, before.root(), proof) == (before.root(), tree.root())
    for bad in (proof[:-1], [*proof, leaves[0]]):
        if bad != proof:
            with pytest.raises(verifier.Bad, match="the proof is too"):
                verifier.roots_of_consistency(old, size, before.root(), bad)
    with pytest.raises(verifier.Bad, match="the path is too"):
        verifier.root_of_inclusion(leaves[index], index, size, [*path, leaves[0]])


@given(SIZES, st.data())
def test_a_stretch_of_the_log_and_the_hashes_around_it_give_the_root(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    tree, stored = grown(leaves)
    last = data.draw(st.integers(0, size))
    first = data.draw(st.integers(0, last))
    outer = [hash_range(*part, stored) for part in outer_ranges(first, last, size)]
    assert verifier.root_of_range(leaves[first:last], first, size, iter(outer)) == tree.root()


@given(SIZES, st.data())
def test_beginnings_of_a_log_have_the_roots_they_had(size: int, data: st.DataObject) -> None:
    leaves, inner = numbered(size), verifier.Inner()
    for beginning in (size, data.draw(st.integers(0, size)), data.draw(st.integers(0, size))):
        tree = Frontier()
        tree.extend(leaves[:beginning])
        assert verifier.root_of_beginning(leaves, 0, beginning, inner) == tree.root()


@pytest.fixture
def tenant(cast: Cast) -> Tenant:
    """Of whose log two checkpoints are signed, at 30 and 40."""
    for events in (30, 10):
        with tenant_scope(cast.tenant.id):
            for number in range(events):
                audit_append("tenant.changed", cast.tenant, {"number": number, "word": "é"})
        audit_seal(cast.tenant.id)
    return cast.tenant


def export(tenant: Tenant, first: int = 0, last: int = 40, size: int = 40) -> bytes:
    with tenant_scope(tenant.id):
        return b"".join(export_lines(AuditCheckpoint.objects.get(size=size), first, last))


def note(tenant: Tenant, size: int) -> str:
    with tenant_scope(tenant.id):
        return str(AuditCheckpoint.objects.get(size=size).note)


@pytest.mark.parametrize(("first", "last", "size"), [(0, 40, 40), (0, 30, 30), (7, 21, 40), (39, 40, 40), (5, 5, 30)])
def test_an_export_verifies(tenant: Tenant, first: int, last: int, size: int) -> None:
    told = verifier.check_export(export(tenant, first, last, size), verifier_key(origin(tenant.id)))
    assert told == f"{last - first} events, {first} to {last} of {size}, of cortx/{tenant.id}"


def test_of_a_thousand_single_changed_bytes_in_an_export_each_is_found(tenant: Tenant) -> None:
    whole, chance, missed = export(tenant, 3, 13), random.Random(2026), []
    for _ in range(1000):
        changed, place = bytearray(whole), chance.randrange(len(whole))
        changed[place] ^= chance.randrange(1, 256)
        try:
            verifier.check_export(bytes(changed))
        except (verifier.Bad, UnicodeDecodeError):
            continue
        missed.append(place)
    assert missed == []


def test_every_bit_of_the_line_with_the_proof_counts(tenant: Tenant) -> None:
    whole = export(tenant, 3, 5)
    for place in range(whole.index(b"\n")):
        changed = bytearray(whole)
        changed[place] ^= 1
        with pytest.raises((verifier.Bad, UnicodeDecodeError)):
            verifier.check_export(bytes(changed))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda lines: [lines[0], *lines[2:]], "39 events, promised are 0 to 40"),
        (lambda lines: [*lines, lines[-1]], "41 events, promised are 0 to 40"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "not those of the checkpoint"),
        (lambda lines: [lines[0].replace(b'":', b'": ', 1), *lines[1:]], "not written as it should be"),
        (lambda lines: [b"{}\n"], "does not say what it should"),
        (lambda lines: [b"[]\n"], "not an object"),
        (lambda lines: [b"x"], "not JSON"),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "does not end"),
    ],
)
def test_a_spoilt_export_is_told_apart(
    tenant: Tenant, spoil: Callable[[list[bytes]], list[bytes]], reason: str
) -> None:
    with pytest.raises(verifier.Bad, match=reason):
        verifier.check_export(b"".join(spoil(export(tenant).splitlines(keepends=True))))


def test_proofs_verify_and_changed_ones_do_not(tenant: Tenant) -> None:
    with tenant_scope(tenant.id):
        old, new = AuditCheckpoint.objects.order_by("size")
        event = AuditEvent.objects.order_by("id")[17]
        inclusion, consistency = inclusion_proof(event, 17, new), consistency_proof(old, new)
    key = verifier_key(origin(tenant.id))
    assert "at position 17 of 40" in verifier.check_proof(json.dumps(inclusion).encode(), key)
    assert "begins with the 30" in verifier.check_proof(json.dumps(consistency).encode(), key, [old.note])
    for wrong, reason in (
        ({**inclusion, "position": 18}, "not at position 18"),
        ({**inclusion, "leaf": "{}"}, "not at position 17"),
        ({**consistency, "path": inclusion["path"]}, "does not begin|the proof is too"),
        ({**inclusion, "path": ["x"]}, "not hexadecimal"),
        ({**inclusion, "path": ["00"]}, "not 32 bytes"),
        ({**inclusion, "key": NOTE_KEY}, "not signed by"),
        ({**inclusion, "checkpoint": "x"}, "no signature"),
    ):
        with pytest.raises(verifier.Bad, match=reason):
            verifier.check_proof(json.dumps(wrong).encode())
    with pytest.raises(verifier.Bad, match="another key"):
        verifier.check_proof(json.dumps(inclusion).encode(), NOTE_KEY)


def test_an_export_must_begin_with_what_was_kept(tenant: Tenant) -> None:
    kept = note(tenant, 30)
    verifier.check_export(export(tenant), "", [kept])
    with pytest.raises(verifier.Bad, match="needs an export from 0"):
        verifier.check_export(export(tenant, 1), "", [kept])
    forged = verifier.Checkpoint("", 30, b"\0" * 32)
    with pytest.raises(verifier.Bad, match="no longer begins with the 30"):
        verifier.check_kept(forged, [b"\0" * 32] * 40, 0, 40, {})


@pytest.mark.parametrize(
    "text", ["", "name", "name+00000000+", f"name+00000000+{base64.b64encode(b'1' * 33).decode()}"]
)
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(verifier.Bad, match="verifier key"):
        verifier.key_read(text)


def test_a_stranger_runs_the_file_by_itself(tenant: Tenant, tmp_path: Path) -> None:
    (tmp_path / "cortx_verify.py").write_bytes(FILE.read_bytes())
    (tmp_path / "log.ndjson").write_bytes(export(tenant))
    (tmp_path / "kept.txt").write_text(note(tenant, 30), encoding="utf-8")
    (tmp_path / "bad.ndjson").write_bytes(export(tenant).replace(b'"number":4', b'"number":5'))

    def ran(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", "cortx_verify.py", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
        return done.returncode, done.stdout + done.stderr

    key = f"--key={verifier_key(origin(tenant.id))}"
    assert ran("export", "log.ndjson", key, "--checkpoint=kept.txt")[0] == 0
    (tmp_path / "kept").mkdir()
    assert ran("export", "log.ndjson", "--checkpoint=kept") == (2, "cannot be read: kept holds no checkpoint\n")
    for size in (30, 40):
        (tmp_path / "kept" / f"{size}.txt").write_text(note(tenant, size), encoding="utf-8")
    assert ran("export", "log.ndjson", key, "--checkpoint=kept")[0] == 0
    (tmp_path / "kept" / "31.txt").write_text(note(tenant, 30).replace("\n30\n", "\n31\n"), encoding="utf-8")
    assert ran("export", "log.ndjson", "--checkpoint=kept") == (
        1,
        "BROKEN: the signature does not match the note\n",
    )
    assert ran("export", "bad.ndjson", key) == (1, "BROKEN: the events are not those of the checkpoint\n")
    assert ran("export", "missing")[0] == 2
