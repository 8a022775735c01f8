"""All promises, one after the other, on the installation this process belongs to."""

import logging
import time
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import connection
from django.utils import timezone

from cortx.trust import (
    decided,
    four_eyes,
    history,
    hostile,
    identified,
    isolation,
    kept_secret,
    recomputed,
    refused,
    repeated,
)
from cortx.trust.ground import Ground, ground_prepared
from cortx.trust.promise import Measured, Promise
from cortx.trust.report import Report, Result, Verdict

PROMISES: tuple[Promise, ...] = (
    isolation.PROMISE,
    decided.NOTHING_LOST,
    decided.NOTHING_TWICE,
    repeated.PROMISE,
    history.PROMISE,
    recomputed.PROMISE,
    hostile.PROMISE,
    identified.PROMISE,
    four_eyes.PROMISE,
    kept_secret.PROMISE,
    refused.PROMISE,
)
SECONDS = 120
UNMEASURED = "not measured"

logger = logging.getLogger(__name__)


def check_now(told: Callable[[Result], None]) -> Report:
    """Try every promise; `told` hears of each result as it comes."""
    began, results = time.monotonic(), list[Result]()

    def note(result: Result) -> None:
        results.append(result)
        told(result)

    with ground_prepared() as ground:
        for promise in PROMISES:
            note(tried(promise, ground))
    taken = time.monotonic() - began
    note(itself(results, taken))
    return Report(
        checked_at=timezone.now(),
        version=settings.APP_VERSION,
        commit=settings.GIT_COMMIT,
        database=connection.vendor,
        seconds=f"{taken:.1f}",
        results=tuple(results),
    )


def tried(promise: Promise, ground: Ground) -> Result:
    """One promise. What breaks while it is tried counts as not met; the log tells more."""
    if reason := promise.not_carried.get(connection.vendor):
        return result_of(promise, Measured(UNMEASURED, met=True, reason=reason), Verdict.NOT_CARRIED, 0.0)
    began = time.monotonic()
    try:
        measured = promise.measure(ground)
    except Exception as error:
        logger.exception("%s could not be tried", promise.key)
        measured = Measured(UNMEASURED, met=False, reason=f"it could not be tried: {type(error).__name__}")
    verdict = Verdict.MET if measured.met else Verdict.NOT_MET
    return result_of(promise, measured, verdict, time.monotonic() - began)


def result_of(promise: Promise, measured: Measured, verdict: Verdict, seconds: float) -> Result:
    return Result(
        promise=promise.key,
        name=promise.name,
        tried=promise.tried,
        figure=measured.figure,
        target=promise.target,
        verdict=verdict.value,
        reason=measured.reason,
        seconds=f"{seconds:.1f}",
    )


def itself(results: Sequence[Result], seconds: float) -> Result:
    """P12: the claims are checkable by anyone, which this is."""
    figures = sum(result.figure != UNMEASURED or result.verdict == Verdict.NOT_CARRIED for result in results)
    met = figures == len(results) and seconds < SECONDS
    return Result(
        promise="P12",
        name="The claims are checkable by anyone",
        tried="This check",
        figure=f"{figures} of {len(results)} promises in {seconds:.0f} s",
        target=f"a figure or a reason for each in under {SECONDS} s",
        verdict=(Verdict.MET if met else Verdict.NOT_MET).value,
        reason="" if met else "a promise has no figure, or the check took too long",
        seconds=f"{seconds:.1f}",
    )
