"""Refuses to serve under a PostgreSQL role that row security does not bind."""

import logging
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError, connection

from tenants.scoping import GLOBAL, THIRD_PARTY, BulkTenantOwned, TenantOwned

UNBOUND = "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
# Who has the owner's rights can switch a policy off; without FORCE it does not even bind the owner.
OPEN_TABLES = """
SELECT relname, pg_has_role(current_user, relowner, 'USAGE')
FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relname = ANY(%s)
  AND (pg_has_role(current_user, relowner, 'USAGE') OR NOT relrowsecurity OR NOT relforcerowsecurity)
ORDER BY relname
"""
# The one policy of a table, with the condition of `row_security` as PostgreSQL writes it down.
CONFINED = """
SELECT c.relname FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname AND p.schemaname = current_schema()
WHERE c.relnamespace = current_schema()::regnamespace AND c.relrowsecurity AND c.relforcerowsecurity
  AND p.policyname = c.relname || '_tenant' AND p.cmd = 'ALL' AND p.roles = '{public}'
  AND p.qual = %(mine)s AND p.with_check = %(mine)s
  AND 1 = (SELECT count(*) FROM pg_policies o WHERE o.tablename = c.relname AND o.schemaname = p.schemaname)
ORDER BY c.relname
"""
MINE = """(tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))"""

logger = logging.getLogger(__name__)


class _State:
    """Whether the check has to be made up for, because the database was away at start-up."""

    owed = False


def tenant_tables() -> list[str]:
    """Names of all tables that belong to tenants."""
    owned = (model for model in apps.get_models() if issubclass(model, TenantOwned | BulkTenantOwned))
    return sorted(model._meta.db_table for model in owned)


def tables_confined() -> list[str]:
    """Names of the tables under forced row security with exactly the policy of a tenant table. PostgreSQL only."""
    with connection.cursor() as cursor:
        cursor.execute(CONFINED, {"mine": MINE})
        return [str(name) for (name,) in cursor.fetchall()]


def tables_unknown() -> list[str]:
    """Names of the tables that are neither a tenant's nor listed with a reason."""
    known = {*tenant_tables(), *GLOBAL, *THIRD_PARTY}
    return sorted(set(connection.introspection.table_names()) - known)


def serving_role_fault() -> str:
    """Why the role in use must not serve, or an empty text. SQLite has neither roles nor row security."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute(UNBOUND)
        if row := cursor.fetchone():
            return f"the role {row[0]} is a superuser or has BYPASSRLS, so row security does not bind it"
        cursor.execute(OPEN_TABLES, [tenant_tables()])
        if row := cursor.fetchone():
            table, owned = row
            return f"the role owns {table}" if owned else f"row security of {table} is not enabled and forced"
    return ""


def serving_role_verify() -> None:
    """Raises `ImproperlyConfigured` when the role must not serve."""
    if fault := serving_role_fault():
        raise ImproperlyConfigured(f"DATABASE_URL: {fault}; serve as a plain role, migrate with DATABASE_OWNER_URL")


def serving_role_verify_at_start() -> None:
    """Like `serving_role_verify`; with the database away, the first request makes up for it."""
    try:
        serving_role_verify()
    except DatabaseError:
        _State.owed = True
        logger.warning("the database does not answer; its role is checked with the first request")
    finally:
        connection.close()


def serving_role_settle() -> None:
    """Make up for a check that could not be made at start-up."""
    if _State.owed:
        serving_role_verify()
        _State.owed = False


class ServedCommand(BaseCommand):
    """Base of commands that work on tenants' rows; refused like web and worker. Those that migrate are not."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Look at the role, then go on as any command. Raises `CommandError` when the role must not serve."""
        refuse_command()
        return super().execute(*args, **options)


def refuse_command() -> None:
    """Raises `CommandError` when the role must not serve."""
    try:
        serving_role_verify()
    except ImproperlyConfigured as fault:
        raise CommandError(str(fault)) from fault
