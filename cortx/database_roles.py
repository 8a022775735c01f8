"""The two PostgreSQL roles: the owner migrates and sets up, `cortx_app` serves under row security.

Needs no Django: the settings, `manage.py up` and the test servers all use it before Django is there.
"""

import hashlib
import hmac
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

APPLICATION_ROLE = "cortx_app"
APPEND_ONLY = (
    "tenants_auditevent", "tenants_auditseal", "tenants_auditnode", "tenants_auditcheckpoint",
    "tenants_policydocument",
)  # fmt: skip
"""Tables whose rows the application role may neither change nor delete."""


def application_url(owner_url: str) -> str:
    """The owner's URL with the application role in its place.

    The password is derived from the owner's, so every process of a development installation that is given
    only the owner's URL finds the same one without storing it.
    """
    parts = urlsplit(owner_url)
    secret = parts.password or parts.username or ""
    password = hmac.new(secret.encode(), APPLICATION_ROLE.encode(), hashlib.sha256).hexdigest()
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{APPLICATION_ROLE}:{password}@{host}").geturl()


def libpq_url(url: str) -> str:
    """`url` without the parameters that only our connection pool knows."""
    parts = urlsplit(url)
    kept = [part for part in parts.query.split("&") if part.partition("=")[0] not in {"pool_size", "max_overflow"}]
    return parts._replace(query="&".join(kept)).geturl()


def database_url(url: str, name: str) -> str:
    """`url`, pointing at the database `name` of the same server."""
    return urlsplit(url)._replace(path=f"/{quote(name)}").geturl()


def prepare(owner_url: str, app_url: str) -> None:
    """Create the role of `app_url` when it is missing and let it use what the owner creates from now on.

    Call before migrating: the rights come from default privileges, so that a migration can take some away
    again and keep it so. An existing role keeps its attributes; only a derived password is set anew.
    """
    app = urlsplit(app_url)
    role, password = app.username or APPLICATION_ROLE, app.password or ""
    derived = app_url == application_url(owner_url)
    with psycopg.connect(libpq_url(owner_url), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        if not known:
            statement = "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}"
        elif derived:
            statement = "ALTER ROLE {} PASSWORD {}"
        else:
            statement = ""
        if statement:
            connection.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))
        grant(connection, role)


def grant(connection: psycopg.Connection, role: str) -> None:
    """Reading and writing rows, never TRUNCATE or DDL, on everything this owner creates later."""
    statements = [
        "GRANT USAGE ON SCHEMA public TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
    ]
    if migrated_without(connection, role):
        statements += [
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
            # What its migration takes away again, for a role that came later.
            *(
                f"DO $$ BEGIN IF to_regclass('public.{table}') IS NOT NULL THEN "
                f"REVOKE UPDATE, DELETE ON public.{table} FROM {{}}; END IF; END $$"
                for table in APPEND_ONLY
            ),
        ]
    for statement in statements:
        connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


def migrated_without(connection: psycopg.Connection, role: str) -> bool:
    """Whether the tables were made before the role had its default privileges, so that it cannot read them."""
    table = connection.execute("SELECT to_regclass('public.django_migrations')::oid").fetchone()
    if not (table and table[0]):
        return False
    return connection.execute("SELECT has_table_privilege(%s, %s::oid, 'SELECT')", [role, table[0]]).fetchone() == (
        False,
    )
