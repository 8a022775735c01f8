"""P1: a tenant never sees, changes or detects another tenant's rows, even by raw SQL."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from django.db import connection, transaction

from cortx.trust.ground import Ground
from cortx.trust.probes import Aim, outcomes
from cortx.trust.promise import Measured, Promise
from tenants.context import tenant_scope
from tenants.scoping import new_id
from tenants.serving_role import serving_role_fault, tables_confined, tables_unknown, tenant_tables


def measure(ground: Ground) -> Measured:
    """Policies of all tables, then statements as a tenant that does not exist, and as none."""
    tables, confined = tenant_tables(), tables_confined()
    leaks, probes = probed(ground)
    open_tables, unknown = sorted(set(tables) - set(confined)), tables_unknown()
    faults = [
        serving_role_fault(),
        f"no forced tenant policy on {', '.join(open_tables)}" if open_tables else "",
        f"neither a tenant's nor listed: {', '.join(unknown)}" if unknown else "",
        f"reached a row: {', '.join(leaks[:5])}" if leaks else "",
    ]
    figure = f"{len(leaks)} of {probes} statements; {len(tables) - len(open_tables)} of {len(tables)} tables"
    reason = "; ".join(fault for fault in faults if fault)
    return Measured(figure, not reason, reason)


def probed(ground: Ground) -> tuple[list[str], int]:
    """Names of the statements that reached a row, and how many were said."""
    callers: dict[str, Callable[[], AbstractContextManager[None]]] = {
        "another tenant": lambda: tenant_scope(new_id()),
        "no tenant": nullcontext,
    }
    leaks, probes = [], 0
    for aim in aims(ground):
        for caller, bound in callers.items():
            with transaction.atomic(), bound():
                found = outcomes(aim)
                transaction.set_rollback(True)
            probes += len(found)
            leaks += [f"{name} {aim.table} as {caller}" for name, outcome in found.items() if outcome.reached]
    return leaks, probes


def aims(ground: Ground) -> Iterator[Aim]:
    """Each table with a row of the check's own tenant, where it has one."""
    owner = str(ground.tenant.id)
    for table in tenant_tables():
        with tenant_scope(ground.tenant.id), connection.cursor() as cursor:
            cursor.execute(f"SELECT id::text FROM {table} LIMIT 1")
            row = cursor.fetchone()
        yield Aim(table, owner, row[0] if row else None)


PROMISE = Promise(
    key="P1",
    name="A tenant never sees, changes or detects another tenant's data",
    tried="Policy of every tenant table, rights of the serving role, raw statements as another tenant and as none",
    target="0 statements that reach a row; every tenant table under its forced policy",
    measure=measure,
    not_carried={
        "sqlite": "SQLite has no row security: the managers that refuse without a tenant stand alone. Use PostgreSQL."
    },
)
