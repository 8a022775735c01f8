"""Proofs from the stored tree: a few hundred hashes are read, however long the log is."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q, QuerySet

from tenants.audit.leaves import canonical
from tenants.audit.merkle import (
    Range,
    consistency_ranges,
    hash_range,
    inclusion_ranges,
    outer_ranges,
    perfect,
    stored_under,
)
from tenants.audit.models import AuditCheckpoint, AuditEvent, AuditNode, AuditSeal
from tenants.audit.notes import origin, verifier_key
from tenants.context import current_tenant_id

CHUNK = 1_000
Stored = dict[tuple[int, int], bytes]


def inclusion_proof(event: AuditEvent, position: int, checkpoint: AuditCheckpoint) -> dict[str, Any]:
    """That the event is at its position under the checkpoint."""
    return {
        "key": verifier_key(origin(current_tenant_id())),
        "checkpoint": checkpoint.note,
        "position": position,
        "leaf": canonical(event).decode(),
        "path": _hexed(inclusion_ranges(position, checkpoint.size)),
    }


def consistency_proof(old: AuditCheckpoint, new: AuditCheckpoint) -> dict[str, Any]:
    """That the log of the new checkpoint begins with that of the old one."""
    return {
        "key": verifier_key(origin(current_tenant_id())),
        "checkpoint": new.note,
        "old_checkpoint": old.note,
        "path": _hexed(consistency_ranges(old.size, new.size)),
    }


def export_lines(checkpoint: AuditCheckpoint, first: int, last: int) -> Iterator[bytes]:
    """Events of the positions from `first` to before `last`, with what proves that they are all and unchanged."""
    head = {
        "cortx_audit_export": 1,
        "key": verifier_key(origin(current_tenant_id())),
        "first": first,
        "last": last,
        "outer": _hexed(outer_ranges(first, last, checkpoint.size)),
        "checkpoint": checkpoint.note,
    }
    yield json.dumps(head, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    for begin in range(first, last, CHUNK):
        for event in events_at(begin, min(begin + CHUNK, last)):
            yield canonical(event) + b"\n"


def events_at(first: int, last: int) -> list[AuditEvent]:
    """The events of these positions, in order."""
    seals = AuditSeal.objects.filter(position__gte=first, position__lt=last).order_by("position")
    ids = list(seals.values_list("id", flat=True))
    found: dict[Any, AuditEvent] = AuditEvent.objects.in_bulk(ids)
    # One that is gone is left out, and the export does not verify.
    return [found[identifier] for identifier in ids if identifier in found]


def _hexed(ranges: list[Range]) -> list[str]:
    stored = _stored(ranges)
    return [hash_range(first, last, lambda level, place: stored[level, place]).hex() for first, last in ranges]


def _stored(ranges: Iterable[Range]) -> Stored:
    """The stored nodes that hashes over the ranges are made of: one query a level."""
    wanted: dict[int, list[Range]] = defaultdict(list)
    for first, last in ranges:
        for level, begin, end in map(stored_under, perfect(first, last)):
            wanted[level].append((begin, end))
    return {
        (level, place): bytes.fromhex(text) for level, parts in wanted.items() for place, text in _rows(level, parts)
    }


def _rows(level: int, parts: list[Range]) -> QuerySet[Any, tuple[int, str]]:
    column, hashed = ("place", "hash") if level else ("position", "leaf_hash")
    rows: QuerySet[Any] = AuditNode.objects.filter(level=level) if level else AuditSeal.objects.all()
    among = Q()
    for first, last in parts:
        among |= Q(**{f"{column}__gte": first, f"{column}__lt": last})
    return rows.filter(among).values_list(column, hashed)
