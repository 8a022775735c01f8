"""Every table is a tenant's under forced row security, or is named with the reason why not."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from cortx.testing.figures import RecordFigure
from tenants import serving_role
from tenants.scoping import GLOBAL, THIRD_PARTY
from tenants.serving_role import (
    serving_role_fault,
    serving_role_settle,
    serving_role_verify,
    serving_role_verify_at_start,
    tables_confined,
    tables_unknown,
    tenant_tables,
)

pytestmark = pytest.mark.django_db


def rows(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_every_table_is_known() -> None:
    assert tables_unknown() == []
    tables = set(connection.introspection.table_names())
    known = set(tenant_tables()) | set(GLOBAL) | set(THIRD_PARTY)
    # The cache table is only there where no Redis is.
    assert known - tables <= {"cortx_cache"}


def test_no_table_is_listed_twice() -> None:
    listed = [*tenant_tables(), *GLOBAL, *THIRD_PARTY]
    assert len(listed) == len(set(listed))
    assert all(reason for reason in [*GLOBAL.values(), *THIRD_PARTY.values()])


def test_every_tenant_table_has_forced_row_security_and_its_one_policy(record_figure: RecordFigure) -> None:
    confined, tables = tables_confined(), tenant_tables()
    record_figure("tenant tables under row security", f"{len(confined)} of {len(tables)}")
    assert confined == tables
    # Policies of one table add up: a second one could only open it.
    assert sorted(str(name) for (name,) in rows("SELECT tablename FROM pg_policies")) == tables


def test_every_model_with_a_tenant_is_a_tenants_own_or_named_with_a_reason() -> None:
    with_tenant = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if {"tenant", "tenant_id"} & {column.name for column in model._meta.concrete_fields}
    }
    assert with_tenant - set(tenant_tables()) <= set(GLOBAL)


def test_no_view_and_no_function_shows_rows_with_its_owners_rights() -> None:
    schema = "current_schema()::regnamespace"
    assert rows(f"SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = {schema}") == []
    functions = rows(f"SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = {schema}")
    # It has the planner look at bulk tables, and answers nothing.
    assert {name for (name,) in functions} <= {"records_analyze"}


def test_a_tenant_table_without_a_tenant_set_shows_nothing() -> None:
    for table in tenant_tables():
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_the_role_that_serves_the_tests_may_serve() -> None:
    assert serving_role_fault() == ""
    serving_role_verify()


@pytest.mark.parametrize(
    ("statement", "answer", "reason"),
    [
        ("UNBOUND", "SELECT 'postgres'", "superuser"),
        ("OPEN_TABLES", "SELECT 'records_batch', true WHERE %s::text[] IS NOT NULL", "owns records_batch"),
        ("OPEN_TABLES", "SELECT 'records_batch', false WHERE %s::text[] IS NOT NULL", "not enabled and forced"),
    ],
)
def test_a_role_that_is_not_bound_is_refused(
    monkeypatch: pytest.MonkeyPatch, statement: str, answer: str, reason: str
) -> None:
    monkeypatch.setattr(serving_role, statement, answer)
    with pytest.raises(ImproperlyConfigured, match=reason):
        serving_role_verify()


@pytest.fixture
def away() -> Iterator[None]:
    """The database is away at start-up."""
    with (
        patch("tenants.serving_role.serving_role_fault", side_effect=OperationalError("away")),
        patch("tenants.serving_role.connection"),
    ):
        serving_role_verify_at_start()
    yield
    serving_role._State.owed = False


def test_a_check_that_could_not_be_made_is_made_up_for(away: None) -> None:
    with patch("tenants.serving_role.serving_role_verify") as verify:
        serving_role_settle()
        serving_role_settle()
    assert verify.call_count == 1
