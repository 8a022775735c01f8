"""Members come, change and go: who may do it to whom, who stays in any case, and what ends with a role."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client

from tenants.access.identity import Identity, user_actor
from tenants.access.roles import MAY, PLATFORM_STAFF
from tenants.accounts.services import membership_change, user_change
from tenants.audit.selectors import audit_events
from tenants.commands import member_add, member_remove, member_role_set
from tenants.context import tenant_scope
from tenants.models import Membership, Tenant, User
from tenants.problems import NotAllowed, StateConflict, UnknownReference
from tenants.tests.cast import Cast, member

Role = Membership.Role


def acting(user: User, tenant: Tenant) -> Identity:
    role = Membership.objects.get(user=user, tenant=tenant).role
    return Identity(user_actor(user), tenant, user, role, MAY[role])


def of(user: User) -> Membership:
    return user.memberships.get()


def test_an_administrator_makes_no_owner_and_removes_none(cast: Cast) -> None:
    admin = acting(member(cast.tenant, Role.ADMIN), cast.tenant)
    with pytest.raises(NotAllowed):
        member_add(admin, user=cast.outsider, role=Role.OWNER)
    with pytest.raises(NotAllowed):
        member_role_set(admin, of(cast.analyst).id, role=Role.OWNER)
    with pytest.raises(NotAllowed):
        member_role_set(admin, of(cast.owner).id, role=Role.ANALYST)
    with pytest.raises(NotAllowed):
        member_remove(admin, of(cast.owner).id)
    assert member_role_set(admin, of(cast.analyst).id, role=Role.REVIEWER).role == Role.REVIEWER


def test_an_owner_makes_another_and_may_then_leave(cast: Cast) -> None:
    owner = acting(cast.owner, cast.tenant)
    member_role_set(owner, of(cast.analyst).id, role=Role.OWNER)
    member_remove(owner, of(cast.owner).id)
    assert [one.user for one in Membership.objects.filter(tenant=cast.tenant, role=Role.OWNER)] == [cast.analyst]


def test_platform_staff_give_a_new_tenant_its_first_owner(cast: Cast) -> None:
    staff = Identity(user_actor(cast.outsider), cast.tenant, cast.outsider, "", PLATFORM_STAFF)
    assert member_add(staff, user=cast.outsider, role=Role.OWNER).role == Role.OWNER


def test_a_member_of_another_tenant_is_not_there(cast: Cast) -> None:
    owner = acting(cast.owner, cast.tenant)
    for unknown in (of(cast.outsider).id, uuid4()):
        with pytest.raises(UnknownReference, match="No such member"):
            member_role_set(owner, unknown, role=Role.ANALYST)
        with pytest.raises(UnknownReference, match="No such member"):
            member_remove(owner, unknown)


def test_the_account_of_the_last_owner_is_not_closed(cast: Cast) -> None:
    with pytest.raises(StateConflict, match="last owner"):
        user_change(cast.owner, name="", is_staff=False, is_active=False)
    second = member(cast.tenant, "second")
    membership_change(of(second), role=Role.OWNER)
    user_change(second, name="", is_staff=False, is_active=False)
    # One whose account is closed does not count.
    with pytest.raises(StateConflict, match="last owner"):
        member_remove(acting(cast.owner, cast.tenant), of(cast.owner).id)


def test_a_role_change_ends_the_sessions_of_that_member_only(cast: Cast) -> None:
    overview, analyst, auditor = f"/t/{cast.tenant.slug}/", cast.browser(cast.analyst), cast.browser(cast.auditor)
    assert analyst.get(overview).status_code == 200
    member_role_set(acting(cast.owner, cast.tenant), of(cast.analyst).id, role=Role.REVIEWER)
    assert signed_out(analyst, overview)
    assert not signed_out(auditor, overview)
    cast.analyst.refresh_from_db()
    assert not signed_out(cast.browser(cast.analyst), overview)
    with tenant_scope(cast.tenant.id):
        [event] = audit_events(action="membership.changed")
    assert (event.facts["before"], event.facts["role"]) == ("analyst", "reviewer")


def test_the_same_role_again_changes_nothing(cast: Cast) -> None:
    analyst = cast.browser(cast.analyst)
    member_role_set(acting(cast.owner, cast.tenant), of(cast.analyst).id, role=Role.ANALYST)
    assert not signed_out(analyst, f"/t/{cast.tenant.slug}/")
    with tenant_scope(cast.tenant.id):
        assert not audit_events(action="membership.changed").exists()


def test_a_closed_account_and_an_ended_membership_are_signed_out(cast: Cast) -> None:
    analyst, auditor = cast.browser(cast.analyst), cast.browser(cast.auditor)
    user_change(cast.analyst, name="", is_staff=False, is_active=False)
    member_remove(acting(cast.owner, cast.tenant), of(cast.auditor).id)
    assert signed_out(analyst, "/")
    assert signed_out(auditor, "/")


def signed_out(browser: Client, path: str) -> bool:
    response = browser.get(path)
    return response.status_code == 302 and response["Location"].startswith("/accounts/login/")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("acts", [("remove", "remove"), ("demote", "demote"), ("remove", "demote")], ids="-".join)
def test_two_owners_who_end_each_other_at_once_leave_one(cast: Cast, acts: tuple[str, str]) -> None:
    second = member(cast.tenant, "second")
    Membership.objects.filter(user=second).update(role=Role.OWNER)
    # Both are found to be owners before either acts.
    doers, others = [acting(user, cast.tenant) for user in (cast.owner, second)], [of(second).id, of(cast.owner).id]
    start = Barrier(2)

    def end(act: str, doer: Identity, other: UUID) -> bool:
        start.wait()
        try:
            with tenant_scope(cast.tenant.id):
                if act == "remove":
                    member_remove(doer, other)
                else:
                    member_role_set(doer, other, role=Role.ANALYST)
        except StateConflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(end, acts, doers, others)) == [False, True]
    assert Membership.objects.filter(tenant=cast.tenant, role=Role.OWNER).count() == 1
