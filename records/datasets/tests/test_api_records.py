"""`/records` and `/reports/summary`, at both mounts."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from records.datasets.models import Dataset, Record
from records.tests.judged import SECRET, Judged
from tenants.access.keys import key_issue
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

RecordedQueries = Callable[[str], AbstractContextManager[Any]]
MOUNTS = ["/records", "/records/", "/api/v1/records", "/api/v1/records/"]


def new(client: Client, url: str = "/records", **changes: Any) -> Any:
    body = {"source": "desk", "category": "claims", "payload": {"amount": 12.10, "note": "é"}, **changes}
    return client.post(url, json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("url", MOUNTS)
def test_a_new_record_is_pending_and_can_be_read_back(cast: Cast, url: str) -> None:
    browser = cast.browser(cast.analyst)
    answer = new(browser, url)
    assert answer.status_code == 201
    created = answer.json()
    assert (created["status"], created["source"], created["category"]) == ("pending", "desk", "claims")
    assert created["created_at"].endswith("Z")
    assert browser.get(f"{url.rstrip('/')}/{created['id']}").json() == created


def test_numbers_of_a_payload_keep_their_digits(cast: Cast) -> None:
    browser = cast.browser(cast.analyst)
    text = (
        '{"source":"desk","category":"claims","payload":{"amount":90071992547409931.230,"whole":123456789012345678901}}'
    )
    created = browser.post("/records", text, content_type="application/json")
    for answer in (created, browser.get(f"/records/{created.json()['id']}"), browser.get("/records")):
        assert b"90071992547409931.230" in answer.content
        assert b"123456789012345678901" in answer.content


def test_an_unknown_category_makes_its_dataset_once(cast: Cast) -> None:
    browser = cast.browser(cast.analyst)
    new(browser), new(browser)
    with tenant_scope(cast.tenant.id):
        assert Dataset.objects.filter(name="claims").count() == 1


WRONG = {
    "no body": ("", "source"),
    "not JSON": ("{", ""),
    "not an object": ("[]", ""),
    "missing category": ('{"source":"a","payload":{}}', "category"),
    "unknown field": ('{"source":"a","category":"b","payload":{},"tenant":"c"}', "tenant"),
    "status given": ('{"source":"a","category":"b","payload":{},"status":"processed"}', "status"),
    "source of another type": ('{"source":1,"category":"b","payload":{}}', "source"),
    "payload of another type": ('{"source":"a","category":"b","payload":[]}', "payload"),
    "blank source": ('{"source":"","category":"b","payload":{}}', "source"),
    "long category": (json.dumps({"source": "a", "category": "b" * 121, "payload": {}}), "category"),
    "NUL": ('{"source":"a","category":"b","payload":{"x":"\\u0000"}}', "payload.x"),
    "NUL in a name": ('{"source":"a","category":"b","payload":{"\\u0000":1}}', "payload"),
    "NUL in source": ('{"source":"\\u0000","category":"b","payload":{}}', "source"),
    "lone surrogate": ('{"source":"a","category":"b","payload":{"x":"\\ud800"}}', "payload.x"),
    "NaN": ('{"source":"a","category":"b","payload":{"x":NaN}}', "payload.x"),
    "Infinity": ('{"source":"a","category":"b","payload":{"x":-Infinity}}', "payload.x"),
    "1e400000": ('{"source":"a","category":"b","payload":{"x":1e400000}}', "payload.x"),
    "5,000 digits": ('{"source":"a","category":"b","payload":{"x":' + "9" * 5000 + "}}", "payload.x"),
    "deep nesting": ('{"source":"a","category":"b","payload":{"x":' + "[" * 100_000 + "]" * 100_000 + "}}", ""),
    "65 levels": ('{"source":"a","category":"b","payload":{"x":' + "[" * 65 + "]" * 65 + "}}", "payload"),
    "a name twice": ('{"source":"a","source":"b","category":"b","payload":{}}', "source"),
    "invalid UTF-8": (b'{"source":"\xff","category":"b","payload":{}}', ""),
}


@pytest.mark.parametrize("case", WRONG)
def test_garbage_is_refused_by_name_and_changes_nothing(cast: Cast, case: str) -> None:
    body, field = WRONG[case]
    answer = cast.browser(cast.analyst).post("/records", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"detail", "code", "request_id"} <= set(problem)
    named = [error["field"] for error in problem.get("errors", [])]
    assert (not field and not named) or named[0] == field or named[0].startswith(f"{field}."), named
    with tenant_scope(cast.tenant.id):
        assert not Record.objects.exists()


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_another_media_type_is_refused(cast: Cast, media_type: str) -> None:
    answer = cast.browser(cast.analyst).post("/records", "a=b", content_type=media_type)
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


PARAMETERS = [
    "status=done", "created_after=yesterday", "created_before=2026-13-01T00:00:00Z", "limit=0", "limit=201",
    "limit=-1", "limit=x", "limit=1e2", "offset=-1", "offset=x", "sort_by=payload", "sort_order=up", "page=2",
    "Status=failed", "category=%00", "limit=" + "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("query", PARAMETERS, ids=lambda query: query[:40])
def test_a_parameter_out_of_the_contract_is_refused_by_name(cast: Cast, query: str) -> None:
    answer = cast.browser(cast.analyst).get(f"/records?{query}")
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_lists_are_filtered_sorted_and_cut_as_documented(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)

    def listed(query: str) -> Any:
        return browser.get(f"/records?{query}").json()

    everything = listed("")
    assert (everything["total"], everything["limit"], everything["offset"]) == (4, 50, 0)
    ids = [row["id"] for row in everything["results"]]
    assert ids == sorted(ids, reverse=True)
    assert [row["id"] for row in listed("sort_order=asc")["results"]] == sorted(ids)
    assert [row["status"] for row in listed("sort_by=status&sort_order=asc")["results"]] == [
        "failed", "pending", "processed", "processed",
    ]  # fmt: skip
    assert [row["source"] for row in listed("sort_by=source&sort_order=asc")["results"]] == [SECRET] + ["feed"] * 3
    assert listed("status=failed")["results"][0]["row_number"] == 3
    assert listed("category=nothing")["total"] == 0
    assert [row["id"] for row in listed("limit=1&offset=2")["results"]] == ids[2:3]
    assert listed("offset=2147483647") == {"results": [], "total": 4, "limit": 50, "offset": 2147483647}


def test_times_bound_the_list_inclusively(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    moment = browser.get(f"/records/{judged.records[0].id}").json()["created_at"]
    within = browser.get(f"/records?created_after={moment}&created_before={moment}").json()
    assert within["total"] == len(within["results"]) == 3
    for query, total in (
        ("created_after=2999-01-01T00:00:00Z", 0),
        ("created_after=0001-01-01T00:00:00%2B23:59", 4),
        ("created_before=0001-01-01T00:00:00%2B23:59", 0),
        ("created_before=9999-12-31T23:59:59.999999-23:59", 4),
    ):
        assert browser.get(f"/records?{query}").json()["total"] == total


def test_a_row_of_a_batch_shows_what_was_delivered(cast: Cast, judged: Judged) -> None:
    shown = cast.browser(cast.auditor).get(f"/records/{judged.records[2].id}").json()
    assert shown["payload"] == {"line": "c", "account": "200", "side": "D", "amount": "x"}
    assert (shown["source"], shown["batch"], shown["row_number"]) == ("feed", str(judged.batch.id), 3)
    assert [each["rule"] for each in cast.browser(cast.auditor).get(shown["findings_url"]).json()["results"]] == ["L01"]


@pytest.mark.parametrize("query", ["", "status=failed", "status=pending&date_from=2000-01-01", "date_to=2000-01-01"])
def test_the_summary_adds_up_to_the_list(cast: Cast, judged: Judged, query: str) -> None:
    browser = cast.browser(cast.auditor)
    summary = browser.get(f"/reports/summary?{query}").json()
    times = query.replace("date_from=2000-01-01", "created_after=2000-01-01T00:00:00Z")
    times = times.replace("date_to=2000-01-01", "created_before=2000-01-01T23:59:59.999Z")
    listed = browser.get(f"/records?{times}").json()
    assert summary["total"] == listed["total"] == len(listed["results"])
    assert sum(summary["by_status"].values()) == sum(summary["by_category"].values()) == summary["total"]
    for status, count in summary["by_status"].items():
        assert count == sum(row["status"] == status for row in listed["results"])


@pytest.mark.parametrize("query", ["status=x", "date_from=2026-02-30", "date_to=soon", "from=2026-01-01"])
def test_the_summary_refuses_parameters_it_does_not_know(cast: Cast, query: str) -> None:
    answer = cast.browser(cast.auditor).get(f"/reports/summary?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_processing_twice_gives_one_decision(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.analyst)
    first = browser.post(f"/records/{judged.single.id}/process")
    assert first.status_code == 200
    assert first.json()["status"] in {"processed", "failed"}
    assert browser.post(f"/records/{judged.single.id}/process").json() == first.json()


def test_people_with_too_little_role_may_read_only(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    assert browser.get("/records").status_code == 200
    assert new(browser).status_code == 403
    assert browser.post(f"/records/{judged.single.id}/process").status_code == 403


def test_a_key_does_what_its_scopes_say(cast: Cast, judged: Judged) -> None:
    for scopes, created in ((["read"], 403), (["read", "write"], 201)):
        _, text = key_issue(tenant=cast.tenant, name="loader", scopes=scopes)
        client = Client(headers={"X-API-Key": text})
        assert client.get("/records").json()["total"] == 4
        assert new(client).status_code == created
    assert new(Client(headers={"X-API-Key": "cortx_abcdefgh_wrong"})).status_code == 401


def test_nobody_gets_in_without_a_credential(cast: Cast, judged: Judged) -> None:
    for answer in (Client().get("/records"), new(Client()), Client().get(f"/records/{judged.single.id}")):
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer
        assert SECRET.encode() not in answer.content


def test_an_outsider_sees_nothing_and_learns_nothing(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.outsider)
    assert browser.get("/records").json()["total"] == 0
    assert browser.get("/reports/summary").json()["total"] == 0
    for method, path in (("get", ""), ("post", "/process")):
        theirs = getattr(browser, method)(f"/records/{judged.single.id}{path}", headers={"X-Request-ID": "same"})
        random = getattr(browser, method)(f"/records/{uuid4()}{path}", headers={"X-Request-ID": "same"})
        assert (theirs.status_code, theirs.content) == (404, random.content)


def test_lists_cost_the_same_however_many_rows_they_show(
    cast: Cast, judged: Judged, recorded_queries: RecordedQueries
) -> None:
    browser = cast.browser(cast.analyst)
    for name, query in (("records", ""), ("records, filtered", "?status=failed"), ("one record", "")):
        url = f"/records/{judged.records[0].id}" if name == "one record" else f"/records{query}"
        with recorded_queries(name):
            assert browser.get(url).status_code == 200
    with recorded_queries("summary"):
        assert browser.get("/reports/summary").status_code == 200
