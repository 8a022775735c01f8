"""Request 101 of 100 is refused: by key, session, address and tenant, in memory and in Redis."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from tenants.access.keys import key_issue
from tenants.rates import services
from tenants.rates.counters import MemoryCounters, RedisCounters
from tenants.scoping import new_id
from tenants.tests.cast import Cast

URL = "/api/v1/records"
LIMIT = 100


@pytest.fixture(params=["memory", "redis"])
def _counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryCounters() if request.param == "memory" else RedisCounters(django_settings.REDIS_URL)
    monkeypatch.setattr(services, "counters", lambda: store)
    # The minute must not turn in the middle of a test.
    monkeypatch.setattr(services, "clock", lambda: 6_000.0 + new_id().int % 10**6 * 60)


@pytest.fixture
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 6_000.0 + new_id().int % 10**6 * 60
    monkeypatch.setattr(services, "clock", lambda: now)


def statuses(client: Client, count: int, **extra: Any) -> list[int]:
    return [client.get(URL, **extra).status_code for _ in range(count)]


@pytest.mark.usefixtures("_counted", "_still")
def test_request_101_of_100_of_a_session_is_refused(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_SESSION = LIMIT
    browser = cast.browser(cast.analyst)
    assert statuses(browser, LIMIT) == [200] * LIMIT
    refused = browser.get(URL)
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["RateLimit-Remaining"] == "0"
    assert cast.browser(cast.owner).get(URL).status_code == 200
    page = browser.get(f"/t/{cast.tenant.slug}/")
    assert page.status_code == 429
    assert b"requests in a minute" in page.content


@pytest.mark.usefixtures("_counted", "_still")
def test_a_key_has_a_limit_of_its_own(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_KEY, settings.RATE_LIMIT_SESSION = 3, LIMIT
    first, second = (key_issue(tenant=cast.tenant, name=name, scopes=["read"])[1] for name in ("a", "b"))
    assert statuses(Client(), 4, headers={"X-API-Key": first}) == [200, 200, 200, 429]
    assert statuses(Client(), 1, headers={"X-API-Key": second}) == [200]
    assert statuses(cast.browser(cast.analyst), 4) == [200] * 4


@pytest.mark.usefixtures("_counted", "_still")
def test_a_tenant_s_people_share_its_limit_and_another_tenant_s_do_not(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_TENANT = 5
    assert statuses(cast.browser(cast.analyst), 3) == [200] * 3
    assert statuses(cast.browser(cast.owner), 3) == [200, 200, 429]
    assert statuses(cast.browser(cast.outsider), 2) == [200, 200]


@pytest.mark.usefixtures("_counted", "_still")
def test_guessing_keys_is_limited_by_address(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_ANONYMOUS = 3
    guesses = [Client().get(URL, headers={"X-API-Key": f"guess{number}"}).status_code for number in range(5)]
    assert guesses == [401, 401, 401, 429, 429]
    elsewhere = Client().get(URL, headers={"X-API-Key": "guess"}, REMOTE_ADDR="192.0.2.1")
    assert elsewhere.status_code == 401


@pytest.mark.usefixtures("_counted", "_still")
def test_what_is_left_is_told(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_SESSION, settings.RATE_LIMIT_TENANT = 10, 1_000
    answer = cast.browser(cast.analyst).get(URL)
    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("10", "9")


@pytest.mark.usefixtures("_counted")
def test_the_next_minute_begins_anew(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMIT_SESSION = 1
    browser, start = cast.browser(cast.analyst), 6_000.0 + new_id().int % 10**6 * 60
    monkeypatch.setattr(services, "clock", lambda: start)
    assert statuses(browser, 2) == [200, 429]
    monkeypatch.setattr(services, "clock", lambda: start + 60)
    assert statuses(browser, 1) == [200]


def test_zero_is_no_limit(cast: Cast, settings: Any) -> None:
    for name in ("SESSION", "TENANT", "KEY", "ANONYMOUS"):
        setattr(settings, f"RATE_LIMIT_{name}", 0)
    answer = cast.browser(cast.analyst).get(URL)
    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer


def test_without_redis_nobody_is_refused(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMIT_SESSION = 1
    away = RedisCounters("redis://127.0.0.1:1/0")
    monkeypatch.setattr(services, "counters", lambda: away)
    body = json.dumps({"source": "feed", "category": "ledger", "payload": {}})
    browser = cast.browser(cast.analyst)
    assert statuses(browser, 3) == [200] * 3
    assert browser.post(URL, body, content_type="application/json").status_code == 201


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("store", [MemoryCounters(), RedisCounters(django_settings.REDIS_URL)], ids=["memory", "redis"])
def test_exactly_the_limit_passes_however_many_ask_at_once(
    cast: Cast, live_server: LiveServer, settings: Any, monkeypatch: pytest.MonkeyPatch, store: Any
) -> None:
    minute = 6_000.0 + new_id().int % 10**6 * 60
    monkeypatch.setattr(services, "counters", lambda: store)
    monkeypatch.setattr(services, "clock", lambda: minute)
    settings.RATE_LIMIT_KEY = LIMIT
    text = key_issue(tenant=cast.tenant, name="busy", scopes=["read"])[1]

    def ask(_: int) -> int:
        connection = HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=60)
        connection.request("GET", URL, headers={"X-API-Key": text})
        status = connection.getresponse().status
        connection.close()
        return status

    with ThreadPoolExecutor(20) as pool:
        statuses = Counter(pool.map(ask, range(LIMIT + 20)))
    assert statuses == {200: LIMIT, 429: 20}
