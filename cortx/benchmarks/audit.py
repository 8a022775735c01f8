"""The audit log: how fast it is checked, what an event costs, and eight writers beside a chain of hashes."""

import hashlib
import time
from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from cortx.benchmarks.line import bench_tenant, deliver_and_judge
from cortx.benchmarks.subject import PACK
from cortx.database import disconnect
from rulepacks.catalog.services import pack_install
from tenants.accounts.models import Tenant
from tenants.audit.leaves import canonical, leaf_hash
from tenants.audit.models import AuditCheckpoint, AuditEvent, AuditPending, AuditSeal
from tenants.audit.sealing import audit_seal, audit_seal_due
from tenants.audit.services import audit_append
from tenants.audit.verification import audit_verify
from tenants.context import tenant_scope
from tenants.idempotency.models import KeptAnswer
from tenants.scoping import new_id

Figures = dict[str, float]
EVENTS = 50_000
WRITERS, SECONDS, ROUNDS = 8, 3.0, 3
APPENDS = 200
ACTION = "tenant.selected"
PROCESSES = get_context("fork")
Write = Callable[[Tenant], None]


def measure_audit(file: Path, repeat: int) -> Figures:
    """Figures of the audit log; `repeat` has no part in it, because what is appended stays."""
    tenant = bench_tenant()
    return {**checked(tenant), **shares(tenant, file), **written(tenant)}


def checked(tenant: Tenant) -> Figures:
    """Events a second that are sealed and that are checked, as they stand after their commit."""
    with transaction.atomic(), tenant_scope(tenant.id):
        append_many(tenant)
    began = time.perf_counter()
    while audit_seal(tenant.id):
        pass
    sealed = time.perf_counter() - began
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE tenants_auditevent, tenants_auditseal")
    with tenant_scope(tenant.id):
        reports = [audit_verify() for _ in range(ROUNDS)]
    assert all(report.fault is None for report in reports), reports
    return {
        "audit_verify_events_per_second": median(report.events / report.seconds for report in reports),
        "audit_seal_events_per_second": EVENTS / sealed,
    }


def append_many(tenant: Tenant) -> None:
    """As if `audit_append` had been called so often."""
    first = audit_append(ACTION, tenant, {"number": 0, "digest": "0" * 64})
    others = []
    for number in range(1, EVENTS):
        event = copy(first)
        event.id, event.facts = new_id(), {**first.facts, "number": number}
        event.leaf_hash = leaf_hash(event)
        others.append(event)
    AuditEvent.objects.bulk_create(others, batch_size=5_000)
    waiting = (AuditPending(id=event.id, tenant_id=tenant.id) for event in others)
    AuditPending.objects.bulk_create(waiting, batch_size=5_000)


def shares(tenant: Tenant, file: Path) -> Figures:
    """What the events of a delivery cost, of the whole time from receiving it to its commit."""
    with tenant_scope(tenant.id):
        version = pack_install(folder=PACK)
    before = counted(tenant)
    whole = deliver_and_judge(tenant, version, file)
    events = counted(tenant) - before
    one = append_seconds(tenant)
    share = 100 * events * one / (whole.receive + whole.judge_and_store)
    return {"audit_append_milliseconds": one * 1000, "audit_share_of_ingest_percent": share}


def counted(tenant: Tenant) -> int:
    with tenant_scope(tenant.id):
        return AuditEvent.objects.count()


def append_seconds(tenant: Tenant) -> float:
    """Of one event, inside a transaction that is there anyway."""
    with transaction.atomic(), tenant_scope(tenant.id):
        began = time.perf_counter()
        for number in range(APPENDS):
            audit_append(ACTION, tenant, {"number": number})
        took = time.perf_counter() - began
        transaction.set_rollback(True)
    return took / APPENDS


def written(tenant: Tenant) -> Figures:
    """Eight writers beside eight that keep a chain, and how long events waited for their place meanwhile.

    They take turns; the ratio is the median of that of each round, because the machine may be busier in one of them.
    """
    began = timezone.now()
    rounds = [(by_writers(tenant, append, sealed=True), by_writers(tenant, chain, sealed=False)) for _ in range(ROUNDS)]
    with tenant_scope(tenant.id):
        KeptAnswer.objects.filter(key__startswith="chain ").delete()
    waited = sorted(delay.total_seconds() for delay in delays(tenant, began))
    return {
        "audit_appends_per_second": median(appended for appended, _ in rounds) / SECONDS,
        "audit_chained_per_second": median(chained for _, chained in rounds) / SECONDS,
        "audit_appends / chained": median(appended / chained for appended, chained in rounds),
        "audit_seal_lag_p99_seconds": quantiles(waited, n=100)[98],
    }


def append(tenant: Tenant) -> None:
    """One event in a transaction of its own."""
    with transaction.atomic(), tenant_scope(tenant.id):
        audit_append(ACTION, tenant, {"digest": "0" * 64})


def chain(tenant: Tenant) -> None:
    """The same as a chain: each entry holds the hash of the one before, so writers take turns until they commit."""
    event = AuditEvent(created_at=timezone.now(), action=ACTION, object_id=str(tenant.id), tenant=tenant)
    with transaction.atomic(), tenant_scope(tenant.id):
        Tenant.objects.select_for_update(no_key=True).get(id=tenant.id)
        last = KeptAnswer.objects.filter(key__startswith="chain ").order_by("-id").first()
        before = last.request_hash if last else ""
        body = canonical(event)
        hashed = hashlib.sha256(before.encode() + body).hexdigest()
        KeptAnswer.objects.create(key=f"chain {event.id}", request_hash=hashed, status=0, headers={}, body=body)


def by_writers(tenant: Tenant, write: Write, *, sealed: bool) -> int:
    """How many writes eight processes commit in the time."""
    close()
    counts: Queue[int] = PROCESSES.Queue()
    until = time.monotonic() + SECONDS + 1
    jobs = [partial(work, write, tenant, until, counts) for _ in range(WRITERS)]
    processes = [PROCESSES.Process(target=job) for job in jobs]
    if sealed:
        processes.append(PROCESSES.Process(target=seal, args=(until + 2,)))
    for process in processes:
        process.start()
    total = sum(int(counts.get()) for _ in range(WRITERS))
    for process in processes:
        process.join()
    return total


def work(write: Write, tenant: Tenant, until: float, counts: "Queue[int]") -> None:
    """Write until the time is over; the first second is for connecting."""
    write(tenant)
    while time.monotonic() < until - SECONDS:
        time.sleep(0.01)
    count = 0
    while time.monotonic() < until:
        write(tenant)
        count += 1
    counts.put(count)
    close()


def seal(until: float) -> None:
    """Every second, which is how often the beat asks for it."""
    pause = 1.0
    while time.monotonic() < until:
        began = time.monotonic()
        audit_seal_due()
        time.sleep(max(0.0, began + pause - time.monotonic()))
    close()


def delays(tenant: Tenant, since: datetime) -> list[timedelta]:
    """From each event's time to that of the first checkpoint over it."""
    with tenant_scope(tenant.id):
        events = dict(AuditEvent.objects.filter(created_at__gte=since).values_list("id", "created_at"))
        checkpoints = iter(AuditCheckpoint.objects.order_by("size").values_list("size", "created_at"))
        size, signed = next(checkpoints)
        found = []
        for event, position in places(set(events)):
            while size <= position:
                size, signed = next(checkpoints)
            found.append(signed - events[event])
    return found


def places(events: set[UUID]) -> list[tuple[UUID, int]]:
    """Positions of the events, in order."""
    rows = AuditSeal.objects.order_by("position").values_list("id", "position")
    return [(event, position) for event, position in rows if event in events]


def close() -> None:
    """Leave the database: connections do not survive a fork."""
    connection.close()
    if connection.vendor == "postgresql":
        disconnect()
