"""The rows of a log as a check reads them: raw and in order, past the models, which would cost more than the hashes."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, OuterRef

from tenants.audit.leaves import content
from tenants.audit.merkle import Finished
from tenants.audit.models import AuditEvent, AuditNode, AuditPending, AuditSeal
from tenants.context import current_tenant_id

CHUNK, AHEAD = 8_000, 3
_read = msgspec.json.Decoder().decode
# As text exactly as it stands in a leaf.
WRITTEN = {
    "postgresql": {
        "id": "{0}::text",
        "time": """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')""",
    },
    "sqlite": {
        "id": "substr({0},1,8)||'-'||substr({0},9,4)||'-'||substr({0},13,4)||'-'||substr({0},17,4)||'-'"
        "||substr({0},21)",
        "time": "substr({0},1,10)||'T'||substr({0},12,8)||'.'||substr(substr({0},21)||'000000',1,6)||'+00:00'",
    },
}
# The event of a place is looked up by its id, whatever the planner thinks of the table: each part of the log then costs
# the same, where a join of the part with the whole table would be made anew for each.
LOOK_UP = {
    "postgresql": "LATERAL (SELECT * FROM tenants_auditevent WHERE id = s.id LIMIT 1) e ON true",
    "sqlite": "tenants_auditevent e ON e.id = s.id",
}
STATEMENT = """
SELECT s.position, {id}, s.leaf_hash,
    CASE WHEN e.leaf_hash = s.leaf_hash THEN NULL ELSE coalesce(e.leaf_hash, '') END, {time}, e.action,
    e.actor_kind, e.actor_id, e.actor_label, e.object_type, e.object_id, e.object_label, e.facts, e.request_id
FROM tenants_auditseal s LEFT JOIN {event}
WHERE s.tenant_id = %s AND s.position BETWEEN %s AND %s ORDER BY s.position
"""
# One statement, because events are sealed meanwhile.
ENDS = """
SELECT (SELECT coalesce(min(position), 0) FROM tenants_auditseal WHERE tenant_id = %s),
    (SELECT coalesce(max(position), -1) FROM tenants_auditseal WHERE tenant_id = %s),
    (SELECT coalesce(max(size), 0) FROM tenants_auditcheckpoint WHERE tenant_id = %s)
"""

NEXT = "SELECT min(position) FROM tenants_auditseal WHERE tenant_id = %s AND position >= %s"


Place = tuple[Any, ...]
"""A place in the tree and the event there: position, id, hash in the tree, the event's own hash where that is another,
and what of the event is hashed, all None when the event is gone. No class: to make one takes as long as the hash."""


@dataclass(frozen=True)
class Stranger:
    """An event outside the tree, the position it would have by its time, and what is wrong with it."""

    id: UUID
    position: int
    reason: str


def log_ends() -> tuple[int, int, int]:
    """First and last place, 0 and -1 when there is none, and the size of the newest checkpoint, all of one moment."""
    with connection.cursor() as cursor:
        cursor.execute(ENDS, [_tenant()] * 3)
        first, last, size = cursor.fetchone()
    return first, last, size


def stored_leaves(first: int, last: int) -> Generator[list[Place]]:
    """The places of the bound tenant's tree from `first` to `last`, in order, some thousands at a time.

    While one part is worked on, the database prepares the next ones: a thread asks for them, and for each as soon as
    the one before is there. A cursor for each, because what came for one is still being read when others ask.
    """
    written, tenant = WRITTEN[connection.vendor], _tenant()
    columns = {"id": written["id"].format("s.id"), "time": written["time"].format("e.created_at")}
    statement = STATEMENT.format(**columns, event=LOOK_UP[connection.vendor])

    def ask(cursor: CursorWrapper, first: int) -> CursorWrapper:
        cursor.execute(statement, [tenant, first, min(first + CHUNK - 1, last)])
        return cursor

    with ExitStack() as opened, ThreadPoolExecutor(max_workers=1) as waiting:
        cursors = cycle([opened.enter_context(connection.cursor()) for _ in range(AHEAD)])
        asked: deque[tuple[int, Future[CursorWrapper]]] = deque()
        while asked or first <= last:
            while first <= last and len(asked) < AHEAD:
                asked.append((first, waiting.submit(ask, next(cursors), first)))
                first += CHUNK
            begin, coming = asked.popleft()
            came = coming.result()
            if rows := came.fetchall():
                yield rows
                continue
            wait([later for _, later in asked])
            asked.clear()
            came.execute(NEXT, [tenant, begin])
            following: int | None = came.fetchone()[0]
            if following is None:
                return
            first = following


def _tenant() -> Any:
    return AuditSeal._meta.get_field("id").get_db_prep_value(current_tenant_id(), connection)


def place_content(tenant: str, place: Place) -> bytes | None:
    """What the hash of the event at a place covers; None when the event is gone."""
    _, event, _, _, time, action, kind, who, name, type_, which, label, facts, request = place
    if action is None:
        return None
    return content(event, tenant, time, action, (kind, who, name), (type_, which, label), _read(facts), request)


def unsealed_stranger() -> Stranger | None:
    """The first event that has no place in the tree and does not wait for one, or that waits and is gone."""
    sealed, waiting = AuditSeal.objects.filter(id=OuterRef("id")), AuditPending.objects.filter(id=OuterRef("id"))
    added = AuditEvent.objects.filter(~Exists(sealed), ~Exists(waiting)).order_by("id").values_list("id", flat=True)
    there = AuditEvent.objects.filter(id=OuterRef("id"))
    mine = AuditPending.objects.filter(tenant_id=current_tenant_id())
    gone = mine.filter(~Exists(there)).order_by("id").values_list("id", flat=True)
    for found, reason in ((added, "has no place in the log and waits for none"), (gone, "was deleted")):
        if event := found.first():
            return Stranger(event, AuditSeal.objects.filter(id__lt=event).count(), reason)
    return None


def waiting_count() -> int:
    """How many events wait for their place."""
    return AuditPending.objects.filter(tenant_id=current_tenant_id()).count()


def node_differing(finished: Iterable[Finished]) -> Finished | None:
    """The first, by its last leaf, of the inner nodes that is not stored as it should be."""
    stored = {
        (level, place): hashed for level, place, hashed in AuditNode.objects.values_list("level", "place", "hash")
    }
    wrong = (one for one in finished if stored.get(one[:2]) != one[2].hex())
    return min(wrong, key=lambda one: (one[1] + 1) << one[0], default=None)
