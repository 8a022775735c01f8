"""Raw SQL over every tenant table, as another tenant and as none: nothing is read, changed, added, taken or told."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
from django.db import transaction

from cortx.testing.figures import RecordFigure
from cortx.tests.walk.canaries import contents
from cortx.tests.walk.probes import Target, outcomes, targets
from cortx.tests.walk.walk import Walk
from cortx.trust.probes import made, said
from tenants.context import tenant_scope
from tenants.scoping import new_id

Bound = Callable[[Walk], AbstractContextManager[None]]


def another_tenant(walk: Walk) -> AbstractContextManager[None]:
    return tenant_scope(walk.cast.other.id)


def no_tenant(walk: Walk) -> AbstractContextManager[None]:
    return nullcontext()


@pytest.mark.parametrize("caller", [another_tenant, no_tenant])
def test_no_statement_reaches_a_tenants_row_as(caller: Bound, walk: Walk, record_figure: RecordFigure) -> None:
    leaks, probes = [], 0
    for target in targets(walk.cast):
        with transaction.atomic(), caller(walk):
            for name, outcome in outcomes(target):
                probes += 1
                if outcome.reached:
                    leaks.append(f"{target.table}: {name}: {outcome}")
            if contents(walk.cast.tenant) != walk.rows:
                leaks.append(f"{target.table}: was changed")
            transaction.set_rollback(True)
    record_figure(f"leaks over {probes:,} raw statements as {caller.__name__.replace('_', ' ')}", len(leaks))
    assert leaks == []


def test_equal_rows_of_two_tenants_are_not_in_each_others_way_and_none_can_be_moved(walk: Walk) -> None:
    for target in targets(walk.cast):
        with transaction.atomic(), tenant_scope(walk.cast.other.id):
            mine = str(new_id())
            assert said(made(target.table), [target.copy(tenant_id=target.own, id=mine)]).rows == 1, target.table
            moved = said(f"UPDATE {target.table} SET tenant_id = %s WHERE id = %s", [target.owner, mine])
            assert moved.state == "42501", target.table
            transaction.set_rollback(True)


def test_a_reference_to_another_tenants_row_is_refused_as_one_to_nothing(walk: Walk) -> None:
    for target in targets(walk.cast):
        for column in target.references:
            theirs, nothing = target.row[column], str(new_id())
            assert [pointing(walk, target, column, to) for to in (theirs, nothing)] == ["23503", "23503"], column


def pointing(walk: Walk, target: Target, column: str, to: str) -> str:
    """The state in which it ends when the other tenant adds a row that points there."""
    with transaction.atomic(), tenant_scope(walk.cast.other.id):
        row = target.copy(tenant_id=target.own, id=str(new_id()), **{column: to})
        assert said(made(target.table), [row]).rows == 1
        state = said(f"SET CONSTRAINTS {target.table}_{column}_same_tenant IMMEDIATE", []).state
        transaction.set_rollback(True)
    return state
