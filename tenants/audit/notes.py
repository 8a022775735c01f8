"""Checkpoints as text: C2SP tlog-checkpoint in a C2SP signed note, signed with Ed25519.

The lines after the root are our extension: when it was signed, and the hash of the note before it, which chains them.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tenants.audit.keys import signing_key

ED25519 = b"\x01"
"""Type of the signature in a key id."""
DASH = "\N{EM DASH}"
TIME, PREVIOUS = "time ", "previous "


class BadNote(ValueError):
    """A note that is no checkpoint, or is not signed by this installation."""


@dataclass(frozen=True)
class Checkpoint:
    """What a note says. `previous` is empty in the first one."""

    origin: str
    size: int
    root: bytes
    time: str
    previous: str

    def text(self) -> str:
        """The note's text."""
        chain = [PREVIOUS + self.previous] if self.previous else []
        lines = [self.origin, str(self.size), base64_text(self.root), TIME + self.time, *chain]
        return "".join(f"{line}\n" for line in lines)


def base64_text(value: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(value).decode()


def origin(tenant_id: UUID) -> str:
    """Name of a tenant's log, and of the key in its notes."""
    return f"cortx/{tenant_id}"


def key_id(name: str, key: Ed25519PublicKey) -> bytes:
    """Four bytes that tell keys apart."""
    return hashlib.sha256(f"{name}\n".encode() + ED25519 + key.public_bytes_raw()).digest()[:4]


def verifier_key(name: str) -> str:
    """What an outsider needs to check the log's notes, in the notation of signed notes."""
    key = signing_key().public_key()
    return f"{name}+{key_id(name, key).hex()}+{base64_text(ED25519 + key.public_bytes_raw())}"


def note_hash(note: str) -> str:
    """What the next checkpoint says of this one: the hash of its text, in base64."""
    return base64_text(hashlib.sha256(text_of(note).encode()).digest())


def note_sign(checkpoint: Checkpoint) -> str:
    """The whole note."""
    text, key = checkpoint.text(), signing_key()
    signature = key_id(checkpoint.origin, key.public_key()) + key.sign(text.encode())
    return f"{text}\n{DASH} {checkpoint.origin} {base64_text(signature)}\n"


def note_open(note: str, name: str) -> Checkpoint:
    """What a note of the log of that name says. Raises `BadNote` unless this installation signed it."""
    text, key = text_of(note), signing_key().public_key()
    mine, wanted = key_id(name, key), f"{DASH} {name} "
    lines = [line.removeprefix(wanted) for line in note[len(text) + 1 :].splitlines() if line.startswith(wanted)]
    signatures = [decoded[4:] for line in lines if (decoded := _decoded(line))[:4] == mine]
    if not signatures:
        raise BadNote("is not signed by this installation")
    try:
        key.verify(signatures[0], text.encode())
    except InvalidSignature as error:
        raise BadNote("has a signature that does not match its text") from error
    return _parsed(text, name)


def note_time(moment: datetime) -> str:
    """As written into notes."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text_of(note: str) -> str:
    """The signed part. Raises `BadNote`."""
    text, blank, _ = note.rpartition("\n\n")
    if not blank:
        raise BadNote("has no signature")
    return f"{text}\n"


def _parsed(text: str, name: str) -> Checkpoint:
    lines = text.splitlines()
    if len(lines) < 4 or lines[0] != name or not (lines[1].isascii() and lines[1].isdigit()):
        raise BadNote("is no checkpoint of this log")
    previous = next((line.removeprefix(PREVIOUS) for line in lines[4:] if line.startswith(PREVIOUS)), "")
    return Checkpoint(name, int(lines[1]), _decoded(lines[2]), lines[3].removeprefix(TIME), previous)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("is not base64 where it should be") from error
