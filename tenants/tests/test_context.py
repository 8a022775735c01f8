"""Binding a tenant: what is refused without one, and what a scope leaves behind."""

import pytest
from django.db import connection, transaction

from tenants.audit.models import AuditEvent
from tenants.context import NoTenantBound, bound_tenant_id, current_tenant_id, tenant_scope
from tenants.tests.cast import Cast
from tenants.tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


def setting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant_id', true)")
        return str(cursor.fetchone()[0] or "")


def test_without_a_tenant_the_manager_refuses() -> None:
    with pytest.raises(NoTenantBound):
        AuditEvent.objects.count()
    with pytest.raises(NoTenantBound):
        current_tenant_id()


def test_a_scope_binds_and_lets_go(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        assert current_tenant_id() == cast.tenant.id
        assert setting() == str(cast.tenant.id)
    assert bound_tenant_id() is None
    assert setting() == ""


def test_an_inner_scope_gives_the_tenant_back(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        with tenant_scope(cast.other.id):
            assert setting() == str(cast.other.id)
        assert setting() == str(cast.tenant.id)


def test_an_inner_scope_that_fails_gives_the_tenant_back(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        with pytest.raises(ValueError, match="inside"), tenant_scope(cast.other.id):
            raise ValueError("inside")
        assert setting() == str(cast.tenant.id)
        assert current_tenant_id() == cast.tenant.id


def test_a_scope_marked_for_rollback_ends_quietly(cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        transaction.set_rollback(True)
    assert setting() == ""


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_scope_stays_on_the_connection() -> None:
    with tenant_scope(TenantFactory.create().id):
        assert setting() != ""
    assert setting() == ""
