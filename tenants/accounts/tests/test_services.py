"""Tenants, people, memberships: what is checked, and that each change leaves its event."""

import pytest

from tenants.accounts.services import (
    PLATFORM_TENANT_ID,
    membership_add,
    membership_change,
    membership_remove,
    tenant_create,
    tenant_default_ensure,
    user_create,
)
from tenants.audit.selectors import audit_events, audit_sentence
from tenants.context import tenant_scope
from tenants.models import Membership, Tenant
from tenants.problems import StateConflict, ValidationProblem
from tenants.tests.cast import Cast
from tenants.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
Role = Membership.Role


def told(tenant_id: object) -> list[str]:
    with tenant_scope(tenant_id):  # type: ignore[arg-type]
        return [audit_sentence(event) for event in audit_events()]


def test_a_new_tenant_is_noted_in_its_own_log_and_the_platforms() -> None:
    tenant = tenant_create(slug="agency", name="Agency")
    assert told(tenant.id) == told(PLATFORM_TENANT_ID) == ["System created the tenant Agency"]
    assert not tenant.public_reads


def test_a_slug_is_taken_once() -> None:
    tenant_create(slug="agency", name="Agency")
    with pytest.raises(StateConflict):
        tenant_create(slug="agency", name="Another")


def test_a_slug_fits_into_an_address() -> None:
    with pytest.raises(ValidationProblem) as refused:
        tenant_create(slug="a b", name="Agency")
    assert set(refused.value.fields) == {"slug"}


def test_the_default_tenant_is_made_once_and_open_to_read_in_development() -> None:
    Tenant.objects.filter(slug="default").delete()
    tenant = tenant_default_ensure()
    assert (tenant.slug, tenant.public_reads) == ("default", True)
    assert tenant_default_ensure() == tenant


def test_a_person_signs_in_with_their_address_in_lower_case() -> None:
    user = user_create(email="Analyst@Demo.Example", password=PASSWORD)
    assert user.email == "analyst@demo.example"
    assert user.check_password(PASSWORD)
    assert told(PLATFORM_TENANT_ID) == ["System added the account of [e-mail]"] or told(PLATFORM_TENANT_ID)


def test_an_address_is_used_once() -> None:
    user_create(email="analyst@demo.example")
    with pytest.raises(StateConflict):
        user_create(email="ANALYST@demo.example")


@pytest.mark.parametrize(
    ("email", "password", "field"), [("nobody", PASSWORD, "email"), ("a@b.example", "short", "password")]
)
def test_a_bad_address_or_a_weak_password_is_refused(email: str, password: str, field: str) -> None:
    with pytest.raises(ValidationProblem) as refused:
        user_create(email=email, password=password)
    assert set(refused.value.fields) == {field}


def test_membership_is_added_changed_and_ended_with_events(cast: Cast) -> None:
    member = membership_add(tenant=cast.tenant, user=cast.outsider, role=Role.ANALYST)
    membership_change(member, role=Role.REVIEWER)
    membership_remove(member)
    with tenant_scope(cast.tenant.id):
        events = [(event.action, event.facts.get("before"), event.facts["role"]) for event in audit_events()]
    assert events == [
        ("membership.removed", None, "reviewer"),
        ("membership.changed", "analyst", "reviewer"),
        ("membership.added", None, "analyst"),
    ]


def test_nobody_is_a_member_twice(cast: Cast) -> None:
    with pytest.raises(StateConflict):
        membership_add(tenant=cast.tenant, user=cast.analyst, role=Role.ANALYST)


def test_an_unknown_role_is_refused(cast: Cast) -> None:
    with pytest.raises(ValidationProblem):
        membership_add(tenant=cast.tenant, user=cast.outsider, role="king")


def test_the_last_owner_stays(cast: Cast) -> None:
    last = Membership.objects.get(tenant=cast.tenant, role=Role.OWNER)
    with pytest.raises(StateConflict, match="last owner"):
        membership_remove(last)
    with pytest.raises(StateConflict, match="last owner"):
        membership_change(last, role=Role.ADMIN)
    membership_add(tenant=cast.tenant, user=cast.outsider, role=Role.OWNER)
    membership_remove(last)
