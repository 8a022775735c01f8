"""Bringing checkpoints to where the tenant's policy says, so that somebody outside holds them.

Nothing here is an event of the log: each would be under a new checkpoint, which goes out again, and so on for ever.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from tenants.accounts.models import Tenant
from tenants.audit.folders import checkpoint_write
from tenants.audit.models import AuditCheckpoint, CheckpointDelivery
from tenants.audit.proofs import consistency_proof
from tenants.audit.selectors import checkpoint_at, checkpoint_newest
from tenants.context import tenant_scope
from tenants.outgoing.addresses import Refused, Unreachable
from tenants.outgoing.client import post
from tenants.policies.policy import Policy
from tenants.policies.selectors import policy_now, policy_of
from tenants.problems import UnknownReference
from tenants.redaction import redact
from tenants.work.effects import effect_once
from tenants.work.services import Claim, work_enqueue, work_finish, work_waits

DELIVER_WORK = "tenants.deliver_checkpoint"
Kind = CheckpointDelivery.Kind


class Undelivered(Exception):
    """A checkpoint did not arrive. Its text is for people."""


@dataclass(frozen=True)
class Parcel:
    """What goes to one place: the newest checkpoint, and the proof that the log of the last one still begins it."""

    delivery: CheckpointDelivery
    newest: AuditCheckpoint

    @property
    def step(self) -> str:
        """Names exactly this body for this place, so that it has a key of its own, and the same at every attempt."""
        place = sha256(self.delivery.place.encode()).hexdigest()[:16]
        return f"{self.delivery.kind} {place} {self.delivery.size}-{self.newest.size}"

    def body(self) -> bytes:
        """The JSON object that is posted; reads the stored tree. Raises `Undelivered`."""
        return json.dumps(
            {"note": self.newest.note, "previous_size": self.delivery.size, "consistency": self._consistency()},
            sort_keys=True,
        ).encode()

    def _consistency(self) -> dict[str, str] | None:
        if not self.delivery.size:
            return None
        try:
            return consistency_proof(checkpoint_at(self.delivery.size), self.newest)
        except UnknownReference as error:
            raise Undelivered(f"the checkpoint over {self.delivery.size:,} events, delivered last, is gone") from error


def delivery_enqueue(tenant: Tenant, checkpoint: AuditCheckpoint) -> None:
    """Have the checkpoint delivered, in the transaction that signs it, if the policy names a place.

    It waits for newer ones; what waits already takes this one along.
    """
    if not places(policy_of(tenant)) or work_waits(tenant_id=tenant.id, kind=DELIVER_WORK):
        return
    due_at = timezone.now() + timedelta(seconds=settings.CHECKPOINT_EVERY_SECONDS)
    work_enqueue(tenant_id=tenant.id, kind=DELIVER_WORK, reference=checkpoint.id, due_at=due_at)


def places(policy: Policy) -> list[tuple[Kind, str]]:
    """Where checkpoints go by the policy."""
    named = ((Kind.FOLDER, policy.checkpoints.folder), (Kind.URL, policy.checkpoints.url))
    return [(kind, place) for kind, place in named if place]


def deliveries() -> list[CheckpointDelivery]:
    """How far checkpoints have come at the places the policy names now."""
    found = {(row.kind, row.place): row for row in CheckpointDelivery.objects.all()}
    return [found.get(named, CheckpointDelivery(kind=named[0], place=named[1])) for named in places(policy_now())]


def checkpoint_deliver(claim: Claim) -> None:
    """Every place gets the newest checkpoint; one that does not take it keeps the others from nothing.

    Raises `Undelivered`.
    """
    with tenant_scope(claim.tenant_id):
        parcels = list(_parcels())
    failures = [failure for parcel in parcels if (failure := _failure(claim, parcel))]
    if failures:
        raise Undelivered("; ".join(failures))
    with tenant_scope(claim.tenant_id):
        work_finish(claim)


def delivery_given_up(checkpoint_id: UUID, reason: str) -> None:
    """Note it where no attempt came far enough to do so; the next checkpoint tries anew."""
    late = CheckpointDelivery.objects.filter(size__lt=AuditCheckpoint.objects.filter(id=checkpoint_id).values("size"))
    late.filter(error="").update(error=redact(reason)[:300], failed_at=timezone.now())


def _parcels() -> Iterator[Parcel]:
    newest = checkpoint_newest()
    for kind, place in places(policy_now()) if newest else ():
        delivery = CheckpointDelivery.objects.get_or_create(kind=kind, place=place)[0]
        if newest and delivery.size != newest.size:
            yield Parcel(delivery, newest)


def _failure(claim: Claim, parcel: Parcel) -> str:
    """Deliver to one place and note how it went; empty when it arrived."""
    try:
        _deliver(claim, parcel)
    except (Undelivered, Refused, Unreachable) as error:
        said = redact(str(error))[:300]
        _note(claim, parcel, error=said, failed_at=timezone.now())
        return said
    _note(claim, parcel, size=parcel.newest.size, delivered_at=timezone.now(), error="", failed_at=None)
    return ""


def _deliver(claim: Claim, parcel: Parcel) -> None:
    newest, last = parcel.newest, parcel.delivery
    if newest.size < last.size:
        raise Undelivered(f"the log has {newest.size:,} events, fewer than the {last.size:,} delivered last")
    if last.kind == Kind.FOLDER:
        try:
            checkpoint_write(claim.tenant_id, last.place, newest.size, newest.note)
        except OSError as error:
            raise Undelivered(f"the folder cannot be written: {error.strerror}") from error
        return
    with tenant_scope(claim.tenant_id):
        body = parcel.body()
    effect_once(claim, parcel.step, lambda key: _post(last.place, body, key))


def _post(url: str, body: bytes, key: UUID) -> dict[str, int]:
    answer = post(url, body, {"Content-Type": "application/json", "Idempotency-Key": str(key)})
    if not 200 <= answer.status < 300:
        raise Undelivered(f"the host answered {answer.status}")
    return {"status": answer.status}


def _note(claim: Claim, parcel: Parcel, **values: object) -> None:
    """Only over what was found: another attempt may have brought a newer one meanwhile."""
    with tenant_scope(claim.tenant_id):
        CheckpointDelivery.objects.filter(id=parcel.delivery.id, size=parcel.delivery.size).update(**values)
