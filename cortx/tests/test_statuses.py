"""Every way of saying no: its status, its words for programs, what it names, and when to come again."""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from records import commands
from records.tests.judged import Judged
from tenants.access.keys import key_issue
from tenants.context import tenant_scope
from tenants.idempotency.services import InFlight
from tenants.rates import services as rates
from tenants.rates.counters import MemoryCounters
from tenants.tests.cast import Cast

RECORDS, DATASETS, BATCHES, ACTIVATE = (
    f"/api/v1/{path}" for path in ("records", "datasets", "batches", "datasets/ledger/activate")
)
GOOD = {"source": "feed", "category": "ledger", "payload": {}}


@dataclass(frozen=True)
class Case:
    """One refusal: how it is asked for, and what is said. `named` stands in the detail, `field` among the errors."""

    status: int
    code: str
    ask: Callable[["Asking"], Any]
    named: str = ""
    field: str = ""
    again: bool = False


@dataclass(frozen=True)
class Asking:
    cast: Cast
    judged: Judged
    monkeypatch: pytest.MonkeyPatch
    settings: Any

    @property
    def owner(self) -> Client:
        browser = self.cast.browser(self.cast.owner)
        browser.raise_request_exception = False
        return browser

    def key(self, *scopes: str) -> Client:
        text = key_issue(tenant=self.cast.tenant, name="caller", scopes=scopes or ("read", "write"))[1]
        return Client(headers={"X-API-Key": text}, raise_request_exception=False)

    def post(self, path: str, body: Any, **extra: Any) -> Any:
        return self.owner.post(path, body, content_type="application/json", **extra)

    def failing(self, error: Exception) -> Any:
        """The answer when taking in a record fails so."""

        def fail(**_: object) -> None:
            raise error

        self.monkeypatch.setattr(commands, "record_create", fail)
        return self.post(RECORDS, GOOD)

    def too_often(self, client: Client) -> Any:
        counters = MemoryCounters()
        self.monkeypatch.setattr(rates, "counters", lambda: counters)
        self.monkeypatch.setattr(rates, "clock", lambda: 6_000.0)
        self.settings.RATE_LIMIT_KEY = self.settings.RATE_LIMIT_SESSION = 1
        client.get(RECORDS)
        return client.get(RECORDS)

    def in_flight(self) -> Any:
        def busy(*_: object) -> None:
            raise InFlight("A request with this Idempotency-Key is still being carried out")

        self.monkeypatch.setattr("cortx.repeats.answer_once", busy)
        return self.post(RECORDS, GOOD, headers={"Idempotency-Key": "k"})

    def reused(self) -> Any:
        self.post(RECORDS, GOOD, headers={"Idempotency-Key": "k"})
        return self.post(RECORDS, {**GOOD, "source": "other"}, headers={"Idempotency-Key": "k"})

    def stale(self) -> Any:
        seen = self.owner.get(f"{DATASETS}/ledger")["ETag"]
        with tenant_scope(self.cast.tenant.id):
            commands.dataset_change(dataset=self.judged.dataset, title="Changed", parameters={})
        return self.post(ACTIVATE, {"pack": "tests.ledger"}, headers={"If-Match": seen})


CASES = {
    "a value of another type": Case(
        400, "invalid", lambda a: a.post(RECORDS, {**GOOD, "source": 7}), "source: 7, expected a text", "source"
    ),
    "a text too long": Case(
        400, "invalid", lambda a: a.post(RECORDS, {**GOOD, "source": "x" * 200}), "at most 120 characters", "source"
    ),
    "a field missing": Case(400, "invalid", lambda a: a.post(RECORDS, {}), "source: required", "source"),
    "a field nobody knows": Case(
        400, "invalid", lambda a: a.post(RECORDS, {**GOOD, "status": "processed"}), "status: unknown field", "status"
    ),
    "a filter's value": Case(
        400,
        "invalid",
        lambda a: a.owner.get(f"{RECORDS}?status=x"),
        "'x', expected one of pending, processed",
        "status",
    ),
    "a filter's moment": Case(
        400,
        "invalid",
        lambda a: a.owner.get(f"{RECORDS}?created_after=x"),
        "'x', expected a time like",
        "created_after",
    ),
    "a filter that is blank": Case(
        400, "invalid", lambda a: a.owner.get("/api/v1/findings?run=%20"), "' ', expected a UUID", "run"
    ),
    "a number with a point": Case(
        400,
        "invalid",
        lambda a: a.owner.get(f"{BATCHES}?number=1.5"),
        "'1.5', expected a whole number from 1",
        "number",
    ),
    "a limit": Case(
        400, "invalid", lambda a: a.owner.get(f"{RECORDS}?limit=201"), "'201', expected a whole number from 1", "limit"
    ),
    "a cursor": Case(400, "invalid", lambda a: a.owner.get(f"{BATCHES}?cursor=x"), "'x', expected", "cursor"),
    "a body where none is needed": Case(
        400, "invalid", lambda a: a.post(f"{RECORDS}/{a.judged.single.id}/process", {"status": "failed"}), "", "status"
    ),
    "a number nobody can hold": Case(
        400,
        "invalid",
        lambda a: a.post(RECORDS, '{"source":"a","category":"c","payload":{"a":1e9999999999999999999}}'),
        "out of range",
        "payload.a",
    ),
    "a tag that is none": Case(
        400,
        "invalid",
        lambda a: a.post(ACTIVATE, {"pack": "tests.ledger"}, headers={"If-Match": "x"}),
        "'x', expected an ETag",
        "If-Match",
    ),
    "no credential": Case(401, "not_authenticated", lambda a: Client().get(BATCHES, headers={"X-Tenant": "agency"})),
    "a wrong key": Case(401, "not_authenticated", lambda a: Client().get(RECORDS, headers={"X-API-Key": "wrong"})),
    "an empty key": Case(401, "not_authenticated", lambda a: Client().get(RECORDS, headers={"X-API-Key": ""})),
    "another scheme": Case(
        401, "not_authenticated", lambda a: Client().get(RECORDS, headers={"Authorization": "Basic YTpi"})
    ),
    "a key without the scope": Case(
        403, "permission_denied", lambda a: a.key("read").post(RECORDS, GOOD, content_type="application/json")
    ),
    "an id of nobody's": Case(404, "not_found", lambda a: a.owner.get(f"{BATCHES}/{a.judged.run.id}")),
    "a name with a NUL": Case(404, "not_found", lambda a: a.owner.get("/api/v1/rulepacks/%00")),
    "an address of nothing": Case(404, "not_found", lambda a: a.owner.get("/api/v1/nothing")),
    "a method": Case(405, "method_not_allowed", lambda a: a.owner.delete(RECORDS), "DELETE"),
    "a method of a path without a form": Case(405, "method_not_allowed", lambda a: a.owner.put("/health")),
    "a question about methods": Case(405, "method_not_allowed", lambda a: a.owner.options(RECORDS)),
    "a type nobody answers": Case(
        406, "not_acceptable", lambda a: a.owner.get(RECORDS, headers={"Accept": "text/xml"})
    ),
    "a run that has ended": Case(409, "conflict", lambda a: a.post(f"/api/v1/runs/{a.judged.run.id}/cancel", {})),
    "a repeat too early": Case(409, "in_flight", lambda a: a.in_flight(), again=True),
    "no length": Case(
        411,
        "length_required",
        lambda a: a.post(RECORDS, GOOD, headers={"Transfer-Encoding": "chunked"}),
        "Content-Length",
    ),
    "a change of what has changed": Case(412, "stale", lambda a: a.stale(), "It has changed since", "If-Match"),
    "a body too large": Case(
        413, "too_large", lambda a: a.post(RECORDS, {**GOOD, "payload": {"a": "x" * 1_100_000}}), "at most 1,048,576"
    ),
    "a type nobody reads": Case(
        415, "unsupported_media_type", lambda a: a.owner.post(RECORDS, "<a/>", content_type="text/xml"), "text/xml"
    ),
    "any type": Case(415, "unsupported_media_type", lambda a: a.owner.post(RECORDS, "{}", content_type="*/*")),
    "another charset": Case(
        415,
        "unsupported_media_type",
        lambda a: a.owner.post(RECORDS, b"{}", content_type="application/json; charset=utf-16"),
        "'utf-16', expected utf-8",
    ),
    "a packed body": Case(
        415,
        "unsupported_media_type",
        lambda a: a.post(RECORDS, GOOD, headers={"Content-Encoding": "gzip"}),
        "'gzip', expected none",
    ),
    "another request under a key": Case(422, "idempotency_key_reused", lambda a: a.reused()),
    "a key too often": Case(429, "rate_limited", lambda a: a.too_often(a.key()), "More than 1 requests", again=True),
    "a session too often": Case(429, "rate_limited", lambda a: a.too_often(a.owner), "More than 1", again=True),
    "no database": Case(503, "unavailable", lambda a: a.failing(OperationalError("gone")), again=True),
    "a full disk": Case(503, "unavailable", lambda a: a.failing(OSError(errno.ENOSPC, "full")), again=True),
}


@pytest.fixture
def asking(cast: Cast, judged: Judged, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Asking:
    return Asking(cast, judged, monkeypatch, settings)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_refusal_has_its_status_and_says_what_was_expected(case: Case, asking: Asking) -> None:
    answer = case.ask(asking)
    assert answer.status_code == case.status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (case.status, case.code)
    assert case.named in problem["detail"]
    assert problem["request_id"] == answer["X-Request-ID"]
    assert case.field in [error["field"] for error in problem.get("errors", [{"field": ""}])]
    assert ("Retry-After" in answer) is case.again
    assert ("WWW-Authenticate" in answer) is (case.status == 401)


def test_a_change_of_what_was_seen_is_made_and_has_a_new_tag(asking: Asking) -> None:
    seen = asking.owner.get(f"{DATASETS}/ledger")["ETag"]
    for tag in (seen, seen.removeprefix("W/"), f'"x", {seen}', "*"):
        answer = asking.post(ACTIVATE, {"pack": "tests.ledger"}, headers={"If-Match": tag})
        assert answer.status_code == 200
        assert answer["ETag"] == seen


def test_a_session_behind_a_proxy_s_password_is_still_a_session(cast: Cast) -> None:
    assert cast.browser(cast.analyst).get(RECORDS, headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_files_are_answered_to_those_who_ask_for_their_type(judged: Judged, cast: Cast) -> None:
    browser = cast.browser(cast.analyst)
    for path, accept in (
        (f"{BATCHES}/{judged.batch.id}/rejected", "application/x-ndjson"),
        (f"/api/v1/runs/{judged.run.id}/outputs/lines.csv", "text/csv"),
    ):
        assert browser.get(path, headers={"Accept": accept}).status_code == 200
        assert browser.get(path, headers={"Accept": "image/png"}).status_code == 406
