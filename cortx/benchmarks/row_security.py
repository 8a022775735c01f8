"""What row security costs: the same reads and writes with its policies in force and switched off, turn about.

In a database of its own, because a policy that is switched off is off for everybody. The filters of the managers and
the statement that names the tenant stay in both.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
from django.conf import settings
from django.db import transaction
from psycopg import sql

from cortx.database import connected_as, migrate
from cortx.database_roles import database_url, libpq_url, prepare
from records.datasets.models import Batch, Dataset
from records.datasets.paging import Asked, page
from records.datasets.representations import record_shapes
from records.datasets.services import dataset_create, number_next, record_add
from records.runs.bulk import records_insert, rows_insert
from records.runs.results import FINDING_COLUMNS
from records.runs.statistics import BULK_ROWS, statistics_refresh
from tenants.accounts.models import Tenant
from tenants.accounts.services import tenant_create
from tenants.context import tenant_scope
from tenants.scoping import new_id
from tenants.serving_role import tenant_tables

TENANTS, ROWS = 20, 15_000
PAGES, RECORDS, BULK, FINDINGS = 2, 10, 50_000, 10_000
TURNS = {"list": 100, "insert": 60, "bulk": 10}
"""Pairs of one measurement with row security and one without, in each round."""


@contextmanager
def scratch_database() -> Iterator[psycopg.Connection]:
    """Everything runs in an empty database for the length of the scope; yields the connection of its owner.

    Raises `psycopg.Error` when the owner may not create databases.
    """
    owner_url, served = settings.DATABASE_OWNER_URL, settings.DATABASE_URL
    name = f"cortx_bench_{secrets.token_hex(4)}"
    here = database_url(owner_url, name)
    with psycopg.connect(libpq_url(owner_url), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            prepare(here, served)
            with connected_as(owner_url, name):
                migrate(0)
            with connected_as(served, name), psycopg.connect(libpq_url(here), autocommit=True) as owner:
                yield owner
        finally:
            server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def row_security_costs(repeat: int, tenants: int = TENANTS, rows: int = ROWS, bulk: int = BULK) -> dict[str, float]:
    """Percent by which each kind of work takes longer under row security, and its milliseconds either way.

    Of all turns the tenth percentile: what the work takes when nothing else is in its way.
    """
    with scratch_database() as owner:
        filled = [fill(rows) for _ in range(tenants)]
        statistics_refresh(BULK_ROWS)
        tenant, dataset = filled[len(filled) // 2]
        works: dict[str, Callable[[], None]] = {
            "list": list_pages,
            "insert": partial(insert_records, dataset),
            "bulk": partial(insert_many, dataset, bulk),
        }
        figures: dict[str, float] = {}
        for name, work in works.items():
            pairs = [pair(owner, tenant, work, turn % 2 == 0) for turn in range(repeat * TURNS[name])]
            on, off = (sorted(times)[len(times) // 10] for times in zip(*pairs, strict=True))
            figures[f"row_security_{name}_percent"] = 100 * (on / off - 1)
            figures[f"{name}_with_row_security_ms"], figures[f"{name}_without_ms"] = 1000 * on, 1000 * off
        return figures


def fill(rows: int) -> tuple[Tenant, Dataset]:
    """A tenant with a batch of so many records."""
    tenant = tenant_create(slug=f"bench-{secrets.token_hex(4)}", name="Benchmarks")
    with tenant_scope(tenant.id):
        dataset = dataset_create(name="bench")
        records_insert(batch_of(dataset), rows, ())
    return tenant, dataset


def batch_of(dataset: Dataset) -> Batch:
    batch: Batch = Batch.objects.create(number=number_next("batch"), dataset=dataset, source="", created_by="")
    return batch


def pair(owner: psycopg.Connection, tenant: Tenant, work: Callable[[], None], on_first: bool) -> tuple[float, float]:
    """Seconds of the work with row security and without it."""
    took = {}
    for on in (on_first, not on_first):
        for table in tenant_tables():
            switch = sql.SQL("ENABLE" if on else "DISABLE")
            owner.execute(sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(sql.Identifier(table), switch))
        # Once for the caches, which the switch has emptied.
        seconds(tenant, list_pages)
        took[on] = seconds(tenant, work)
    return took[True], took[False]


def seconds(tenant: Tenant, work: Callable[[], None]) -> float:
    """Wall-clock seconds of the work in a transaction of the tenant, of which nothing stays."""
    with tenant_scope(tenant.id):
        began = time.perf_counter()
        work()
        took = time.perf_counter() - began
        transaction.set_rollback(True)
    return took


def list_pages() -> None:
    """The newest fifty records, as the API lists them."""
    for _ in range(PAGES):
        record_shapes(page(Asked(), "created_at", True, 0, 50))


def insert_records(dataset: Dataset) -> None:
    """Records that come one at a time, each with its counter and its audit event."""
    for number in range(RECORDS):
        record_add(dataset=dataset, source="benchmark", payload={"number": number})


def insert_many(dataset: Dataset, rows: int) -> None:
    """The records and findings of a batch."""
    batch = batch_of(dataset)
    records_insert(batch, rows, ())
    run = new_id()
    empty = dict.fromkeys(FINDING_COLUMNS, "") | {"key": "{}", "fields": "{}", "rows": "[]", "magnitude": 0, "row": 1}
    findings = (
        {**empty, "id": new_id(), "run_id": run, "record_id": run, "ordinal": number, "fingerprint": f"{number:016x}"}
        for number in range(min(rows, FINDINGS))
    )
    rows_insert("records_finding", FINDING_COLUMNS, (tuple(finding.values()) for finding in findings))
