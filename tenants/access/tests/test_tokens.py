"""Tokens over the API: what is accepted, what is refused, and in which words."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from tenants.access.jwts import LIFETIME
from tenants.access.tokens import FAMILY_LIFETIME, tokens_forget, tokens_open
from tenants.accounts.services import membership_add, membership_change, sign_ins_end
from tenants.audit.selectors import audit_events
from tenants.context import tenant_scope
from tenants.models import Membership, TokenFamily
from tenants.tests.cast import Cast
from tenants.tests.factories import PASSWORD

LOGIN, REFRESH, LOGOUT = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/logout"
INVALID, REVOKED = "Invalid authentication credentials", "Token has been revoked"
Pair = dict[str, str]


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    cache.clear()


def sent(path: str, **body: object) -> tuple[int, dict[str, str]]:
    response = Client().post(path, body, content_type="application/json")
    return response.status_code, response.json() if response.content else {}


def signed_in(cast: Cast) -> Pair:
    status, pair = sent(LOGIN, email=cast.analyst.email, password=PASSWORD)
    assert status == 200
    return pair


def read(access: str, **headers: str) -> tuple[int, str]:
    response = Client().get("/api/v1/batches", headers={"Authorization": f"Bearer {access}", **headers})
    assert response.status_code != 401 or response["WWW-Authenticate"].startswith("Bearer")
    return response.status_code, response.json().get("detail", "")


def log(cast: Cast) -> list[str]:
    with tenant_scope(cast.tenant.id):
        return [event.action for event in audit_events(object_type="tokenfamily")]


def test_a_sign_in_gives_a_pair_that_works_and_is_kept_by_no_cache(cast: Cast) -> None:
    body = {"email": cast.analyst.email.upper(), "password": PASSWORD}
    response = Client().post(LOGIN, body, content_type="application/json")
    pair = response.json()
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 900)
    assert response["Cache-Control"] == "no-store"
    assert read(pair["access"]) == (200, "")
    assert log(cast) == ["tokens.opened"]


def test_an_access_token_needs_no_form_token_and_acts_as_its_person(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {signed_in(cast)['access']}"})
    body = {"source": "a", "category": "b", "payload": {}}
    assert client.post("/api/v1/records", body, content_type="application/json").status_code == 201


@pytest.mark.parametrize(("email", "password"), [("analyst@agency.example", "wrong"), ("who@agency.example", PASSWORD)])
def test_a_wrong_sign_in_says_nothing_about_the_account(cast: Cast, email: str, password: str) -> None:
    status, problem = sent(LOGIN, email=email, password=password)
    assert (status, problem["detail"]) == (401, INVALID)


def test_guessing_locks_the_account_for_programs_too(cast: Cast) -> None:
    answers = [sent(LOGIN, email=cast.analyst.email, password="wrong")[0] for _ in range(6)]
    assert answers == [401, 401, 401, 401, 401, 429]
    assert sent(LOGIN, email=cast.analyst.email, password=PASSWORD)[0] == 429


def test_a_member_of_two_tenants_names_one(cast: Cast) -> None:
    membership_add(tenant=cast.other, user=cast.analyst, role=Membership.Role.AUDITOR)
    asked = {"email": cast.analyst.email, "password": PASSWORD}
    assert sent(LOGIN, **asked)[0] == 400
    status, pair = sent(LOGIN, **asked, tenant="elsewhere")
    assert (status, read(pair["access"], **{"X-Tenant": "elsewhere"})[0]) == (200, 200)
    assert read(pair["access"], **{"X-Tenant": "agency"})[0] == 404
    assert sent(LOGIN, **asked, tenant="nothing")[1]["detail"] == INVALID


def test_a_refresh_gives_a_new_pair_and_ends_the_old_one(cast: Cast) -> None:
    old = signed_in(cast)
    status, new = sent(REFRESH, refresh=old["refresh"])
    assert status == 200
    assert read(new["access"]) == (200, "")
    assert read(old["access"]) == (401, REVOKED)


def test_an_old_refresh_token_revokes_everything_from_that_sign_in(cast: Cast) -> None:
    old, other = signed_in(cast), signed_in(cast)
    new = sent(REFRESH, refresh=old["refresh"])[1]
    status, problem = sent(REFRESH, refresh=old["refresh"])
    assert (status, problem["detail"]) == (401, REVOKED)
    assert read(new["access"]) == (401, REVOKED)
    assert sent(REFRESH, refresh=new["refresh"])[1]["detail"] == REVOKED
    assert read(other["access"]) == (200, "")
    assert log(cast)[0] == "tokens.reused"


def test_signing_out_is_effective_on_the_next_request(cast: Cast) -> None:
    pair = signed_in(cast)
    assert sent(LOGOUT, refresh=pair["refresh"]) == (204, {})
    assert read(pair["access"]) == (401, REVOKED)
    assert sent(REFRESH, refresh=pair["refresh"])[1]["detail"] == REVOKED
    assert log(cast)[0] == "tokens.revoked"


def ended(cast: Cast) -> None:
    cast.analyst.memberships.get().delete()


def closed(cast: Cast) -> None:
    cast.tenant.is_active = False
    cast.tenant.save()


@pytest.mark.parametrize(
    "change",
    [
        lambda cast: membership_change(cast.analyst.memberships.get(), role=Membership.Role.REVIEWER),
        lambda cast: sign_ins_end(cast.analyst),
        ended,
        closed,
    ],
    ids=["another role", "signed out everywhere", "no member any more", "tenant closed"],
)
def test_what_ends_a_sign_in_revokes_its_tokens(cast: Cast, change: Callable[[Cast], None]) -> None:
    pair = signed_in(cast)
    change(cast)
    assert read(pair["access"]) == (401, REVOKED)


def test_the_role_is_read_at_each_request(cast: Cast) -> None:
    access = signed_in(cast)["access"]
    Membership.objects.filter(user=cast.analyst).update(role=Membership.Role.REVIEWER)
    client = Client(headers={"Authorization": f"Bearer {access}"})
    assert client.get("/api/v1/batches").status_code == 200
    assert client.post("/api/v1/records", {}, content_type="application/json").status_code == 403


def test_tokens_end_with_their_time(cast: Cast) -> None:
    pair = signed_in(cast)
    with time_machine.travel(timezone.now() + LIFETIME + timedelta(seconds=1)):
        assert read(pair["access"]) == (401, INVALID)
        assert sent(REFRESH, refresh=pair["refresh"])[0] == 200
    with time_machine.travel(timezone.now() + FAMILY_LIFETIME + timedelta(seconds=1)):
        assert sent(REFRESH, refresh=pair["refresh"])[0] == 401
        with tenant_scope(cast.tenant.id):
            assert tokens_forget() == 1
            assert not TokenFamily.objects.exists()


def said(cast: Cast, **changes: object) -> dict[str, object]:
    """What a good token of a fresh pair says, changed."""
    issued = tokens_open(user=cast.analyst, tenant=cast.tenant)
    claims = jwt.decode(issued.access, options={"verify_signature": False})
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def signed(claims: dict[str, object], key: str = "", algorithm: str = "HS256", **header: object) -> str:
    return jwt.encode(claims, key or settings.JWT_SECRET_KEY, algorithm=algorithm, headers=header)


def part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


FORGERIES: dict[str, Callable[[Cast], str]] = {
    "another key": lambda cast: signed(said(cast), key="k" * 64),
    "another algorithm": lambda cast: signed(said(cast), algorithm="HS512"),
    "no algorithm": lambda cast: f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(said(cast))}.",
    "no algorithm, in capitals": lambda cast: f"{part({'alg': 'None'})}.{part(said(cast))}.",
    "a key of its own in the header": lambda cast: signed(
        said(cast), key="k" * 64, jwk={"kty": "oct", "k": base64.urlsafe_b64encode(b"k" * 64).decode()}
    ),
    "a key named in the header": lambda cast: signed(said(cast), key="\0" * 64, kid="../../dev/null"),
    "a key fetched from an address": lambda cast: signed(said(cast), key="k" * 64, jku="http://127.0.0.1/keys"),
    "an unknown critical header": lambda cast: signed(said(cast), crit=["exp"], exp=1),
    "expired": lambda cast: signed(said(cast, exp=1)),
    "not valid yet": lambda cast: signed(said(cast, nbf=4_000_000_000)),
    "another issuer": lambda cast: signed(said(cast, iss="elsewhere")),
    "another audience": lambda cast: signed(said(cast, aud="elsewhere")),
    "a refresh token by type": lambda cast: signed(said(cast, typ="refresh")),
    "no type": lambda cast: signed(said(cast, typ=None)),
    "no subject": lambda cast: signed(said(cast, sub=None)),
    "no expiry": lambda cast: signed(said(cast, exp=None)),
    "no issuer": lambda cast: signed(said(cast, iss=None)),
    "no audience": lambda cast: signed(said(cast, aud=None)),
    "a subject that is no id": lambda cast: signed(said(cast, sub="root")),
    "somebody else's subject": lambda cast: signed(said(cast, sub=str(cast.owner.id))),
    "another tenant": lambda cast: signed(said(cast, tenant_id=str(cast.other.id))),
    "a tenant that is a number": lambda cast: signed(said(cast, tenant_id=7)),
    "a pair nobody issued": lambda cast: signed(said(cast, jti=str(uuid4()))),
    "a signature cut short": lambda cast: signed(said(cast))[:-4],
    "nothing in three parts": lambda cast: "..",
    "a refresh token": lambda cast: tokens_open(user=cast.analyst, tenant=cast.tenant).refresh,
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_forged_token_is_taken(cast: Cast, forgery: str) -> None:
    assert read(FORGERIES[forgery](cast)) == (401, INVALID)


def test_a_good_token_made_the_same_way_is_taken(cast: Cast) -> None:
    assert read(signed(said(cast))) == (200, "")


def test_no_forged_refresh_token_is_taken(cast: Cast) -> None:
    pair = signed_in(cast)
    good = pair["refresh"]
    mark, ids, _ = good.split("_", 2)
    here, there = cast.tenant.id.hex, cast.other.id.hex
    for text in ("", "x", pair["access"], f"{mark}_{ids}_{'a' * 43}", good.replace(here, there), good + "a", good[:-1]):
        for path in (REFRESH, LOGOUT):
            status, problem = sent(path, refresh=text)
            assert (status, problem["detail"]) == (401, INVALID)
    assert sent(REFRESH, refresh=good)[0] == 200


@pytest.mark.django_db(transaction=True)
def test_of_six_refreshes_at_once_one_succeeds(cast: Cast) -> None:
    refresh = tokens_open(user=cast.analyst, tenant=cast.tenant).refresh

    def attempt(_: int) -> tuple[int, dict[str, str]]:
        try:
            return sent(REFRESH, refresh=refresh)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(attempt, range(6)), key=lambda answer: answer[0])
    assert [status for status, _ in answers] == [200, 401, 401, 401, 401, 401]
    assert {problem["detail"] for _, problem in answers[1:]} == {REVOKED}
    assert read(answers[0][1]["access"]) == (401, REVOKED)
