"""The demo tenant: made once, people can sign in, and its delivery waits to be judged."""

import pytest
from pytest_django.fixtures import Settings

from cortx.demo import OPERATOR, PEOPLE, SLUG, demo_password, demo_seed, demo_sign_in
from records.datasets.models import Batch
from tenants.accounts.models import Membership, Tenant, User
from tenants.context import tenant_scope

pytestmark = pytest.mark.django_db


def test_the_demo_is_made_once() -> None:
    first = demo_seed()
    assert first is not None
    assert demo_seed() is None
    tenant = Tenant.objects.get(slug=SLUG)
    with tenant_scope(tenant.id):
        assert [batch.last_run for batch in Batch.objects.all()] == [first]
    roles = Membership.objects.filter(tenant=tenant, user__email__in=PEOPLE).values_list("user__email", "role")
    assert dict(roles) == PEOPLE


def test_the_shown_password_signs_in() -> None:
    demo_seed()
    assert any(demo_password() in line for line in demo_sign_in())
    for email in [*PEOPLE, OPERATOR]:
        assert User.objects.get(email=email).check_password(demo_password())


def test_a_password_that_no_longer_holds_is_not_shown() -> None:
    demo_seed()
    operator = User.objects.get(email=OPERATOR)
    operator.set_password("chosen by somebody")
    operator.save()
    assert not any(demo_password() in line for line in demo_sign_in())


def test_each_installation_has_a_password_of_its_own(settings: Settings) -> None:
    mine = demo_password()
    settings.SECRET_KEY = "another installation"
    assert demo_password() != mine


def test_only_the_operator_is_platform_staff() -> None:
    demo_seed()
    assert set(User.objects.filter(is_staff=True).values_list("email", flat=True)) == {OPERATOR}
