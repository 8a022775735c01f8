"""The rows of a log as a check reads them: raw and in order, past the models, which would cost more than the hashes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Exists, OuterRef

from tenants.audit.leaves import content
from tenants.audit.merkle import Finished
from tenants.audit.models import AuditEvent, AuditNode, AuditPending, AuditSeal
from tenants.context import current_tenant_id

CHUNK = 5_000
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
STATEMENT = """
SELECT s.position, {id}, s.leaf_hash, e.leaf_hash, {tenant}, {time}, e.action,
    e.actor_kind, e.actor_id, e.actor_label, e.object_type, e.object_id, e.object_label, e.facts, e.request_id
FROM tenants_auditseal s LEFT JOIN tenants_auditevent e ON e.id = s.id
WHERE s.tenant_id = %s AND s.position >= %s ORDER BY s.position LIMIT {limit}
"""


class Stored(NamedTuple):
    """A place in the tree and the event there: `content` is None when the event is gone."""

    position: int
    id: str
    sealed: str
    stated: str
    content: bytes | None


@dataclass(frozen=True)
class Stranger:
    """An event outside the tree, the position it would have by its time, and what is wrong with it."""

    id: UUID
    position: int
    reason: str


def stored_leaves() -> Iterator[Stored]:
    """All places of the bound tenant's tree, in order."""
    written = WRITTEN[connection.vendor]
    columns = {"id": written["id"].format("s.id"), "tenant": written["id"].format("e.tenant_id")}
    statement = STATEMENT.format(**columns, time=written["time"].format("e.created_at"), limit=CHUNK)
    tenant_id = AuditSeal._meta.get_field("id").get_db_prep_value(current_tenant_id(), connection)
    place = 0
    while rows := _fetched(statement, [tenant_id, place]):
        yield from map(_stored, rows)
        place = rows[-1][0] + 1


def _fetched(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def _stored(row: tuple[Any, ...]) -> Stored:
    position, identifier, sealed, stated, tenant, time, action, *parties, facts, request_id = row
    if stated is None:
        return Stored(position, identifier, sealed, "", None)
    actor, target = (parties[0], parties[1], parties[2]), (parties[3], parties[4], parties[5])
    leaf = content(identifier, tenant, time, action, actor, target, msgspec.json.decode(facts), request_id)
    return Stored(position, identifier, sealed, stated, leaf)


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
    """The first of the inner nodes that is not stored as it should be."""
    stored = {
        (level, place): hashed for level, place, hashed in AuditNode.objects.values_list("level", "place", "hash")
    }
    return next((one for one in finished if stored.get(one[:2]) != one[2].hex()), None)
