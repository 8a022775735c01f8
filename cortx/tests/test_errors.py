"""Errors: problem+json for programs, a page for people, and no word about our insides."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from tenants.access.keys import key_issue
from tenants.availability import is_unavailable
from tenants.tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.urls("cortx.tests.urls")]


def provoke(cast: Cast, error: str, **headers: str) -> Any:
    _, text = key_issue(tenant=cast.tenant, name="loader", scopes=["write"])
    client = Client(raise_request_exception=False)
    sent = {"X-API-Key": text, "X-Request-ID": "my-trace-123", **headers}
    return client.post("/api/v1/echo", {"error": error}, content_type="application/json", headers=sent)


@pytest.mark.parametrize(
    ("error", "status", "code", "detail"),
    [
        ("refusal", 409, "conflict", "The run has ended"),
        ("unknown", 404, "not_found", "No such run"),
        ("missing", 404, "not_found", "Not found"),
        ("denied", 403, "permission_denied", "This account may not do that here"),
        ("django", 400, "invalid", "Not a date"),
        ("large", 413, "too_large", "The request is larger than the limit"),
        ("suspicious", 400, "invalid", "Bad request"),
        ("data", 400, "invalid", "A value is outside of what can be stored"),
        ("gone", 503, "unavailable", "The service does not answer at the moment"),
        ("closed", 503, "unavailable", "The service does not answer at the moment"),
        ("redis", 503, "unavailable", "The service does not answer at the moment"),
        ("nested", 400, "invalid", "rows.1.amount: Not a number; Odd"),
        ("bug", 500, "internal_error", "Internal server error"),
    ],
)
def test_every_error_is_a_problem(cast: Cast, error: str, status: int, code: str, detail: str) -> None:
    answer = provoke(cast, error)
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"], body["detail"]) == (status, status, code, detail)
    assert body["request_id"] == answer.headers["X-Request-ID"] == "my-trace-123"


def test_each_field_has_its_message_and_pointer(cast: Cast) -> None:
    assert provoke(cast, "nested").json()["errors"] == [
        {"field": "rows.1.amount", "pointer": "/rows/1/amount", "message": "Not a number"},
        {"field": "", "pointer": "", "message": "Odd"},
    ]
    assert provoke(cast, "refusal").json()["errors"] == [{"field": "status", "pointer": "/status", "message": "ended"}]


def test_who_should_come_again_is_told_when(cast: Cast) -> None:
    assert provoke(cast, "gone").headers["Retry-After"] == "5"
    assert provoke(cast, "throttled").headers["Retry-After"] == "4"


def test_a_body_that_is_not_json_is_a_400(cast: Cast) -> None:
    _, text = key_issue(tenant=cast.tenant, name="loader", scopes=["write"])
    for body, type_, status in ((b"{", "application/json", 400), (b"<a/>", "text/xml", 415)):
        answer = Client().post("/api/v1/echo", body, content_type=type_, headers={"X-API-Key": text})
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_a_method_that_does_not_exist_is_a_405(cast: Cast) -> None:
    _, text = key_issue(tenant=cast.tenant, name="loader", scopes=["write"])
    answer = Client().delete("/api/v1/echo", headers={"X-API-Key": text})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_taken_in_but_not_done_answers_with_the_status_address(cast: Cast) -> None:
    _, text = key_issue(tenant=cast.tenant, name="loader", scopes=["write"])
    answer = Client().post(
        "/api/v1/echo", {"later": True}, content_type="application/json", headers={"X-API-Key": text}
    )
    assert answer.status_code == 202
    assert answer.json() == {"id": 1, "status_url": "/api/v1/batches/1"}
    assert answer.headers["Location"] == "/api/v1/batches/1"


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/nowhere", "", "application/problem+json"),
        ("/nowhere", "text/html", "text/html"),
        ("/api/v1/nowhere", "text/html", "application/problem+json"),
        ("/accounts/nowhere", "", "text/html"),
    ],
)
def test_people_get_a_page_and_programs_a_problem(client: Client, path: str, accept: str, kind: str) -> None:
    answer = client.get(path, headers={"Accept": accept} if accept else {})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith(kind)


@pytest.mark.parametrize(
    ("error", "status"), [("unknown", 404), ("refusal", 409), ("denied", 403), ("bug", 500), ("gone", 503)]
)
def test_a_page_that_fails_says_so_and_gives_the_request_id(cast: Cast, error: str, status: int) -> None:
    browser = cast.browser(cast.analyst)
    browser.raise_request_exception = False
    answer = browser.get(f"/t/{cast.tenant.slug}/{error}", headers={"X-Request-ID": "my-trace-123"})
    assert answer.status_code == status
    assert "my-trace-123" in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


def test_a_database_that_goes_away_is_a_503_outside_of_tenants_too() -> None:
    client = Client(raise_request_exception=False)
    answer = client.get("/accounts/gone")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_form_without_its_token_is_refused(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a", "password": "b"})
    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()


def raised(cause: Exception) -> OperationalError:
    error = OperationalError("x")
    error.__cause__ = cause
    return error


class Sqlite(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sqlite_errorname = name


class Postgres(Exception):
    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.sqlstate = state


@pytest.mark.parametrize(
    ("cause", "unavailable"),
    [
        (Sqlite("SQLITE_BUSY"), True),
        (Sqlite("SQLITE_FULL"), True),
        (Sqlite("SQLITE_ERROR"), False),
        (Postgres("57P01"), True),
        (Postgres("40P01"), True),
        (Postgres("53300"), True),
        (Postgres("54001"), False),
    ],
)
def test_only_what_may_pass_is_called_unavailable(cause: Exception, unavailable: bool) -> None:
    assert is_unavailable(raised(cause)) is unavailable
    assert not is_unavailable(cause)
