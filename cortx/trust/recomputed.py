"""P6: a decision can be recomputed."""

import time

from cortx.trust.ground import Ground
from cortx.trust.promise import Measured, Promise
from records.files import scratch_folder
from records.runs.comparing import differences
from records.runs.models import Run
from records.runs.replaying import replay, replay_request
from records.states import RunStatus
from rulepacks.engine import ENGINE_VERSION
from rulepacks.engine.refusals import ChildFailed
from tenants.accounts.models import Tenant
from tenants.context import tenant_scope
from tenants.problems import Refusal
from tenants.scoping import new_id

RUNS, ROWS, SECONDS = 3, 100_000, 20.0
"""How many runs are recomputed at most, how many rows they may have, and when none is begun any more."""


def measure(ground: Ground) -> Measured:
    """Newest runs from their snapshots, as stored and with everything moved."""
    began, replayed, differing, altered, broken = time.monotonic(), 0, 0, 0, 0
    for run in newest_runs():
        if time.monotonic() - began > SECONDS:
            break
        try:
            digests, changed = recomputed(run)
            differing, altered = differing + digests, altered + changed
        except (Refusal, ChildFailed, OSError):
            broken += 1
        replayed += 1
    faults = [
        f"{differing} recomputations came to another digest" if differing else "",
        f"{altered} runs are not stored as they come out" if altered else "",
        f"{broken} runs cannot be recomputed" if broken else "",
        "" if replayed else f"there is no run yet that engine {ENGINE_VERSION} decided",
    ]
    reason = "; ".join(fault for fault in faults if fault)
    return Measured(f"{differing} of {2 * (replayed - broken)} recomputations of {replayed} runs", not reason, reason)


def newest_runs() -> list[Run]:
    """The newest run of each tenant, decided by a pack and the engine of today: the newest of these first."""
    found: list[Run] = []
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        with tenant_scope(tenant_id):
            wanted = Run.objects.filter(
                status=RunStatus.COMPLETED, engine_version=ENGINE_VERSION, rows_read__lte=ROWS, batch__isnull=False,
                pack_version__isnull=False,
            )  # fmt: skip
            found += wanted.select_related("batch", "pack_version__pack", "tenant").order_by("-id")[:1]
    return sorted(found, key=lambda run: run.id, reverse=True)[:RUNS]


def recomputed(run: Run) -> tuple[int, bool]:
    """How many recomputations came to another digest, and whether what is stored differs from them.

    Raises `Refusal`, `ChildFailed` and `OSError`.
    """
    # Nobody else's: another check may recompute the same run meanwhile.
    with scratch_folder(f"trust-{new_id()}", 1) as scratch:
        with tenant_scope(run.tenant.id):
            request = replay_request(run, scratch)
        results = list(replay(request, scratch))
        with tenant_scope(run.tenant.id):
            changed = any(differences(run, results[0].summary, results[0].out))
    return sum(one.summary.digest != run.findings_digest for one in results), changed


PROMISE = Promise(
    key="P6",
    name="A decision can be recomputed",
    tried=f"Newest runs of {RUNS} tenants from their snapshots: as stored, and with shuffled rows and other threads",
    target="0 digests differ, and nothing that is stored",
    measure=measure,
)
