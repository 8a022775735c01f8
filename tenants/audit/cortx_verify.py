"""Checks a CORTX audit log from outside: this one file, Python 3.10 or newer, nothing to install, no access to CORTX.

    python cortx_verify.py export FILE      an export with proof (NDJSON)
    python cortx_verify.py proof FILE       an inclusion or consistency proof, as the API answers it (JSON)

    --key KEY           the verifier key of the log, got by another way than the file; without it the file's own is
                        used, which proves that the file is whole, and not whose it is
    --checkpoint FILE   a checkpoint kept from before, or a folder of them; may be given again: the log must still
                        begin with it

Answers 0 when everything holds, 1 with the first thing that does not, 2 when it cannot begin.

What is checked: RFC 6962 Merkle trees, checkpoints by C2SP (tlog-checkpoint in signed-note), Ed25519 by RFC 8032.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Bad(Exception):
    """Something does not hold."""


class Checkpoint(NamedTuple):
    """A signed statement: the log of this name had so many events, under this root."""

    origin: str
    size: int
    root: bytes


# Merkle tree, RFC 6962 section 2.1; the proofs are checked as RFC 9162 sections 2.1.3.2 and 2.1.4.2 spell out.


Inner = dict[tuple[int, int], bytes]
"""Hashes over the leaves from the first up to, without, the second."""


def hash_leaf(content: bytes) -> bytes:
    """Hash of an event's content."""
    return hashlib.sha256(b"\x00" + content).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of_inclusion(leaf: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that the path leads to from the leaf. Raises Bad when the path has the wrong length."""
    if not 0 <= position < size:
        raise Bad(f"position {position} is not in a log of {size} events")
    place, last, root = position, size - 1, leaf
    for step in path:
        if last == 0:
            raise Bad("the path is too long")
        if place & 1 or place == last:
            root = hash_node(step, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = hash_node(root, step)
        place, last = place >> 1, last >> 1
    if last:
        raise Bad("the path is too short")
    return root


def roots_of_consistency(old: int, new: int, first: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots that the proof leads to, when `first` is the old one. Raises Bad when it has the wrong length."""
    if not 0 < old <= new:
        raise Bad(f"a log of {old} events is no beginning of one of {new}")
    if old == new:
        if proof:
            raise Bad("the proof is too long")
        return first, first
    steps = iter(proof if old & (old - 1) else [first, *proof])
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_root = new_root = next(steps, b"")
    for step in steps:
        if last == 0:
            raise Bad("the proof is too long")
        if place & 1 or place == last:
            old_root, new_root = hash_node(step, old_root), hash_node(step, new_root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_root = hash_node(new_root, step)
        place, last = place >> 1, last >> 1
    if last:
        raise Bad("the proof is too short")
    return old_root, new_root


def root_of_range(leaves: Sequence[bytes], first: int, size: int, outer: Iterator[bytes]) -> bytes:
    """Root of a log of `size` events, from those from `first` on and the hashes over everything around them."""

    def over(begin: int, end: int) -> bytes:
        if end <= first or begin >= first + len(leaves):
            return taken(outer)
        if end - begin == 1:
            return leaves[begin - first]
        middle = begin + (1 << (end - begin - 1).bit_length() - 1)
        return hash_node(over(begin, middle), over(middle, end))

    return over(0, size) if size else hashlib.sha256().digest()


def root_of_beginning(leaves: Sequence[bytes], begin: int, end: int, inner: Inner) -> bytes:
    """Root over these leaves. Of many beginnings of one log each takes few steps, when they are given the same `inner`.

    `inner` keeps hashes over as many leaves as a power of two: those are the same in a longer log.
    """
    if begin == end:
        return hashlib.sha256().digest()
    if end - begin == 1:
        return leaves[begin]
    if (begin, end) in inner:
        return inner[begin, end]
    middle = begin + (1 << (end - begin - 1).bit_length() - 1)
    root = hash_node(root_of_beginning(leaves, begin, middle, inner), root_of_beginning(leaves, middle, end, inner))
    if not (end - begin) & (end - begin - 1):
        inner[begin, end] = root
    return root


def taken(outer: Iterator[bytes]) -> bytes:
    found = next(outer, None)
    if found is None:
        raise Bad("hashes around the events are missing")
    return found


# Ed25519, RFC 8032 section 5.1. Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, x * y = T/Z.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def add(a: Point, b: Point) -> Point:
    """Sum of two points."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return ((f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P)


def times(factor: int, point: Point) -> Point:
    """The point added to itself so many times."""
    total: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = add(total, point)
        point, factor = add(point, point), factor >> 1
    return total


def point_read(text: bytes) -> Point:
    """A point from its 32 bytes. Raises Bad."""
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (not x and sign):
        raise Bad("a key or signature is no point of the curve")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def point_write(point: Point) -> bytes:
    """The 32 bytes of a point."""
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_read(bytes.fromhex("58" + "66" * 31))


def signature_holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of the key signed the message."""
    if len(key) != 32 or len(signature) != 64 or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + key + message).digest()
    factor = int.from_bytes(hashed, "little") % ORDER
    x, y, z, t = point_read(key)
    negative = (P - x, y, z, P - t)
    found = add(times(int.from_bytes(signature[32:], "little"), BASE), times(factor, negative))
    return point_write(found) == signature[:32]


# Signed notes and checkpoints.


def decoded(text: str) -> bytes:
    """Base64, in its one right spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad(f"not base64: {text[:20]}") from error
    if base64.b64encode(value).decode() != text:
        raise Bad(f"not base64 as it is written: {text[:20]}")
    return value


def key_read(text: str) -> tuple[str, bytes, bytes]:
    """Name, id and key of a verifier key `name+id+base64`. Raises Bad."""
    name, _, rest = text.partition("+")
    hexadecimal, _, encoded = rest.partition("+")
    key = decoded(encoded)
    identity = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if not name or identity.hex() != hexadecimal or key[:1] != b"\x01":
        raise Bad("the verifier key is not one for Ed25519")
    return name, identity, key[1:]


def note_text(note: str, key: str) -> str:
    """The text of a signed note, when the key signed it. Raises Bad."""
    name, identity, public = key_read(key)
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Bad("the note has no signature")
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.rpartition(" ")
        if dash != "\N{EM DASH}" or not signer:
            raise Bad("the note has a line that is no signature")
        signature = decoded(encoded)
        if signer == name and signature[:4] == identity:
            if not signature_holds(public, f"{text}\n".encode(), signature[4:]):
                raise Bad("the signature does not match the note")
            return f"{text}\n"
    raise Bad(f"the note is not signed by {name}")


def checkpoint_open(note: str, key: str) -> Checkpoint:
    """What a checkpoint says, when the key signed it. Raises Bad."""
    lines = note_text(note, key).split("\n")
    if len(lines) < 4 or lines[0] != key.partition("+")[0] or not (lines[1].isascii() and lines[1].isdigit()):
        raise Bad("the note is no checkpoint of this log")
    return Checkpoint(lines[0], int(lines[1]), decoded(lines[2]))


# Files.

HEAD = {"cortx_audit_export": int, "key": str, "first": int, "last": int, "outer": list, "checkpoint": str}
"""The first line of an export."""


def written(value: Any) -> bytes:
    """JSON in its one right spelling here: sorted names, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def unhexed(texts: Sequence[str]) -> list[bytes]:
    """Hashes from hexadecimal. Raises Bad."""
    try:
        found = [bytes.fromhex(text) for text in texts]
    except (TypeError, ValueError) as error:
        raise Bad("a hash is not hexadecimal") from error
    if any(len(one) != 32 or one.hex() != text for one, text in zip(found, texts, strict=True)):
        raise Bad("a hash is not 32 bytes in hexadecimal")
    return found


def object_of(line: bytes, what: str) -> dict[str, Any]:
    """A JSON object. Raises Bad."""
    try:
        value = json.loads(line)
    except ValueError as error:
        raise Bad(f"{what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Bad(f"{what} is not an object")
    return value


def check_export(content: bytes, key: str = "", kept: Sequence[str] = ()) -> str:
    """Check an export: a line about it, then the content of one event a line. Answers what was found. Raises Bad."""
    line, _, body = content.partition(b"\n")
    head = object_of(line, "the first line")
    if written(head) != line:
        raise Bad("the first line is not written as it should be")
    if not body.endswith(b"\n") and body:
        raise Bad("the last line does not end")
    if {name: type(value) for name, value in head.items()} != HEAD:
        raise Bad("the first line does not say what it should")
    first, last, note, own = head["first"], head["last"], head["checkpoint"], head["key"]
    if head["cortx_audit_export"] != 1 or (key and key != own):
        raise Bad("the export names another key" if key else "the export is of an unknown version")
    leaves = [hash_leaf(event) for event in body.split(b"\n")[:-1]]
    checkpoint = checkpoint_open(note, own)
    if first < 0 or last - first != len(leaves) or last > checkpoint.size:
        raise Bad(f"{len(leaves)} events, promised are {first} to {last} of {checkpoint.size}")
    outer = iter(unhexed(head["outer"]))
    if root_of_range(leaves, first, checkpoint.size, outer) != checkpoint.root or next(outer, None) is not None:
        raise Bad("the events are not those of the checkpoint")
    inner: Inner = {}
    for old in kept:
        check_kept(checkpoint_open(old, own), leaves, first, last, inner)
    return f"{len(leaves)} events, {first} to {last} of {checkpoint.size}, of {checkpoint.origin}"


def check_kept(old: Checkpoint, leaves: Sequence[bytes], first: int, last: int, inner: Inner) -> None:
    """Whether the log still begins with what was kept; an export from the beginning shows it."""
    if first or old.size > last:
        raise Bad(f"a checkpoint at {old.size} needs an export from 0 to there, or a consistency proof")
    if root_of_beginning(leaves, 0, old.size, inner) != old.root:
        raise Bad(f"the log no longer begins with the {old.size} events of the checkpoint kept")


def check_proof(content: bytes, key: str = "", kept: Sequence[str] = ()) -> str:
    """Check a proof of the API. Answers what was found. Raises Bad."""
    given = object_of(content, "the proof")
    own = str(given.get("key"))
    if key and key != own:
        raise Bad("the proof names another key")
    new, path = checkpoint_open(str(given.get("checkpoint")), own), unhexed(given.get("path", ()))
    if "leaf" in given:
        leaf, position = str(given["leaf"]).encode(), given.get("position")
        if type(position) is not int:
            raise Bad("the proof names no position")
        if root_of_inclusion(hash_leaf(leaf), position, new.size, path) != new.root:
            raise Bad(f"the event is not at position {position} under the checkpoint")
        return f"the event is at position {position} of {new.size}, of {new.origin}"
    olds = [checkpoint_open(note, own) for note in kept or [str(given.get("old_checkpoint"))]]
    for old in olds:
        if roots_of_consistency(old.size, new.size, old.root, path) != (old.root, new.root):
            raise Bad(f"the log of {new.size} events does not begin with the {old.size} of the old checkpoint")
    return f"the log of {new.size} events begins with the {olds[0].size} of the old checkpoint"


def files_of(path: Path) -> list[Path]:
    """The file, or those in the folder; raises FileNotFoundError for an empty one, which would prove nothing."""
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    if not found:
        raise FileNotFoundError(f"{path} holds no checkpoint")
    return found


def main(arguments: Sequence[str]) -> int:
    """The command line; answers the exit code."""
    parser = argparse.ArgumentParser(description="Check a CORTX audit log from outside.")
    parser.add_argument("what", choices=("export", "proof"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", default="", help="the log's verifier key, got by another way")
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="kept from before; a file or a folder"
    )
    asked = parser.parse_args(arguments)
    check = check_export if asked.what == "export" else check_proof
    try:
        content = asked.file.read_bytes()
        kept = [file.read_bytes().decode() for path in asked.checkpoint for file in files_of(path)]
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"cannot be read: {error}\n")
        return 2
    try:
        sys.stdout.write(f"Whole: {check(content, asked.key, kept)}\n")
    except (Bad, UnicodeDecodeError, RecursionError) as error:
        sys.stdout.write(f"BROKEN: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
