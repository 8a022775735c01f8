"""The Celery side of a unit of work: the message names a row, the row says whether there is something to do."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from celery import Task, current_app, shared_task

from tenants.availability import patiently
from tenants.context import SYSTEM, actor_scope, request_scope
from tenants.redaction import redact_error
from tenants.serving_role import serving_role_settle
from tenants.work.rotation import served, work_sooner
from tenants.work.services import Claim, LeaseLost, OnDead, owner_register, ring, work_claim, work_fail

Pipeline = Callable[[Claim], None]
RETRY_IN = timedelta(seconds=10)

logger = logging.getLogger(__name__)


def work_task(kind: str, *, on_dead: OnDead) -> Callable[[Pipeline], Task]:
    """Turn `pipeline(claim)` into the Celery task named `kind`.

    The pipeline enters `tenant_scope(claim.tenant_id)` for each of its steps, calls `work_extend` between them,
    and `work_finish` in its deciding transaction. What it raises costs an attempt; `on_dead(reference, reason)`
    is called in the tenant's scope when there is none left.
    """
    owner_register(kind, on_dead)

    def decorate(pipeline: Pipeline) -> Task:
        @shared_task(name=kind, bind=True)
        def answer_bell(self: Task, work_id: str, request_id: str = "") -> None:
            if not self.request.called_directly and (sooner := patiently(partial(work_sooner, UUID(work_id)))):
                put_off(kind, UUID(work_id), request_id)
                current_app.tasks[sooner.kind](str(sooner.id))
                return
            with request_scope(request_id or work_id), actor_scope(SYSTEM):
                attempt(pipeline, UUID(work_id))

        return answer_bell

    return decorate


def put_off(kind: str, work_id: UUID, request_id: str) -> None:
    """Ring this bell again, at the end of the line; if the broker is away, the relay will."""
    try:
        ring(kind, work_id, request_id)
    except Exception:
        logger.warning("the bell of %s %s could not be put off; the relay rings it", kind, work_id, exc_info=True)


def attempt(pipeline: Pipeline, work_id: UUID) -> None:
    """Claim the work and go through the pipeline once; a bell rung twice finds nothing to claim.

    A database that is away is waited for; a bell given up on is rung again by the relay.
    """
    patiently(serving_role_settle)
    claim = patiently(partial(work_claim, work_id))
    if claim is None:
        return
    served(claim.tenant_id)
    logger.info("%s %s begins, attempt %d", claim.kind, claim.reference, claim.attempt)
    try:
        pipeline(claim)
        logger.info("%s %s ended, attempt %d", claim.kind, claim.reference, claim.attempt)
    except LeaseLost:
        logger.warning("%s %s was taken over, attempt %d ends here", claim.kind, claim.reference, claim.attempt)
    except Exception as error:
        logger.exception("%s %s failed, attempt %d", claim.kind, claim.reference, claim.attempt)
        give_back(claim, f"{type(error).__name__}: {redact_error(error)}")


def give_back(claim: Claim, reason: str) -> None:
    """Queue failed work again, unless somebody took it over meanwhile."""
    try:
        patiently(partial(work_fail, claim, reason=reason, retry_in=RETRY_IN * claim.attempt))
    except LeaseLost:
        logger.warning("%s %s was taken over before its failure was noted", claim.kind, claim.reference)
