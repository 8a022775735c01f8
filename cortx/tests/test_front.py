"""Who is beyond a limit is refused again before the framework: with the same answer, and nobody else."""

import json
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, RequestFactory
from django.test.client import ClientHandler

from cortx import front as module
from cortx.callers import caller_of, caller_read
from cortx.front import Front, Memory
from tenants.access.keys import key_issue
from tenants.rates import services
from tenants.rates.counters import MemoryCounters, RedisCounters
from tenants.rates.turns import Crowded
from tenants.scoping import new_id
from tenants.tests.cast import Cast

URL = "/api/v1/records"
CHANGING = {"X-Request-ID", "Content-Length", "Retry-After", "RateLimit-Reset"}


@dataclass
class Answer:
    status: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The body without the request's own id."""
        return {name: value for name, value in json.loads(self.body).items() if name != "request_id"}


class Site:
    """The front before the framework, which counts what reaches it."""

    def __init__(self) -> None:
        self.reached = 0
        self.front = Front(self.framework)

    def framework(self, environ: dict[str, Any], start: Any) -> Any:
        self.reached += 1
        response = ClientHandler()(environ)
        start(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        # The handler has closed it; once more would end the test's own connection.
        response.close = lambda: None  # type: ignore[method-assign]
        return response

    def ask(self, path: str = URL, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        environ = RequestFactory().generic(method, path, headers=named).environ
        said: list[Any] = []
        body = b"".join(self.front(environ, lambda *answer: said.extend(answer)))
        return Answer(said[0], dict(said[1]), body)

    def statuses(self, count: int, **headers: str) -> list[int]:
        return [int(self.ask(**headers).status[:3]) for _ in range(count)]


@pytest.fixture(params=["memory", "redis"])
def site(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Site:
    """A key may ask twice in a minute, and the minute does not turn."""
    store = MemoryCounters() if request.param == "memory" else RedisCounters(django_settings.REDIS_URL)
    minute = 6_000.0 + new_id().int % 10**6 * 60
    monkeypatch.setattr(services, "counters", lambda: store)
    monkeypatch.setattr(services, "clock", lambda: minute)
    settings.RATE_LIMIT_KEY = settings.RATE_LIMIT_SESSION = settings.RATE_LIMIT_ANONYMOUS = 2
    return Site()


def key(cast: Cast, name: str = "busy") -> str:
    return key_issue(tenant=cast.tenant, name=name, scopes=["read"])[1]


def test_the_early_refusal_says_what_the_late_one_said(cast: Cast, site: Site) -> None:
    text = key(cast)
    answers = [site.ask(X_API_Key=text, X_Request_ID=f"r-{number}", Accept_Encoding="gzip") for number in range(5)]
    assert [answer.status[:3] for answer in answers] == ["200", "200", "429", "429", "429"]
    assert site.reached == 3
    late, early = answers[2], answers[4]
    assert early.status == late.status
    assert early.told == late.told
    assert json.loads(early.body)["request_id"] == early.headers["X-Request-ID"] == "r-4"
    assert early.headers.keys() == late.headers.keys()
    assert all(early.headers[name] == value for name, value in late.headers.items() if name not in CHANGING)
    assert int(early.headers["Content-Length"]) == len(early.body)
    assert 0 < int(early.headers["Retry-After"]) <= int(late.headers["Retry-After"])


def test_a_person_is_refused_with_the_page_again(cast: Cast, site: Site) -> None:
    session = cast.browser(cast.analyst).cookies["sessionid"].value
    path = f"/t/{cast.tenant.slug}/"
    asked = {"Cookie": f"theme=dark; sessionid={session}", "Accept-Encoding": "gzip", "X-Request-ID": "page"}
    answers = [site.ask(path, **asked) for _ in range(5)]
    assert answers[4].status == answers[2].status == "429 Too Many Requests"
    assert site.reached == 3
    assert b"More than 2 requests in a minute" in answers[4].body
    assert "Content-Encoding" not in answers[4].headers
    # The API beside it speaks for itself.
    assert site.ask(Cookie=asked["Cookie"]).headers["Content-Type"] == "application/problem+json"


def test_nobody_else_is_refused_early(cast: Cast, site: Site) -> None:
    texts = [key(cast), key(cast, "another"), key_issue(tenant=cast.other, name="other", scopes=["read"])[1]]
    assert site.statuses(5, X_API_Key=texts[0]) == [200, 200, 429, 429, 429]
    assert [site.statuses(2, X_API_Key=text) for text in texts[1:]] == [[200, 200], [200, 200]]
    assert site.statuses(1, X_API_Key=texts[0] + "x") == [401]
    assert site.statuses(1, Authorization="Bearer " + texts[0]) == [429]


def test_guesses_from_one_address_do_not_refuse_those_who_know(cast: Cast, site: Site) -> None:
    text = key(cast)
    assert site.statuses(5, X_API_Key="guess") == [401, 401, 429, 429, 429]
    assert site.reached == 3
    assert site.statuses(2, X_API_Key=text) == [200, 200]


def test_after_a_few_seconds_the_framework_is_asked_again(
    cast: Cast, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = key(cast)
    site.statuses(4, X_API_Key=text)
    assert site.reached == 3
    later = monotonic() + 6
    monkeypatch.setattr(module, "monotonic", lambda: later)
    site.statuses(2, X_API_Key=text)
    assert site.reached == 4


def test_without_redis_nobody_is_refused(cast: Cast, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    away = RedisCounters("redis://127.0.0.1:1/0")
    monkeypatch.setattr(services, "counters", lambda: away)
    assert site.statuses(5, X_API_Key=key(cast)) == [200] * 5
    assert site.reached == 5


def test_who_asks_whether_anybody_is_alive_is_never_refused(cast: Cast, site: Site) -> None:
    site.statuses(4)
    assert site.ask("/health").status == "200 OK"
    asks_first = {"Access-Control-Request-Method": "GET", "Origin": "https://elsewhere.example"}
    assert site.ask(method="OPTIONS", **asks_first).status[:3] != "429"


def test_a_request_without_a_turn_is_refused_with_a_time_to_wait(
    cast: Cast, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crowded(*_: object) -> None:
        raise Crowded("Too many at once")

    text = key(cast)
    monkeypatch.setattr(site.front.turns, "enter", crowded)
    answers = [site.ask(X_API_Key=text) for _ in range(3)]
    assert [answer.status for answer in answers] == ["429 Too Many Requests"] * 3
    assert answers[0].told == answers[2].told
    assert answers[2].headers["Retry-After"] == "1"
    assert site.reached == 1


def test_a_credential_that_was_accepted_counts_for_its_tenant(cast: Cast, site: Site) -> None:
    text = key(cast)
    environ = RequestFactory().get(URL, headers={"X-API-Key": text}).environ
    site.ask(X_API_Key=text)
    site.ask(X_API_Key="guess")
    assert site.front.tenants.get(caller_read(environ).credential) == str(cast.tenant.id)
    assert list(site.front.turns._use._used) == ["address:127.0.0.1"]
    site.ask(X_API_Key=text)
    assert set(site.front.turns._use._used) == {"address:127.0.0.1", str(cast.tenant.id)}


def test_where_no_front_stands_nothing_is_remembered(client: Client) -> None:
    assert caller_of(RequestFactory().get(URL)).turn is None


def test_the_newest_are_remembered_when_there_is_no_room_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    memory = Memory[str]()
    memory.put(b"old", "x", -1)
    for mark in (b"a", b"b", b"a", b"c"):
        memory.put(mark, "x", 60)
    assert [memory.get(mark) for mark in (b"old", b"a", b"b", b"c")] == [None, "x", None, "x"]


def test_nobody_goes_past_the_turns_by_asking_like_a_browser_does_first(
    cast: Cast, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crowded(*_: object) -> None:
        raise Crowded("Too many at once")

    monkeypatch.setattr(site.front.turns, "enter", crowded)
    asks_first = {"X-API-Key": key(cast), "Access-Control-Request-Method": "GET"}
    assert [site.ask(method=method, **asks_first).status[:3] for method in ("GET", "POST")] == ["429", "429"]


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_no_header_says_the_same_as_none(header: str) -> None:
    plain = caller_read(RequestFactory().get(URL).environ)
    marks = {caller_read(RequestFactory().get(URL, headers={header: value}).environ).mark for value in ("", "-")}
    assert len(marks | {plain.mark}) == 3
