"""Signing in with address and password, and what the log says about it."""

import pytest
from django.core.cache import cache
from django.test import Client

from tenants.accounts.services import PLATFORM_TENANT_ID
from tenants.audit.selectors import audit_events
from tenants.context import tenant_scope
from tenants.tests.cast import Cast
from tenants.tests.factories import PASSWORD

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    cache.clear()


def sign_in(client: Client, email: str, password: str) -> int:
    return client.post(LOGIN, {"login": email, "password": password}).status_code


def log() -> list[tuple[str, str]]:
    with tenant_scope(PLATFORM_TENANT_ID):
        return [(event.action, event.object_id) for event in audit_events()]


def test_a_person_signs_in_and_out(cast: Cast, client: Client) -> None:
    assert sign_in(client, cast.analyst.email, PASSWORD) == 302
    assert client.session["_auth_user_id"] == str(cast.analyst.id)
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session
    assert log() == [("user.signed_out", str(cast.analyst.id)), ("user.signed_in", str(cast.analyst.id))]


def test_a_wrong_password_is_noted(cast: Cast, client: Client) -> None:
    assert sign_in(client, cast.analyst.email, "wrong") == 200
    assert log() == [("user.sign_in_failed", str(cast.analyst.id))]


def test_an_unknown_address_is_noted_without_being_written_down(cast: Cast, client: Client) -> None:
    assert sign_in(client, "nobody@demo.example", "wrong") == 200
    assert log() == [("user.sign_in_failed", str(PLATFORM_TENANT_ID))]


def test_guessing_is_slowed_down(cast: Cast, client: Client) -> None:
    for _ in range(12):
        sign_in(client, cast.analyst.email, "wrong")
    sign_in(client, cast.analyst.email, PASSWORD)
    assert "_auth_user_id" not in client.session


def test_guessing_under_another_name_of_the_server_is_slowed_down_all_the_same(cast: Cast, client: Client) -> None:
    for port in range(9_000, 9_005):
        client.post(LOGIN, {"login": cast.analyst.email, "password": "wrong"}, headers={"Host": f"localhost:{port}"})
    client.post(LOGIN, {"login": cast.analyst.email, "password": PASSWORD}, headers={"Host": "127.0.0.1:9005"})
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up(client: Client, db: None) -> None:
    form = {"email": "new@demo.example", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)
    assert "_auth_user_id" not in client.session
