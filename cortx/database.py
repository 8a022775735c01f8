"""Setting the database up as its owner, while everything else in the process is served as the application role."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import psycopg
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from cortx.database_roles import prepare
from tenants.audit.keys import signing_key_ensure


def default_connection() -> DatabaseWrapper:
    """Django's PostgreSQL connection; its `settings_dict` is shared by the connections of all threads."""
    connection = connections["default"]
    assert isinstance(connection, DatabaseWrapper)
    return connection


def disconnect() -> None:
    """Close this thread's connection and the pool behind it, which would keep serving the old role or database."""
    connection = default_connection()
    connection.close()
    connection.close_pool()


@contextmanager
def connected_as(url: str, name: str) -> Iterator[None]:
    """Use the role of `url` and the database `name` for the length of the scope."""
    parts, current = urlsplit(url), default_connection().settings_dict
    before = dict(current)
    current.update(USER=unquote(parts.username or ""), PASSWORD=unquote(parts.password or ""), NAME=name)
    disconnect()
    try:
        yield
    finally:
        current.update(before)
        disconnect()


def database_set_up(*, verbosity: int = 0) -> None:
    """Create the key of the audit log and the application role (PostgreSQL), migrate, create the cache table if used.

    Raises `CommandError` when the server does not answer or the owner may not create roles.
    """
    signing_key_ensure()
    owner, served = settings.DATABASE_OWNER_URL, settings.DATABASE_URL
    if owner == served:
        migrate(verbosity)
        return
    try:
        prepare(owner, served)
    except psycopg.Error as error:
        raise CommandError(f"PostgreSQL could not be set up: {error}") from error
    with connected_as(owner, default_connection().settings_dict["NAME"]):
        take_time()
        migrate(verbosity)


def take_time() -> None:
    """Lift this session's bounds: a migration may rewrite a large table, and waits for who uses it."""
    with default_connection().cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET lock_timeout = 0")


def migrate(verbosity: int) -> None:
    call_command("migrate", interactive=False, verbosity=verbosity)
    call_command("createcachetable", verbosity=verbosity)
