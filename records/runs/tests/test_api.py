"""`/api/v1/runs` and `/api/v1/findings`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from records.runs.models import Finding, Run
from records.states import RunStatus
from records.tests.judged import SECRET, Judged
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

RecordedQueries = Callable[[str], AbstractContextManager[Any]]
RUNS, FINDINGS = "/api/v1/runs", "/api/v1/findings"
# What `--format json` of the engine prints, in `packs.md` and in the pack guide.
ENGINE_KEYS = {
    "rule", "severity", "label", "input", "row", "key", "unit", "left", "right", "difference", "fields", "message",
}  # fmt: skip


def test_a_run_says_what_it_came_to(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    run = browser.get(f"{RUNS}/{judged.run.id}").json()
    assert (run["status"], run["pack"], run["version"]) == ("completed", "tests.ledger", "1.0.0")
    assert run["records"] == {"processed": 2, "failed": 1, "errored": 0}
    assert run["findings"] == {"fatal": 1, "error": 1, "warning": 0, "info": 0}
    assert run["units"] == {"BROKEN": 2}
    assert [outcome["rule"] for outcome in run["outcomes"]] == ["L01", "T01"]
    assert len(run["events"]) == 1
    for url in run["links"].values():
        assert browser.get(url).status_code == 200, url


def test_the_etag_of_a_run_changes_with_it(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    url = f"{RUNS}/{judged.run.id}"
    before = browser.get(url)["ETag"]
    assert browser.get(url)["ETag"] == before
    with tenant_scope(cast.tenant.id):
        Run.objects.filter(id=judged.run.id).update(revision=7)
    assert browser.get(url)["ETag"] != before


def test_runs_are_listed_by_batch_dataset_status_and_kind(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    matching = browser.get(f"{RUNS}?batch={judged.batch.id}&dataset=ledger&status=completed&kind=live").json()
    assert [run["id"] for run in matching["results"]] == [str(judged.run.id)]
    assert browser.get(f"{RUNS}?status=failed").json()["results"] == []


def test_an_output_is_a_download(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    run = browser.get(f"{RUNS}/{judged.run.id}").json()
    answer: Any = browser.get(run["outputs"]["lines.csv"])
    assert b"".join(answer.streaming_content) == SECRET.encode()
    assert answer["Content-Disposition"] == 'attachment; filename="lines.csv"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert browser.get(f"{RUNS}/{judged.run.id}/outputs/other.csv").status_code == 404


def test_a_waiting_run_can_be_cancelled_once(cast: Cast, judged: Judged) -> None:
    with tenant_scope(cast.tenant.id):
        waiting = Run.objects.create(batch=judged.batch, dataset=judged.dataset, pack_version=judged.version)
    url = f"{RUNS}/{waiting.id}/cancel"
    assert cast.browser(cast.auditor).post(url).status_code == 403
    answer = cast.browser(cast.analyst).post(url)
    assert (answer.status_code, answer.json()["status"]) == (202, RunStatus.CANCELLED)
    assert cast.browser(cast.analyst).post(url).status_code == 409


def test_units_are_listed_by_status(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    units = browser.get(f"{RUNS}/{judged.run.id}/units?status=BROKEN").json()["results"]
    assert sorted((unit["unit"], unit["fatal"]) for unit in units) == [("100", 1), ("200", 0)]
    assert browser.get(f"{RUNS}/{judged.run.id}/units?status=CLEAN").json()["results"] == []


def test_a_finding_has_the_keys_of_the_engine(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    row, group = browser.get(f"{FINDINGS}?run={judged.run.id}").json()["results"]
    assert set(row) > ENGINE_KEYS
    assert (row["rule"], row["input"], row["row"], row["key"]) == ("L01", "lines", 3, {"line": "c"})
    assert (row["record"], row["number"]) == (str(judged.records[2].id), "B-1/1")
    assert (group["left"], group["right"], group["difference"], group["rows"]) == ("10.00", "4.50", "5.50", [1, 2])
    assert (group["row"], group["input"], group["record"]) == (None, None, None)
    assert browser.get(f"{FINDINGS}/{group['id']}").json() == group


FILTERS = {
    "": ["L01", "T01"],
    "severity=fatal": ["T01"],
    "severity=fatal&severity=error": ["L01", "T01"],
    "rule=L01&rule=L02": ["L01"],
    "rule=l01": [],
    "unit=100": ["T01"],
    "input=lines": ["L01"],
    "stage=lines": ["L01", "T01"],
    "stage=totals": [],
}


@pytest.mark.parametrize("query", FILTERS)
def test_findings_are_narrowed_by_their_filters(cast: Cast, judged: Judged, query: str) -> None:
    found = cast.browser(cast.auditor).get(f"{FINDINGS}?{query}").json()["results"]
    assert [finding["rule"] for finding in found] == FILTERS[query]


def test_findings_of_a_batch_are_those_of_its_run_in_force(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    with tenant_scope(cast.tenant.id):
        older = Run.objects.create(batch=judged.batch, dataset=judged.dataset, status=RunStatus.COMPLETED)
        Finding.objects.create(run=older, ordinal=1, rule="L09", severity="info", message="old", fingerprint="9" * 16)
    for query in ("", f"batch={judged.batch.id}"):
        found = browser.get(f"{FINDINGS}?{query}").json()["results"]
        assert [finding["rule"] for finding in found] == ["L01", "T01"]


def test_findings_of_a_record_are_those_about_it(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)

    def rules(record: object) -> list[str]:
        return [finding["rule"] for finding in browser.get(f"{FINDINGS}?record={record}").json()["results"]]

    assert rules(judged.records[2].id) == ["L01"]
    assert rules(judged.records[0].id) == rules(judged.single.id) == rules(uuid4()) == []


def test_pages_follow_each_other_without_gap_or_repeat(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    first = browser.get(f"{FINDINGS}?limit=1").json()
    second = browser.get(f"{FINDINGS}?limit=1&cursor={first['next_cursor']}").json()
    assert [page["results"][0]["rule"] for page in (first, second)] == ["L01", "T01"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "query", ["severity=worst", "run=1", "batch=x", "rule=%00", "q=text", "limit=201", "cursor=x%00", "cursor=abcd"]
)
def test_a_parameter_out_of_the_contract_is_refused_by_name(cast: Cast, query: str) -> None:
    answer = cast.browser(cast.auditor).get(f"{FINDINGS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


PATHS = [
    ("get", "/api/v1/runs/{run}"),
    ("post", "/api/v1/runs/{run}/cancel"),
    ("get", "/api/v1/runs/{run}/units"),
    ("get", "/api/v1/runs/{run}/outputs/lines.csv"),
    ("get", "/api/v1/findings/{finding}"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_an_outsider_learns_no_more_than_of_a_random_id(cast: Cast, judged: Judged, method: str, path: str) -> None:
    browser = cast.browser(cast.outsider)
    theirs = path.format(run=judged.run.id, finding=judged.findings[0].id)
    random = path.format(run=uuid4(), finding=uuid4())
    answers = [getattr(browser, method)(url, headers={"X-Request-ID": "same"}) for url in (theirs, random)]
    assert answers[0].status_code == answers[1].status_code == 404
    assert answers[0].content == answers[1].content
    assert getattr(Client(), method)(theirs).status_code == 401


def test_an_outsiders_lists_are_empty(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.outsider)
    for query in ("", f"?run={judged.run.id}", f"?batch={judged.batch.id}", f"?record={judged.records[2].id}"):
        assert browser.get(f"{FINDINGS}{query}").json()["results"] == []
    assert browser.get(RUNS).json()["results"] == []
    assert Client().get(FINDINGS).status_code == Client().get(RUNS).status_code == 401


def test_lists_cost_the_same_however_many_rows_they_show(
    cast: Cast, judged: Judged, recorded_queries: RecordedQueries
) -> None:
    browser = cast.browser(cast.analyst)
    urls = {
        "runs": RUNS,
        "one run": f"{RUNS}/{judged.run.id}",
        "units": f"{RUNS}/{judged.run.id}/units",
        "findings": FINDINGS,
        "findings of a run": f"{FINDINGS}?run={judged.run.id}",
        "findings of a record": f"{FINDINGS}?record={judged.records[2].id}",
    }
    for name, url in urls.items():
        with recorded_queries(name):
            assert browser.get(url).status_code == 200
