"""Effects outside the database: calls that a killed worker may have made, or not, when the next one takes over.

Each is a row, committed as `sent` before the call and as `confirmed` with its answer after it. A crash in between
leaves it `sent`, and the next attempt calls again with the same key: whoever honours the key on the other side carries
the effect out once. What is confirmed is never sent again. Both marks stand behind the fence of the work.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from tenants.context import tenant_scope
from tenants.work.models import Effect
from tenants.work.services import Claim, work_extend

# Any fixed number: the namespace of the keys.
KEYS = UUID("019aa5c0-7c1e-7b52-9d0e-6f5a3a2b1c4d")


def effect_key(claim: Claim, step: str) -> UUID:
    """The `Idempotency-Key` of a step of this work: the same for every attempt."""
    return uuid5(KEYS, f"{claim.kind}:{claim.reference}:{step}")


def effect_plan(claim: Claim, step: str) -> Effect:
    """Record that the effect is to come, in the transaction that decides it. Planned twice, it is still one."""
    named = {"kind": claim.kind, "reference": claim.reference, "step": step}
    effect: Effect = Effect.objects.get_or_create(key=effect_key(claim, step), defaults=named)[0]
    return effect


def effect_once(claim: Claim, step: str, send: Callable[[UUID], Any]) -> Any:
    """The answer to the effect (JSON): the recorded one, or that of `send(key)`, recorded.

    Call it outside any transaction: the marks must be committed around the call. What `send` raises goes through, and
    leaves the effect `sent`. Raises LeaseLost before the call when the work has passed to another, and after it, when
    it passed meanwhile; the other then asks again with the same key.
    """
    effect = _mark_sent(claim, step)
    if effect.status == Effect.Status.CONFIRMED:
        return effect.answer
    answer = send(effect.key)
    with _fenced(claim):
        Effect.objects.filter(id=effect.id).update(status=Effect.Status.CONFIRMED, answer=answer, confirmed_at=Now())
    return answer


def _mark_sent(claim: Claim, step: str) -> Effect:
    with _fenced(claim):
        effect = effect_plan(claim, step)
        if effect.status != Effect.Status.CONFIRMED:
            Effect.objects.filter(id=effect.id).update(status=Effect.Status.SENT, sends=F("sends") + 1, sent_at=Now())
    return effect


@contextmanager
def _fenced(claim: Claim) -> Iterator[None]:
    """A transaction that commits only while the work is ours; durable, or a mark could vanish after the call."""
    with transaction.atomic(durable=True), tenant_scope(claim.tenant_id):
        work_extend(claim)
        yield
