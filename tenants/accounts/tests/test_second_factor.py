"""The second factor: asked for at sign-in, by browser and by program, and in front of the admin."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tenants.accounts.services import PLATFORM_TENANT_ID
from tenants.accounts.tests.codes import app_set_up, code_of, recovery_codes_made
from tenants.audit.selectors import audit_events
from tenants.context import tenant_scope
from tenants.models import User
from tenants.tests.cast import Cast
from tenants.tests.factories import PASSWORD

LOGIN, CODE, SET_UP = "/accounts/login/", "/accounts/2fa/authenticate/", "/accounts/2fa/totp/activate/"


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    cache.clear()


def log() -> list[str]:
    with tenant_scope(PLATFORM_TENANT_ID):
        return [event.action for event in audit_events()]


def password_shown(user: User) -> Client:
    client = Client()
    response = client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert response["Location"].startswith(CODE)
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_password_alone_does_not_sign_in_who_has_an_app(cast: Cast) -> None:
    secret = app_set_up(cast.analyst)
    client = password_shown(cast.analyst)
    assert not is_in(client)
    assert client.post(CODE, {"code": "000000"}).status_code == 200
    assert not is_in(client)
    assert client.post(CODE, {"code": code_of(secret)}).status_code == 302
    assert is_in(client)
    assert log() == ["user.signed_in", "user.code_refused"]


def test_a_code_works_once(cast: Cast) -> None:
    code = code_of(app_set_up(cast.analyst))
    first, second = password_shown(cast.analyst), password_shown(cast.analyst)
    first.post(CODE, {"code": code})
    second.post(CODE, {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)


def test_a_code_works_once_for_as_long_as_it_is_taken(cast: Cast) -> None:
    code = code_of(app_set_up(cast.analyst), later=1)
    first, second = password_shown(cast.analyst), password_shown(cast.analyst)
    first.post(CODE, {"code": code})
    # A period later: the library's own note of the code is gone.
    cache.delete(f"allauth.mfa.totp.used?user={cast.analyst.id}&code={code}")
    second.post(CODE, {"code": f"{code[:3]} {code[3:]}"})
    sent = {"email": cast.analyst.email, "password": PASSWORD, "code": code}
    cache.delete(f"allauth.mfa.totp.used?user={cast.analyst.id}&code={code}")
    by_program = Client().post("/api/v1/auth/login", sent, content_type="application/json")
    assert (is_in(first), is_in(second), by_program.status_code) == (True, False, 401)


def test_a_recovery_code_stands_in_once(cast: Cast) -> None:
    app_set_up(cast.analyst)
    code = recovery_codes_made(cast.analyst)[0]
    first, second = password_shown(cast.analyst), password_shown(cast.analyst)
    first.post(CODE, {"code": code})
    second.post(CODE, {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)


def test_guessing_codes_is_stopped(cast: Cast) -> None:
    secret = app_set_up(cast.analyst)
    client = password_shown(cast.analyst)
    for _ in range(6):
        client.post(CODE, {"code": "000000"})
    client.post(CODE, {"code": code_of(secret)})
    assert not is_in(client)


def test_programs_send_the_code_with_the_password(cast: Cast) -> None:
    secret = app_set_up(cast.analyst)
    asked = {"email": cast.analyst.email, "password": PASSWORD}

    def answer(**more: str) -> int:
        return Client().post("/api/v1/auth/login", {**asked, **more}, content_type="application/json").status_code

    assert [answer(), answer(code="000000"), answer(code=code_of(secret)), answer(code=code_of(secret))] == [
        401, 401, 200, 401,
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_an_app_is_set_up_by_its_code_and_recovery_codes_are_shown_once(cast: Cast) -> None:
    client = Client()
    client.post(LOGIN, {"login": cast.owner.email, "password": PASSWORD})
    confirm = client.get(SET_UP)["Location"]
    page = client.post(confirm, {"password": PASSWORD, "next": SET_UP}, follow=True).content.decode()
    assert "<svg" in page
    assert "<?xml" not in page
    secret = re.search(r'id="totp-key">([A-Z2-7]+)<', page)
    assert secret is not None
    shown = client.post(SET_UP, {"code": code_of(secret[1])}, follow=True).content.decode()
    codes = re.findall(r"<li>([\d\s-]+)</li>", shown)
    assert len(codes) == 10
    assert codes[0] not in client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert "user.second_factor_set" in log()
    assert mail.outbox[0].subject == "CORTX: second factor set up"


def test_the_secret_of_an_app_is_kept_encrypted(cast: Cast) -> None:
    secret = app_set_up(cast.analyst)
    assert secret not in str(Authenticator.objects.get().data)


def test_the_admin_asks_for_a_second_factor(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.owner)
    assert (
        client.get("/admin/", follow=True).redirect_chain[-1][0].startswith(("/accounts/2fa/totp", "/accounts/reauth"))
    )
    secret = app_set_up(cast.owner)
    to_code = client.get("/admin/tenants/apikey/", follow=True).redirect_chain[-1][0]
    assert to_code.startswith("/accounts/2fa/reauthenticate/")
    entered = client.post(to_code, {"code": code_of(secret)}, follow=True)
    assert entered.redirect_chain[-1][0] == "/admin/tenants/apikey/"
    assert entered.status_code == 200


def test_a_password_is_chosen_anew_by_mail(cast: Cast) -> None:
    other = cast.browser(cast.analyst)
    Client().post("/accounts/password/reset/", {"email": cast.analyst.email})
    link = re.search(r"https?://testserver(/\S+)", str(mail.outbox[0].body))
    assert link is not None
    client = Client()
    form = client.get(link[1], follow=True).redirect_chain[-1][0]
    new = "five quite unusual words here"
    client.post(form, {"password1": new, "password2": new})
    cast.analyst.refresh_from_db()
    assert cast.analyst.check_password(new)
    assert other.get("/")["Location"].startswith(LOGIN)
    assert "user.password_reset" in log()
    assert "used, or is too old" in Client().get(link[1], follow=True).content.decode()


def test_asking_for_a_new_password_tells_nothing_about_the_account(cast: Cast) -> None:
    known, unknown = (
        Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in (cast.analyst.email, "who@agency.example")
    )
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert len(mail.outbox) == 1


def test_a_locked_account_looks_as_one_that_does_not_exist(cast: Cast) -> None:
    pages = []
    for email in (cast.analyst.email, "who@agency.example"):
        for _ in range(6):
            page = Client().post(LOGIN, {"login": email, "password": "wrong"}).content.decode()
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page).replace(email, "…"))
    assert pages[0] == pages[1]
    assert log().count("user.locked_out") == 2
