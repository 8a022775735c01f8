"""`/api/v1/batches` and `/api/v1/datasets`."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from records.datasets.models import Batch, BatchInput, Dataset
from records.tests.judged import SECRET, Judged
from tenants.access.keys import key_issue
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

RecordedQueries = Callable[[str], AbstractContextManager[Any]]
URL = "/api/v1/batches"
CSV = b"line,account,side,amount,year\na,100,D,1.00,2026\n"


def file(content: bytes = CSV, name: str = "lines.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "text/csv")


def test_a_form_with_a_part_per_input_is_taken_in_for_later(cast: Cast, judged: Judged) -> None:
    form = {"dataset": "ledger", "param.year": "2025", "lines": file(), "budget": file(b"account,amount\n", "b.csv")}
    answer = cast.browser(cast.analyst).post(URL, form)
    assert answer.status_code == 202
    body = answer.json()
    assert body["duplicate"] is False
    assert answer["Location"] == body["status_url"] == f"/api/v1/runs/{body['run']}"
    with tenant_scope(cast.tenant.id):
        batch = Batch.objects.get(pk=body["id"])
        assert batch.parameters["year"] == 2025
        assert set(batch.inputs.values_list("name", "filename")) == {("lines", "lines.csv"), ("budget", "b.csv")}


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "text/csv", "text/csv; charset=utf-8"])
def test_a_raw_body_is_the_first_input(cast: Cast, judged: Judged, media_type: str) -> None:
    url = f"{URL}?dataset=ledger&param.year=2026&filename=today"
    answer = cast.browser(cast.analyst).post(url, CSV, content_type=media_type)
    assert answer.status_code == 202
    with tenant_scope(cast.tenant.id):
        delivered = BatchInput.objects.get(batch=answer.json()["id"])
        assert (delivered.name, delivered.filename, delivered.size) == ("lines", "today", len(CSV))


def test_a_repeat_gives_the_batch_there_is_unless_wanted_again(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.analyst)
    first, second = (browser.post(URL, {"dataset": "ledger", "lines": file()}) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json() == {**first.json(), "duplicate": True}
    again = browser.post(f"{URL}?again=1", {"dataset": "ledger", "lines": file()})
    assert again.status_code == 202
    assert again.json()["id"] != first.json()["id"]


def test_an_unknown_dataset_is_made_and_takes_any_file(cast: Cast) -> None:
    answer = cast.browser(cast.analyst).post(
        f"{URL}?dataset=readings", b'{"a": 1}\n', content_type="application/x-ndjson"
    )
    assert answer.status_code == 202
    with tenant_scope(cast.tenant.id):
        assert Dataset.objects.get(name="readings").active_version is None
        assert BatchInput.objects.get().name == "records"


def test_a_pack_may_be_named_and_is_activated_by_those_who_may(cast: Cast, judged: Judged) -> None:
    form = {"dataset": "second", "pack": "tests.ledger@1.0.0", "param.year": "2026"}
    assert cast.browser(cast.analyst).post(URL, {**form, "lines": file()}).status_code == 403
    assert cast.browser(cast.owner).post(URL, {**form, "lines": file()}).status_code == 202
    with tenant_scope(cast.tenant.id):
        assert Dataset.objects.get(name="second").active_version == judged.version
    named = cast.browser(cast.analyst).post(URL, {"dataset": "ledger", "pack": "tests.ledger", "lines": file()})
    assert named.status_code == 202
    unknown = cast.browser(cast.owner).post(URL, {"dataset": "ledger", "pack": "tests.other", "lines": file()})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "pack")


WRONG = {
    "no dataset": ({"lines": "FILE"}, "dataset"),
    "no file": ({"dataset": "ledger"}, ""),
    "unknown input": ({"dataset": "ledger", "lines": "FILE", "rows": "FILE"}, "rows"),
    "unknown field": ({"dataset": "ledger", "lines": "FILE", "tenant": "x"}, "tenant"),
    "unknown parameter": ({"dataset": "ledger", "lines": "FILE", "param.moon": "x"}, "moon"),
    "parameter of another type": ({"dataset": "ledger", "lines": "FILE", "param.year": "soon"}, "year"),
    "again": ({"dataset": "ledger", "lines": "FILE", "again": "yes"}, "again"),
    "NUL": ({"dataset": "led\0ger", "lines": "FILE"}, "dataset"),
    "long source": ({"dataset": "ledger", "lines": "FILE", "source": "s" * 121}, "source"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_delivery_that_is_wrong_is_refused_by_name(cast: Cast, judged: Judged, case: str) -> None:
    form, field = WRONG[case]
    sent = {name: file() if value == "FILE" else value for name, value in form.items()}
    answer = cast.browser(cast.analyst).post(URL, sent)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["field"] == field
    with tenant_scope(cast.tenant.id):
        assert Batch.objects.count() == 1


@pytest.mark.parametrize("media_type", ["application/json", "application/pdf", "application/x-www-form-urlencoded"])
def test_another_media_type_is_refused(cast: Cast, judged: Judged, media_type: str) -> None:
    answer = cast.browser(cast.analyst).post(f"{URL}?dataset=ledger", b"{}", content_type=media_type)
    assert answer.status_code == 415


def test_a_broken_form_is_refused(cast: Cast, judged: Judged) -> None:
    for media_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = cast.browser(cast.analyst).post(URL, b"--y\r\nrubbish", content_type=media_type)
        assert answer.status_code == 400, answer.content


def test_more_than_the_limit_is_refused_before_it_is_read(cast: Cast, judged: Judged, settings: Settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = 100
    answer = cast.browser(cast.analyst).post(f"{URL}?dataset=ledger", b"x" * 101, content_type="text/csv")
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_a_raw_body_is_never_held_in_memory(cast: Cast, judged: Judged) -> None:
    class Sizes(BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            Sizes.largest = max(Sizes.largest, len(data))
            return data

    body = Sizes(b"line,account,side,amount,year\n" + b"a,100,D,1.00,2026\n" * 300_000)
    length = len(body.getvalue())
    environment: Any = {"CONTENT_TYPE": "text/csv", "CONTENT_LENGTH": str(length), "wsgi.input": body}
    answer = cast.browser(cast.analyst).generic("POST", f"{URL}?dataset=ledger", **environment)
    assert answer.status_code == 202, answer.content
    assert 0 < Sizes.largest <= 1024 * 1024


def test_batches_are_listed_and_shown_with_what_came_of_them(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    listed = browser.get(f"{URL}?dataset=ledger&status=completed&number=1&source=feed&pack=tests.ledger").json()
    assert [row["number"] for row in listed["results"]] == ["B-1"]
    shown = browser.get(f"{URL}/{judged.batch.id}").json()
    assert shown["records"] == {"pending": 0, "processed": 2, "failed": 1}
    assert shown["inputs"][0]["rows_rejected"] == 1
    assert (shown["status"], shown["run"], shown["current_run"]) == (
        "completed",
        str(judged.run.id),
        str(judged.run.id),
    )
    for url in shown["links"].values():
        assert browser.get(url).status_code == 200, url


def test_rejected_rows_are_a_download(cast: Cast, judged: Judged) -> None:
    answer: Any = cast.browser(cast.auditor).get(f"{URL}/{judged.batch.id}/rejected")
    assert answer["Content-Disposition"] == 'attachment; filename="B-1-rejected.ndjson"'
    rows = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [(row["line"], row["reason"]) for row in rows] == [(5, "has 3 cells, expected 4")]


def test_a_delivery_can_be_judged_again(cast: Cast, judged: Judged) -> None:
    url = f"{URL}/{judged.batch.id}/rerun"
    assert cast.browser(cast.auditor).post(url).status_code == 403
    answer = cast.browser(cast.analyst).post(url)
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/runs/{answer.json()['id']}"
    assert cast.browser(cast.analyst).post(url).status_code == 409


def test_datasets_are_made_listed_and_given_a_version(cast: Cast, judged: Judged) -> None:
    owner, analyst = cast.browser(cast.owner), cast.browser(cast.analyst)
    body = {"name": "third", "title": "Third", "parameters": {"year": 2027}}
    assert analyst.post("/api/v1/datasets", body, content_type="application/json").status_code == 403
    made = owner.post("/api/v1/datasets", body, content_type="application/json")
    assert (made.status_code, made.json()["active_version"]) == (201, None)
    assert owner.post("/api/v1/datasets", body, content_type="application/json").status_code == 409
    activate = "/api/v1/datasets/third/activate"
    assert analyst.post(activate, {"pack": "tests.ledger"}, content_type="application/json").status_code == 403
    assert owner.post(activate, {"pack": "tests.moon"}, content_type="application/json").status_code == 404
    answer = owner.post(activate, {"pack": "tests.ledger"}, content_type="application/json")
    assert answer.json()["active_version"] == "tests.ledger@1.0.0"
    assert [row["name"] for row in analyst.get("/api/v1/datasets").json()["results"]] == ["ledger", "third"]


@pytest.mark.parametrize(
    "query", ["page=2", "status=done", "number=x", "number=-1", "limit=0", "cursor=%21", "number=" + "9" * 99]
)
def test_lists_refuse_parameters_they_do_not_know(cast: Cast, query: str) -> None:
    answer = cast.browser(cast.auditor).get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_pages_follow_each_other_without_gap_or_repeat(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.analyst)
    for number in range(5):
        browser.post(f"{URL}?dataset=readings", b"%d\n" % number, content_type="text/csv")
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = browser.get(f"{URL}?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        found += [row["number"] for row in page["results"]]
        cursor = page["next_cursor"]
    assert found == ["B-6", "B-5", "B-4", "B-3", "B-2", "B-1"]


def test_a_write_scope_is_needed_to_deliver(cast: Cast, judged: Judged) -> None:
    for scopes, status in ((["read"], 403), (["write"], 202)):
        _, text = key_issue(tenant=cast.tenant, name="loader", scopes=scopes)
        client = Client(headers={"X-API-Key": text})
        assert client.post(URL, {"dataset": "ledger", "lines": file()}).status_code == status


def test_nobody_gets_in_without_a_credential(cast: Cast, judged: Judged) -> None:
    for path in ("", f"/{judged.batch.id}", f"/{judged.batch.id}/rejected"):
        assert Client().get(f"{URL}{path}").status_code == 401
    assert Client().post(f"{URL}?dataset=ledger", CSV, content_type="text/csv").status_code == 401


def test_an_outsider_sees_nothing_and_learns_nothing(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.outsider)
    assert SECRET.encode() not in browser.get(URL).content
    assert browser.get("/api/v1/datasets").json()["results"] == []
    for method, path in (("get", ""), ("get", "/rejected"), ("post", "/rerun")):
        theirs, random = (
            getattr(browser, method)(f"{URL}/{identifier}{path}", headers={"X-Request-ID": "same"})
            for identifier in (judged.batch.id, uuid4())
        )
        assert (theirs.status_code, theirs.content) == (404, random.content)
    url = f"{URL}?dataset=ledger"
    assert browser.post(url, CSV, content_type="text/csv").status_code == 202
    with tenant_scope(cast.tenant.id):
        assert Batch.objects.count() == 1


def test_lists_cost_the_same_however_many_rows_they_show(
    cast: Cast, judged: Judged, recorded_queries: RecordedQueries
) -> None:
    browser = cast.browser(cast.analyst)
    for name, url in (
        ("batches", URL),
        ("one batch", f"{URL}/{judged.batch.id}"),
        ("datasets", "/api/v1/datasets"),
    ):
        with recorded_queries(name):
            assert browser.get(url).status_code == 200
