"""Carry out a request once for each `Idempotency-Key`: the answer is kept in the transaction of its effect.

Draft IETF httpapi-idempotency-key-header: the same request again gets the first answer, another one under the same
key is refused, and so is one that comes while the first is still being carried out.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from tenants.accounts.models import Tenant
from tenants.audit.services import audit_append
from tenants.context import current_tenant_id
from tenants.encryption import decrypted, encrypted
from tenants.idempotency.models import KeptAnswer
from tenants.policies.policy import Policy
from tenants.policies.selectors import policy_now
from tenants.problems import Refusal

PURPOSE = "kept answer"
_LOCK_NOT_AVAILABLE = "55P03"


class InFlight(Refusal):
    """The first request with this key is still being carried out."""

    status = 409
    code = "in_flight"
    retry_after = 1


class KeyReused(Refusal):
    """The key belongs to a request that said something else."""

    status = 422
    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    again: bool = False


def answer_once(key: str, request_hash: Callable[[], str], carry_out: Callable[[], Answer]) -> Answer:
    """The kept answer, or that of carrying out the request, kept when it succeeded.

    `request_hash` is asked for after the request has been read. Raises `InFlight` and `KeyReused`; must run inside the
    tenant's transaction, where the key stays locked until the effect and its answer are committed together.
    """
    _lock(key)
    kept = KeptAnswer.objects.filter(key=key, created_at__gt=Now() - kept_for(policy_now())).first()
    if kept is not None:
        if kept.request_hash != request_hash():
            raise KeyReused("This Idempotency-Key was sent before, with another request")
        return Answer(kept.status, kept.headers, decrypted(bytes(kept.body).decode(), PURPOSE), again=True)
    answer = carry_out()
    if answer.status < 400:
        KeptAnswer.objects.filter(key=key).delete()
        # Encrypted, because an answer may show a secret that is shown once.
        KeptAnswer.objects.create(
            key=key, request_hash=request_hash(), status=answer.status, headers=dict(answer.headers),
            body=encrypted(answer.body, PURPOSE).encode(),
        )  # fmt: skip
    return answer


def kept_for(policy: Policy) -> timedelta:
    """How long an answer is kept in the tenant."""
    return timedelta(days=policy.retention.kept_answers_days)


def answers_past(policy: Policy, now: datetime) -> QuerySet[KeptAnswer]:
    """Answers that the policy does not keep any more."""
    return KeptAnswer.objects.filter(created_at__lt=now - kept_for(policy))


@transaction.atomic
def answers_forget() -> int:
    """Remove the bound tenant's answers that are no longer kept; returns how many. A tenant with a policy is told."""
    policy = policy_now()
    count, _ = answers_past(policy, timezone.now()).delete()
    if count and policy.number:
        facts = {"count": count, "what": "answers to an Idempotency-Key", "policy": str(policy.number)}
        audit_append("retention.applied", Tenant.objects.get(id=current_tenant_id()), facts)
    return int(count)


def _lock(key: str) -> None:
    """Let one request with this key in at a time. SQLite's writing transaction has done so already."""
    if connection.vendor != "postgresql":
        return
    digest = hashlib.sha256(f"{current_tenant_id()}:{key}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{settings.IDEMPOTENCY_WAIT_SECONDS}s"])
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
            raise
        raise InFlight("A request with this Idempotency-Key is still being carried out") from error
