"""What somebody with another tenant's connection could say to PostgreSQL about a tenant's row."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection, transaction

from cortx.trust.probes import Outcome, made, said
from tenants.context import tenant_scope
from tenants.scoping import new_id
from tenants.serving_role import tenant_tables
from tenants.tests.cast import Cast

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """A row of the tenant, as JSON, and the tenant of whoever asks."""

    table: str
    row: Values
    own: str

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def owner(self) -> str:
        return str(self.row["tenant_id"])

    @property
    def references(self) -> list[str]:
        """Columns that point at another row of the tenant. Bulk tables have no foreign keys."""
        with connection.cursor() as cursor:
            relations = connection.introspection.get_relations(cursor, self.table)
        owned = {column for column, (_, table) in relations.items() if table in tenant_tables()} - {"tenant_id"}
        return sorted(column for column in owned if self.row[column])

    def copy(self, **changed: Any) -> str:
        """The row with other values in it, as JSON for `made`."""
        return json.dumps({**self.row, **changed})


def targets(cast: Cast) -> Iterator[Target]:
    """A row of each table of the cast's tenant, for the other to aim at."""
    for table in tenant_tables():
        with tenant_scope(cast.tenant.id), connection.cursor() as cursor:
            cursor.execute(f"SELECT row_to_json(t) FROM {table} t LIMIT 1")
            row = cursor.fetchone()[0]
        yield Target(table, row, str(cast.other.id))


Probe = Callable[[Target], tuple[str, list[Any]]]
PROBES: dict[str, Probe] = {
    "select": lambda it: (f"SELECT * FROM {it.table}", []),
    "select by id": lambda it: (f"SELECT * FROM {it.table} WHERE id = %s", [it.id]),
    "select by tenant": lambda it: (f"SELECT * FROM {it.table} WHERE tenant_id = %s OR true", [it.owner]),
    "count": lambda it: (f"SELECT 1 FROM {it.table} WHERE tenant_id = %s HAVING count(*) > 0", [it.owner]),
    "join": lambda it: (f"SELECT a.id FROM {it.table} a JOIN {it.table} b ON a.id = b.id WHERE a.id = %s", [it.id]),
    "exists": lambda it: (f"SELECT 1 WHERE EXISTS (SELECT 1 FROM {it.table} WHERE id = %s)", [it.id]),
    "failing cast": lambda it: (f"SELECT id::text::int FROM {it.table} WHERE id = %s", [it.id]),
    "with": lambda it: (f"WITH all_of AS MATERIALIZED (SELECT * FROM {it.table}) SELECT * FROM all_of", []),
    "lock": lambda it: (f"SELECT id FROM {it.table} WHERE id = %s FOR UPDATE", [it.id]),
    "without row security": lambda it: (f"SET LOCAL row_security = off; SELECT * FROM {it.table}", []),
    "as the owner": lambda it: (
        f"SELECT set_config('role', tableowner, true) FROM pg_tables WHERE tablename = '{it.table}';"
        f"SELECT * FROM {it.table}",
        [],
    ),
    "no policy": lambda it: (f"DROP POLICY {it.table}_tenant ON {it.table}", []),
    "no force": lambda it: (f"ALTER TABLE {it.table} NO FORCE ROW LEVEL SECURITY", []),
    "view": lambda it: (f"CREATE TEMP VIEW seen AS SELECT * FROM {it.table}; SELECT * FROM seen", []),
    "temporary copy": lambda it: (f"CREATE TEMP TABLE copied AS SELECT * FROM {it.table}; TABLE copied", []),
    "insert": lambda it: (made(it.table), [it.copy(id=str(new_id()))]),
    "insert returning": lambda it: (f"{made(it.table)} RETURNING *", [it.copy(id=str(new_id()))]),
    "insert from select": lambda it: (f"INSERT INTO {it.table} SELECT * FROM {it.table} WHERE id = %s", [it.id]),
    "upsert": lambda it: (f"{made(it.table)} ON CONFLICT DO NOTHING", [it.copy(id=str(new_id()))]),
    "upsert over it": lambda it: (f"{made(it.table)} {over(it)} DO UPDATE SET id = excluded.id", [it.copy()]),
    "update": lambda it: (f"UPDATE {it.table} SET id = id WHERE id = %s", [it.id]),
    "update all": lambda it: (f"UPDATE {it.table} SET id = id", []),
    "update returning": lambda it: (f"UPDATE {it.table} SET id = id WHERE tenant_id = %s RETURNING *", [it.owner]),
    "take over": lambda it: (f"UPDATE {it.table} SET tenant_id = %s WHERE id = %s", [it.own, it.id]),
    "delete": lambda it: (f"DELETE FROM {it.table} WHERE id = %s", [it.id]),
    "delete all": lambda it: (f"DELETE FROM {it.table}", []),
    "delete returning": lambda it: (f"DELETE FROM {it.table} WHERE tenant_id = %s RETURNING *", [it.owner]),
    "merge": lambda it: (
        f"MERGE INTO {it.table} t USING (SELECT %s::uuid AS wanted) w ON t.id = w.wanted WHEN MATCHED THEN DELETE",
        [it.id],
    ),
    "truncate": lambda it: (f"TRUNCATE {it.table} CASCADE", []),
}
"""Statements whose every row touched would be the tenant's: the one who asks has none of its own."""


def over(target: Target) -> str:
    """The conflict with the primary key."""
    return f"ON CONFLICT ON CONSTRAINT {target.table}_pkey"


def copied_out(target: Target) -> Outcome:
    """COPY TO."""
    with connection.cursor() as cursor, cursor.copy(f"COPY (SELECT * FROM {target.table}) TO STDOUT") as copy:
        lines = [bytes(line) for line in copy]
    return Outcome("", len(lines), b"".join(lines).decode())


def copied_in(target: Target) -> Outcome:
    """COPY FROM."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy(f"COPY {target.table} (tenant_id, id) FROM STDIN") as copy:
                copy.write_row((target.owner, str(new_id())))
            return Outcome("", 1)
    except psycopg.Error as refused:  # Django translates no errors of COPY.
        return Outcome(refused.sqlstate or "refused")


def outcomes(target: Target) -> Iterator[tuple[str, Outcome]]:
    """Every probe of the row, by name. What one does is seen by the next."""
    for name, probe in PROBES.items():
        yield name, said(*probe(target))
    yield "copy out", copied_out(target)
    yield "copy in", copied_in(target)
