"""The run page: right while it runs, and right for work that ended before anybody looked."""

import csv
import io

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from records import commands
from records.runs.models import Run
from records.tests.judged import Judged
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

pytestmark = pytest.mark.django_db
PROGRESS = {
    "stages": [
        {"name": "Received", "state": "done"},
        {"name": "Read", "state": "done", "amount": 4, "unit": "rows", "seconds": 1.25},
        {"name": "Snapshot", "state": "done", "seconds": 0.4},
        {"name": "Rules", "state": "running", "done": 1, "total": 3, "seconds": 2.0},
    ],
    "groups": [{"name": "lines / row masks", "done": 1, "total": 3, "message": "4 rules, 0.10 s"}],
    "rows": 4, "total": 4, "samples": [[0, 0], [1, 1], [2, 3], [3, 3], [4, 4]],
}  # fmt: skip


@pytest.fixture
def browser(cast: Cast, judged: Judged) -> Client:
    return cast.browser(cast.owner)


def change(cast: Cast, judged: Judged, **values: object) -> None:
    with tenant_scope(cast.tenant.id):
        Run.objects.filter(id=judged.run.id).update(**values)


def live(browser: Client, judged: Judged, **headers: str) -> tuple[int, str, str]:
    answer = browser.get(reverse("batch_live", args=["agency", judged.batch.number]), headers=headers)
    return answer.status_code, answer.content.decode(), answer["ETag"]


def test_an_ended_run_asks_for_no_more_updates(browser: Client, judged: Judged) -> None:
    status, text, _ = live(browser, judged)
    assert status == 200
    assert "hx-trigger" not in text
    assert "Processed, 1 fatal" in text
    assert text.count("stage-done") == 6


def test_a_run_under_way_polls_and_shows_how_far_it_is(cast: Cast, judged: Judged, browser: Client) -> None:
    change(cast, judged, status="running", stage="Rules", progress=PROGRESS, finished_at=None)
    _, text, _ = live(browser, judged)
    assert 'hx-trigger="every 2s"' in text
    assert "4 rows, 1.2 s" in text
    assert "1 of 3, 2.0 s" in text
    assert "data-samples" in text
    assert "Cancel run" in text


def test_the_end_of_a_run_settles_the_counts_of_the_sidebar(cast: Cast, judged: Judged, browser: Client) -> None:
    change(cast, judged, status="running")
    assert "hx-swap-oob" not in live(browser, judged)[1]
    change(cast, judged, status="completed")
    assert 'id="count-batches" class="nav-count" hx-swap-oob="true"></span>' in live(browser, judged)[1]


def test_stages_before_the_one_that_runs_are_done(cast: Cast, judged: Judged, browser: Client) -> None:
    stages = [{"name": name, "state": "running"} for name in ("Read", "Snapshot", "Rules")]
    change(cast, judged, status="running", stage="Rules", progress={"stages": stages})
    assert live(browser, judged)[1].count("stage-running") == 1


def test_nothing_new_is_304(cast: Cast, judged: Judged, browser: Client) -> None:
    change(cast, judged, status="running", revision=7)
    _, _, etag = live(browser, judged)
    assert live(browser, judged, if_none_match=etag)[0] == 304
    assert live(browser, judged, if_none_match=f"W/{etag}")[0] == 304
    change(cast, judged, revision=8)
    assert live(browser, judged, if_none_match=etag)[0] == 200


def test_figures_add_up_to_the_rows_delivered(browser: Client, judged: Judged) -> None:
    _, text, _ = live(browser, judged)
    for label, number in (("Processed", 2), ("Failed", 1), ("Pending", 0), ("Rejected", 1), ("Total", 4)):
        assert f">{label}</dt>" in text
        assert f">{number}</dd>" in text


def test_a_failed_run_says_where_and_why(cast: Cast, judged: Judged, browser: Client) -> None:
    problems = [{"file": "lines", "line": 8114, "column": "amount", "message": "Not UTF-8"}]
    change(cast, judged, status="failed", stage="Read", reason="Lines cannot be read", problems=problems, progress={})
    _, text, _ = live(browser, judged)
    assert "The run failed" in text
    assert "Lines, line 8114, column amount: Not UTF-8" in text
    assert "Lines cannot be read" not in text
    assert "stage-failed" in text
    assert "Not reached" in text


def test_a_cancelled_run_says_so(cast: Cast, judged: Judged, browser: Client) -> None:
    change(cast, judged, status="cancelled", stage="Rules", reason="Cancelled", progress=PROGRESS)
    _, text, _ = live(browser, judged)
    assert "The run was cancelled" in text
    assert "stage-stopped" in text


def test_a_waiting_run_can_be_cancelled_and_run_again(cast: Cast, judged: Judged, browser: Client) -> None:
    with tenant_scope(cast.tenant.id):
        commands.run_again(judged.batch)
    page = reverse("batch", args=["agency", judged.batch.number])
    assert "Waiting" in browser.get(page).content.decode()
    refused = browser.post(reverse("run_again", args=["agency", judged.batch.number]), follow=True)
    assert "is under way" in refused.content.decode()
    done = browser.post(reverse("run_cancel", args=["agency", judged.batch.number]), follow=True)
    assert "The run was cancelled" in done.content.decode()
    assert (
        "The run has ended"
        in browser.post(reverse("run_cancel", args=["agency", judged.batch.number]), follow=True).content.decode()
    )


def test_an_earlier_run_stays_readable_and_says_that_it_is_one(cast: Cast, judged: Judged, browser: Client) -> None:
    with tenant_scope(cast.tenant.id):
        commands.run_again(judged.batch)
    page = reverse("batch", args=["agency", judged.batch.number])
    assert "This is an earlier run" in browser.get(page, {"run": str(judged.run.id)}).content.decode()
    assert browser.get(page, {"run": str(judged.batch.id)}).status_code == 404


def test_only_problems_are_shown_when_asked_for(cast: Cast, judged: Judged, browser: Client) -> None:
    with tenant_scope(cast.tenant.id):
        judged.run.events.create(message="2 rows rejected", level="problem")
    page = reverse("batch", args=["agency", judged.batch.number])
    text = browser.get(page, {"events": "problems"}).content.decode()
    assert "2 rows rejected" in text
    assert "Received canary" not in text


def test_rejected_rows_come_with_line_and_reason(browser: Client, judged: Judged) -> None:
    answer = browser.get(reverse("batch_rejects", args=["agency", judged.batch.number, "lines"]))
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode())))
    assert rows[0] == ["row", "line", "column", "reason", "text"]
    assert rows[1][:4] == ["4", "5", "", "has 3 cells, expected 4"]
    assert browser.get(reverse("batch_rejects", args=["agency", judged.batch.number, "budget"])).status_code == 404


def test_a_rejected_formula_stays_text_in_a_spreadsheet(cast: Cast, judged: Judged, browser: Client) -> None:
    with tenant_scope(cast.tenant.id):
        delivered = judged.batch.inputs.get()
        with default_storage.open(delivered.rejects, "w") as file:
            file.write(
                '{"input": "lines", "row_number": 1, "line": 2, "column": null, "reason": "@x", "text": "=1+1"}\n'
            )
    answer = browser.get(reverse("batch_rejects", args=["agency", judged.batch.number, "lines"]))
    assert ",'@x,'=1+1" in answer.getvalue().decode()


def test_outputs_are_those_of_the_run_in_force(browser: Client, judged: Judged) -> None:
    url = reverse("run_output", args=["agency", judged.batch.number, "lines.csv"])
    answer = browser.get(url)
    assert answer.status_code == 200
    assert f"{judged.batch.label}-lines.csv" in answer["Content-Disposition"]
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    for name in ("nothing.csv", "tables", ".."):
        assert browser.get(reverse("run_output", args=["agency", judged.batch.number, name])).status_code == 404
