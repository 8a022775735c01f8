"""Every tenant filter left out in turn, where no row security stands behind it: the walk notices.

With row security behind it nothing comes of most of them, which is what it is for. And every policy left out in turn:
raw SQL gets through, and the check at start-up notices.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from psycopg import sql

from cortx.database_roles import database_url, libpq_url
from cortx.testing.database import Databases
from cortx.testing.figures import RecordFigure
from cortx.tests.walk.mutants import Mutant, filters
from cortx.tests.walk.probes import outcomes, targets
from cortx.tests.walk.routes import routes
from cortx.tests.walk.walk import Twins, Walk, browser
from tenants.context import tenant_scope
from tenants.serving_role import serving_role_verify, tenant_tables

UNSEEN = {
    "records/runs/bulk.py: rows_delete": "the rows are also confined to the ids of one batch or run",
    "records/runs/explaining.py: explained": "the work about a finding of the tenant",
    "tenants/access/administration.py: administrator": "picks a role and a tenant among the person's own",
    "tenants/access/tokens.py: tokens_membership": "the tenant and the person stand signed in the token",
    "tenants/accounts/second_factor.py: code_accepted": "the codes of whoever signs in; tried with the second factor",
    "tenants/accounts/second_factor.py: second_factor_set": "whether whoever signs in has one; tried there too",
    "tenants/accounts/services.py: _keep_an_owner": "counts owners; tried with the rules of members",
    "tenants/accounts/services.py: membership_add": "refuses who is a member; tried with the rules of members",
    "tenants/accounts/services.py: membership_locked": "the screen has found the membership in its tenant before",
    "tenants/accounts/services.py: user_change": "for platform staff",
    "tenants/approvals/services.py: _is_alone": "counts members; tried with the rules of approvals",
    "tenants/invitations/services.py: _still_given": "what the sender may give; tried with the rules of invitations",
    "tenants/audit/sealing.py: audit_seal": "a worker's, with no caller; tried with the seal",
    "tenants/audit/stored.py: unsealed_stranger": "for whoever runs the installation",
    "tenants/audit/stored.py: waiting_count": "for whoever runs the installation",
    "tenants/work/rotation.py: work_sooner": "a worker's, with no caller; tried with the turns of tenants",
    "tenants/work/services.py: work_waits": "a worker's, with no caller; tried with the delivery of checkpoints",
}
"""Filters whose absence shows nothing to an outsider, by file and function, and why."""
SEEN = [mutant for mutant in filters() if mutant.place not in UNSEEN]


@contextmanager
def open_tables(databases: Databases, tables: list[str]) -> Iterator[None]:
    """The tables have no row security for the length of the scope, which must enclose every transaction."""
    url = database_url(databases.owner_url, str(connection.settings_dict["NAME"]))
    with psycopg.connect(libpq_url(url), autocommit=True) as owner:
        switch(owner, tables, "DISABLE")
        try:
            yield
        finally:
            switch(owner, tables, "ENABLE")


def switch(owner: psycopg.Connection, tables: list[str], way: LiteralString) -> None:
    for table in tables:
        owner.execute(sql.SQL("ALTER TABLE {} " + way + " ROW LEVEL SECURITY").format(sql.Identifier(table)))


@pytest.fixture(scope="module")
def wide_open(databases: Databases) -> Iterator[None]:
    """No table has row security."""
    with open_tables(databases, tenant_tables()):
        yield


@pytest.fixture
def one_open(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """One table has no row security."""
    with open_tables(databases, [request.param]):
        yield request.param


def everything(walk: Walk) -> Twins:
    """What the owner of another tenant asks, questions first: they are quicker."""
    for route in routes():
        if set(route.parameters) <= {"slug"}:
            yield from walk.questions(route)
    for route in routes():
        yield from walk.visits(route)


def test_filters_of_every_kind_are_found() -> None:
    found = {(mutant.file, mutant.inside) for mutant in filters()}
    assert ("tenants/scoping.py", "TenantManager.get_queryset") in found
    assert ("tenants/access/admin.py", "ApiKeyScreen.get_queryset") in found
    assert ("tenants/access/identity.py", "memberships_of") in found
    assert ("records/runs/bulk.py", "rows_delete") in found
    assert UNSEEN.keys() <= {mutant.place for mutant in filters()}


@pytest.mark.battery
def test_the_filters_alone_are_enough(wide_open: None, walk: Walk) -> None:
    """Two walls: without row security the walk still finds nothing."""
    assert [*walk.faults(browser(walk.cast), everything(walk))] == []


@pytest.mark.battery
@pytest.mark.parametrize("mutant", SEEN, ids=str)
def test_the_walk_notices_that_a_filter_is_left_out(
    wide_open: None, mutant: Mutant, walk: Walk, record_figure: RecordFigure
) -> None:
    outsider = browser(walk.cast)
    with mutant.planted():
        fault = next(walk.faults(outsider, everything(walk)), "not noticed")
    record_figure(mutant.place, fault.partition("\n")[0][:160])
    assert fault != "not noticed"


@pytest.mark.battery
@pytest.mark.parametrize("one_open", tenant_tables(), indirect=True)
def test_raw_sql_and_start_up_notice_that_a_policy_is_left_out(one_open: str, walk: Walk) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"row security of {one_open} is not enabled"):
        serving_role_verify()
    target = next(target for target in targets(walk.cast) if target.table == one_open)
    with transaction.atomic(), tenant_scope(walk.cast.other.id):
        assert [name for name, outcome in outcomes(target) if outcome.reached]
        transaction.set_rollback(True)
