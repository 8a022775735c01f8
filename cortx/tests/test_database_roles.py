"""The application role: made once, confined, and found again from the owner's URL alone."""

import os
import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from cortx.database_roles import application_url, database_url, libpq_url, prepare
from cortx.settings.database import two_roles

OWNER = "postgresql://owner:secret@db.example:5433/books?pool_size=3&sslmode=require"


@pytest.fixture
def role() -> Iterator[str]:
    """The name of a role that does not exist yet."""
    name = f"app_{secrets.token_hex(4)}"
    yield name
    with psycopg.connect(libpq_url(os.environ["DATABASE_OWNER_URL"]), autocommit=True) as server:
        server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture
def owner_url(role: str) -> Iterator[str]:
    """An empty database of the tests' owner; goes before the role, whose rights lie in it."""
    url, name = os.environ["DATABASE_OWNER_URL"], f"test_{os.environ['CORTX_TEST_RUN']}_roles_{secrets.token_hex(4)}"
    with psycopg.connect(libpq_url(url), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield database_url(url, name)
        server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def served(owner_url: str, role: str) -> str:
    return urlsplit(owner_url)._replace(netloc=f"{role}:pw@{urlsplit(owner_url).netloc.rpartition('@')[2]}").geturl()


def test_the_same_owner_always_leads_to_the_same_application_url() -> None:
    url = urlsplit(application_url(OWNER))
    assert (url.username, url.hostname, url.port, url.path) == ("cortx_app", "db.example", 5433, "/books")
    assert application_url(OWNER) == url.geturl()
    assert "secret" not in url.geturl()
    assert application_url(OWNER.replace("secret", "other")) != url.geturl()


def test_the_parameters_of_our_pool_are_kept_from_libpq() -> None:
    assert libpq_url(OWNER) == "postgresql://owner:secret@db.example:5433/books?sslmode=require"
    assert libpq_url("postgresql://owner@db.example/books") == "postgresql://owner@db.example/books"


def test_one_url_is_enough_in_development() -> None:
    assert two_roles(OWNER, "") == (application_url(OWNER), OWNER)


def test_two_urls_are_taken_as_they_are() -> None:
    assert two_roles("postgresql://app@db.example/books", OWNER) == ("postgresql://app@db.example/books", OWNER)


def test_sqlite_has_no_roles() -> None:
    assert two_roles("sqlite:///books.sqlite3", "") == ("sqlite:///books.sqlite3", "sqlite:///books.sqlite3")


def test_a_new_role_may_use_what_the_owner_creates_later_and_nothing_more(owner_url: str, role: str) -> None:
    prepare(owner_url, served(owner_url, role))
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE book (id serial PRIMARY KEY, title text)")
    with psycopg.connect(served(owner_url, role), autocommit=True) as app:
        app.execute("INSERT INTO book (title) VALUES ('one')")
        assert app.execute("SELECT id, title FROM book").fetchall() == [(1, "one")]
        for statement in ("TRUNCATE book", "DROP TABLE book", "CREATE TABLE other (id int)", "CREATE ROLE other"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)


def test_a_right_a_migration_took_away_stays_away(owner_url: str, role: str) -> None:
    prepare(owner_url, served(owner_url, role))
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE django_migrations (id int)")
        owner.execute("CREATE TABLE book (id int)")
        owner.execute(sql.SQL("REVOKE DELETE ON book FROM {}").format(sql.Identifier(role)))
    prepare(owner_url, served(owner_url, role))
    with psycopg.connect(served(owner_url, role)) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("DELETE FROM book")


def test_tables_from_before_the_role_become_readable(owner_url: str, role: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE django_migrations (id serial)")
    prepare(owner_url, served(owner_url, role))
    with psycopg.connect(served(owner_url, role)) as app:
        assert app.execute("SELECT count(*) FROM django_migrations").fetchone() == (0,)


def test_a_role_that_comes_later_may_not_change_the_audit_log_either(owner_url: str, role: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE django_migrations (id serial)")
        owner.execute("CREATE TABLE tenants_auditevent (id serial)")
    prepare(owner_url, served(owner_url, role))
    with psycopg.connect(served(owner_url, role), autocommit=True) as app:
        app.execute("INSERT INTO tenants_auditevent DEFAULT VALUES")
        for statement in ("DELETE FROM tenants_auditevent", "UPDATE tenants_auditevent SET id = 1"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)
