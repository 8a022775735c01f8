"""Batches, upload and record pages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from records import commands
from records.datasets.models import Batch
from records.tests.judged import Judged
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

pytestmark = pytest.mark.django_db
LINES = b"line,account,side,amount,year\na,100,D,10.00,2026\n"


@pytest.fixture
def browser(cast: Cast, judged: Judged) -> Client:
    return cast.browser(cast.analyst)


def send(browser: Client, **fields: object) -> HttpResponse:
    form = {"dataset": "ledger", "file.lines": SimpleUploadedFile("lines.csv", LINES), "param.year": "2026", **fields}
    answer = browser.post(reverse("upload", args=["agency"]), {name: value for name, value in form.items() if value})
    assert isinstance(answer, HttpResponse)
    return answer


def test_batches_are_filtered_by_what_stands_in_the_url(browser: Client, judged: Judged) -> None:
    url, label = reverse("batches", args=["agency"]), judged.batch.label
    for query in ({}, {"dataset": "ledger"}, {"status": "completed"}, {"source": "feed"}, {"from": "2020-01-01"}):
        assert label in browser.get(url, query).content.decode()
    for query in ({"dataset": "x"}, {"status": "failed"}, {"source": "y"}, {"until": "2020-01-01"}):
        text = browser.get(url, query).content.decode()
        assert "No batch matches these filters" in text
        assert label not in text
    assert "is not a date" in browser.get(url, {"from": "yesterday"}).content.decode()


def test_batches_come_in_pages(browser: Client, cast: Cast, judged: Judged) -> None:
    with tenant_scope(cast.tenant.id):
        Batch.objects.bulk_create(
            Batch(number=number, dataset=judged.dataset, source="feed", created_by="feed") for number in range(2, 60)
        )
    text = browser.get(reverse("batches", args=["agency"]), {"source": "feed"}).content.decode()
    assert text.count("data-row") == 50
    assert "?source=feed&amp;before=10" in text
    text = browser.get(reverse("batches", args=["agency"]), {"source": "feed", "before": "10"}).content.decode()
    assert text.count("data-row") == 9
    assert "Load 50 more" not in text


def test_the_upload_asks_for_what_the_pack_reads(browser: Client) -> None:
    text = browser.get(reverse("upload", args=["agency"])).content.decode()
    assert 'name="file.lines"' in text
    assert 'name="file.budget"' in text
    assert 'name="param.year" value="2026"' in text
    assert "Default of the dataset" in text
    assert "<option selected>false</option>" in text


def test_a_delivery_leads_to_its_run(browser: Client, cast: Cast) -> None:
    answer = send(browser)
    with tenant_scope(cast.tenant.id):
        batch = Batch.objects.order_by("-number").first()
        assert batch is not None
        assert batch.source == "upload"
        assert batch.created_by == str(cast.analyst)
    assert answer["Location"] == f"/t/agency/batches/{batch.label}/"


def test_a_repeat_is_named_and_can_be_processed_anyway(browser: Client, cast: Cast) -> None:
    first = send(browser)["Location"]
    answer = send(browser)
    assert answer.status_code == 200
    assert "This file was processed as" in answer.content.decode()
    assert first in answer.content.decode()
    assert send(browser, again="1")["Location"] != first


def test_problems_are_shown_beside_the_control(browser: Client) -> None:
    answer = send(browser, **{"param.year": "soon", "file.lines": ""})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "The batch was not submitted" in text
    assert "No file was given" in text
    answer = send(browser, **{"param.year": "soon"})
    assert answer.status_code == 422
    assert "expected a whole number" in answer.content.decode()
    assert 'value="soon"' in answer.content.decode()


def test_an_input_the_pack_does_not_know_is_refused(browser: Client) -> None:
    answer = send(browser, **{"file.other": SimpleUploadedFile("other.csv", LINES)})
    assert answer.status_code == 422
    assert "has no input" in answer.content.decode()


def test_without_a_dataset_chosen_nothing_is_taken(browser: Client, cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        commands.dataset_create(name="notes", title="Notes")
        before = Batch.objects.count()
    text = browser.get(reverse("upload", args=["agency"])).content.decode()
    assert "Choose a dataset" in text
    assert 'type="file"' not in text
    assert send(browser, dataset="unknown").status_code == 200
    with tenant_scope(cast.tenant.id):
        assert Batch.objects.count() == before


def test_a_dataset_without_a_pack_takes_any_file(browser: Client, cast: Cast) -> None:
    with tenant_scope(cast.tenant.id):
        commands.dataset_create(name="notes", title="Notes")
    text = browser.get(reverse("upload", args=["agency"]), {"dataset": "notes"}).content.decode()
    assert "has no active pack" in text
    assert 'name="file.records"' in text


def test_a_record_shows_what_was_delivered_and_how_it_was_read(browser: Client, judged: Judged) -> None:
    text = browser.get(reverse("record", args=["agency", judged.records[2].id])).content.decode()
    assert f"{judged.batch.label}, line 3" in text
    assert "not a number" in text
    assert "decimal(12,2)" in text
    assert "1 finding" in text
    assert "Row 2" in text


def test_a_record_without_findings_says_so(browser: Client, judged: Judged) -> None:
    url = reverse("record", args=["agency", judged.records[0].id])
    assert "No finding is about this line itself" in browser.get(url).content.decode()
    assert "Row 2" in browser.get(url, {"fields": "all"}).content.decode()


def test_a_single_record_shows_its_payload(browser: Client, judged: Judged) -> None:
    text = browser.get(reverse("record", args=["agency", judged.single.id])).content.decode()
    assert "Not judged yet." in text
    assert "Pending" in text


def test_an_unknown_record_is_404(browser: Client) -> None:
    assert browser.get(reverse("record", args=["agency", "00000000-0000-7000-8000-000000000000"])).status_code == 404
