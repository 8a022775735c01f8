"""Fixtures: a template database migrated once by the owner, and copies of it served as the application role.

Ordinary tests run in a transaction that is rolled back. A test with real transactions (`transactional_db`,
`live_server`) leaves its rows behind, so the next one gets a new copy: Django's own answer is TRUNCATE, which
the application role may not do. Rows that a module fixture commits inside `module_database` go with the module.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from django.core.management import call_command
from django.test import TransactionTestCase
from psycopg import sql
from pytest_django import DjangoDbBlocker

from cortx.database import connected_as, default_connection, disconnect
from cortx.database_roles import database_url, libpq_url, prepare

# Any number, the same for all workers of a run: one of them migrates, the others wait.
TEMPLATE_LOCK = 2026_11_20


class Databases:
    """The databases of this test run on the server of `DATABASE_OWNER_URL`."""

    def __init__(self) -> None:
        self.owner_url = os.environ["DATABASE_OWNER_URL"]
        self.app_url = os.environ["DATABASE_URL"]
        self.prefix = f"test_{os.environ['CORTX_TEST_RUN']}"
        self.template = f"{self.prefix}_template"
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.numbers = count(1)

    @contextmanager
    def server(self) -> Iterator[psycopg.Connection]:
        """The owner's connection beside the test databases; CREATE DATABASE wants no transaction."""
        with psycopg.connect(libpq_url(self.owner_url), autocommit=True) as session:
            yield session

    def ensure_template(self) -> None:
        """Create and migrate the template, unless another worker has."""
        with self.server() as session:
            session.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
            if session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.template]).fetchone():
                return
            session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.template)))
            prepare(database_url(self.owner_url, self.template), self.app_url)
            # Lets the owner end sessions of the application role when it drops a database.
            role = sql.Identifier(unquote(urlsplit(self.app_url).username or ""))
            session.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
            with connected_as(self.owner_url, self.template):
                call_command("migrate", interactive=False, verbosity=0)

    def renew(self) -> None:
        """Put a new copy of the template in the place of the database in use."""
        current, new = default_connection().settings_dict, f"{self.prefix}_{self.worker}_{next(self.numbers)}"
        with self.server() as session:
            statement = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
            session.execute(sql.SQL(statement).format(sql.Identifier(new), sql.Identifier(self.template)))
            # The name first: a request still in the live server would otherwise open a new pool to the old one.
            old, current["NAME"] = current["NAME"], new
            disconnect()
            self.drop(session, old)

    def drop(self, session: psycopg.Connection, name: str) -> None:
        """Only databases of this run are ever dropped."""
        if name.startswith(self.prefix):
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def drop_all(self) -> None:
        with self.server() as session:
            names = session.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.prefix])
            for (name,) in names.fetchall():
                self.drop(session, name)


@pytest.fixture(scope="session")
def databases(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Generator[Databases, None, None]:
    """The databases of this run; Django's default connection serves a copy of the template as the application role."""
    found = Databases()
    current = default_connection().settings_dict
    before = current["NAME"]
    patch = pytest.MonkeyPatch()
    # The one place where Django would flush.
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: found.renew())
    with django_db_blocker.unblock():
        found.ensure_template()
        found.renew()
    yield found
    patch.undo()
    disconnect()
    current["NAME"] = before


@pytest.fixture(scope="session")
def django_db_setup(databases: Databases) -> None:
    """In place of pytest-django's, which would migrate as the role that serves."""


@pytest.fixture(scope="module")
def module_database(databases: Databases, django_db_blocker: DjangoDbBlocker) -> Generator[Databases, None, None]:
    """For module fixtures that commit: the database is open and is replaced when the module is done.

    Not for modules with `transactional_db` or `live_server` tests, which replace the database earlier.
    """
    with django_db_blocker.unblock():
        yield databases
        databases.renew()


def owner_url() -> str:
    """The database in use, as its owner reaches it: past row security's grants, and with a hand on the triggers."""
    return database_url(libpq_url(os.environ["DATABASE_OWNER_URL"]), default_connection().settings_dict["NAME"])


def pytest_unconfigure(config: Any) -> None:
    """A server that was given gets its databases cleared away; ours is thrown away whole."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        Databases().drop_all()
