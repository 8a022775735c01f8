"""Many rows at once, the fastest way each database has, inside the caller's transaction.

PostgreSQL: COPY into a temporary table, then INSERT..SELECT, because COPY into a table with row security is refused.
SQLite: one prepared INSERT. Both check the tenant the way all writes do.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from records.datasets.identity import id_range, row_prefix
from records.datasets.models import Batch
from tenants.context import current_tenant_id

Rows = Iterable[Sequence[Any]]
SLICE = 10_000

PROCESSED, FAILED, ERRORED, REJECTED = "processed", "failed", "errored", "rejected"


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def identifier(value: UUID) -> str:
    """An id as the database keeps it: SQLite has 32 hexadecimal digits."""
    return str(value) if on_postgresql() else value.hex


def rows_insert(table: str, columns: Mapping[str, str], rows: Rows) -> int:
    """Insert rows of the bound tenant, values in the order of `columns` (name to PostgreSQL type); how many."""
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        if on_postgresql():
            stage(cursor, "incoming", columns, rows)
            cursor.execute(
                f'INSERT INTO {table} ("tenant_id", {names}) SELECT %s, {names} FROM incoming',  # noqa: S608
                [current_tenant_id()],
            )
            inserted: int = cursor.rowcount
            cursor.execute("DROP TABLE incoming")
            return inserted
        marks = ", ".join(["%s"] * (len(columns) + 1))
        tenant = current_tenant_id().hex
        statement = f'INSERT INTO {table} ("tenant_id", {names}) VALUES ({marks})'  # noqa: S608
        return many(cursor, statement, ((tenant, *row) for row in rows))


def many(cursor: Any, statement: str, rows: Rows) -> int:
    """Execute for each row, a slice at a time: Django holds on to all rows of one call."""
    before, remaining = changes(cursor), iter(rows)
    while part := list(islice(remaining, SLICE)):
        cursor.executemany(statement, part)
    return changes(cursor) - before


def changes(cursor: Any) -> int:
    """Rows changed on this connection so far; SQLite's rowcount after executemany is not reliable for generators."""
    cursor.execute("SELECT total_changes()")
    return int(cursor.fetchone()[0])


def stage(cursor: Any, name: str, columns: Mapping[str, str], rows: Rows) -> None:
    """A temporary table with these rows, gone with the transaction.

    Copied a slice at a time, each within a lease: to the server, a process that froze in the middle of one is busy
    and not idle, and it would hold its rows for as long as the longest statement may take.
    """
    declared = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    cursor.execute(f"CREATE TEMP TABLE {name} ({declared}) ON COMMIT DROP")
    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{settings.WORK_LEASE_SECONDS}s"])
    remaining = iter(rows)
    while part := list(islice(remaining, SLICE)):
        with cursor.copy(f"COPY {name} FROM STDIN") as copy:
            for row in part:
                copy.write_row(row)
    cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    cursor.execute(f"ANALYZE {name}")


def records_insert(batch: Batch, rows_read: int, exceptions: Iterable[tuple[int, str]]) -> int:
    """A thin record for each row of the batch's first input, made inside the database; how many.

    `exceptions` names the rows that are not plainly processed: (row number, failed, errored or rejected). Rejected
    rows are no records.
    """
    with connection.cursor() as cursor:
        if on_postgresql():
            stage(cursor, "states", {"row_number": "bigint", "state": "text"}, exceptions)
            cursor.execute(POSTGRESQL_RECORDS, record_values(batch, rows_read))
            inserted: int = cursor.rowcount
            cursor.execute("DROP TABLE states")
            return inserted
        cursor.execute("CREATE TEMP TABLE states (row_number INTEGER PRIMARY KEY, state TEXT)")
        many(cursor, "INSERT INTO states VALUES (%s, %s)", exceptions)
        before = changes(cursor)
        cursor.execute(SQLITE_RECORDS, record_values(batch, rows_read))
        inserted = changes(cursor) - before
        cursor.execute("DROP TABLE states")
        return inserted


def record_values(batch: Batch, rows_read: int) -> dict[str, Any]:
    return {
        "tenant": identifier(current_tenant_id()),
        "dataset": identifier(batch.dataset_id),
        "batch": identifier(batch.id),
        "prefix": row_prefix(batch.id),
        "rows": rows_read,
    }


def rows_delete(table: str, parent: UUID) -> None:
    """Delete all rows of a batch or run from a bulk table, by their range of ids."""
    low, high = id_range(parent)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE tenant_id = %s AND id BETWEEN %s AND %s",  # noqa: S608
            [identifier(current_tenant_id()), identifier(low), identifier(high)],
        )


COLUMNS = "tenant_id, id, dataset_id, batch_id, row_number, status, errored, source, payload"
VERDICT = """
    CASE s.state WHEN 'failed' THEN 'failed' WHEN 'errored' THEN 'pending' ELSE 'processed' END,
    coalesce(s.state = 'errored', {false}), '', NULL
"""
POSTGRESQL_RECORDS = f"""
    INSERT INTO records_record ({COLUMNS})
    SELECT %(tenant)s::uuid, (%(prefix)s || lpad(to_hex(n), 8, '0'))::uuid, %(dataset)s::uuid, %(batch)s::uuid, n,
    {VERDICT.format(false="false")}
    FROM generate_series(1::bigint, %(rows)s) AS n LEFT JOIN states s ON s.row_number = n
    WHERE s.state IS DISTINCT FROM 'rejected'
"""  # noqa: S608
SQLITE_RECORDS = f"""
    INSERT INTO records_record ({COLUMNS})
    WITH RECURSIVE numbers (n) AS (SELECT 1 WHERE %(rows)s >= 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %(rows)s)
    SELECT %(tenant)s, %(prefix)s || printf('%%08x', n), %(dataset)s, %(batch)s, n,
    {VERDICT.format(false="0")}
    FROM numbers LEFT JOIN states s ON s.row_number = n
    WHERE s.state IS NOT 'rejected'
"""  # noqa: S608
