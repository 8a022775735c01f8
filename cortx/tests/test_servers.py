"""The test kit itself: what the other tests silently rely on."""

import os

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction

from cortx.testing.database import Databases
from cortx.testing.embedded import Manage

MODULE_ROW = "left by the module"


def row(model: str) -> ContentType:
    return ContentType.objects.create(app_label="testkit", model=model)


def rows() -> set[str]:
    return set(ContentType.objects.filter(app_label="testkit").values_list("model", flat=True))


@pytest.fixture(scope="module")
def module_row(module_database: Databases) -> ContentType:
    return row(MODULE_ROW)


@pytest.mark.django_db
def test_the_database_is_postgresql() -> None:
    assert connection.vendor == "postgresql"


@pytest.mark.django_db
def test_the_role_that_serves_sees_only_what_row_security_lets_it_see() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() > (10,)


@pytest.mark.django_db
def test_the_role_that_serves_may_neither_truncate_nor_define() -> None:
    for statement in (
        "TRUNCATE django_session",
        "CREATE TABLE smuggled (id int)",
        "DROP TABLE django_session",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("turn", [1, 2])
def test_an_ordinary_test_is_rolled_back(turn: int) -> None:
    assert rows() == set()
    row("ordinary")


@pytest.mark.django_db
def test_rows_of_a_module_fixture_are_there_in_a_test(module_row: ContentType) -> None:
    assert rows() == {MODULE_ROW}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_committed_row_is_gone_in_the_next_test(turn: int) -> None:
    assert "committed" not in rows()
    row("committed")


def test_redis_answers() -> None:
    cache.set("testkit", "here")
    assert cache.get("testkit") == "here"
    assert os.environ["REDIS_URL"].startswith("redis://")


def test_an_embedded_command_runs_on_sqlite(embedded: Manage) -> None:
    script = "from django.db import connection as c; print('vendor', c.vendor, c.settings_dict['NAME'])"
    answer = embedded("shell", script=script).stdout
    assert "vendor sqlite" in answer
    assert "/var/cortx.sqlite3" in answer


def test_an_embedded_command_that_fails_fails_the_test(embedded: Manage) -> None:
    with pytest.raises(AssertionError, match="answered 1"):
        embedded("no-such-command")
