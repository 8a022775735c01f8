"""Markup, formulas, template tags and terminal codes out of packs and deliveries: shown as they are, run nowhere."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from records import commands
from records.datasets.models import Batch, BatchInput, Record
from records.runs.models import Finding, Run, UnitStatus
from records.runs.results import unit_name
from records.states import RunStatus
from records.tests.deliveries import deliver, judge
from rulepacks.catalog.services import pack_install
from tenants.context import tenant_scope
from tenants.tests.cast import Cast
from tenants.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PACK = Path(__file__).parent / "packs" / "hostile"
FILENAME = "../../\"><script>alert('file')</script>\u202e.csv"
ACCOUNT = "\u202e<img src=x onerror=alert(1)>{{ 6|add:7 }}\x1b[2J"
ROWS = [
    ["line", "<script>alert('header')</script>", "amount", "=CARRIED+1"],
    ["<script>alert('cell')</script>", ACCOUNT, "1", "=cmd|' /C calc'!A0"],
    ["=1+1", "@SUM(1+1)", "2", "-2+3"],
    ["+x", "x" * 5000, "3", "\t=1"],
    ["-cmd", "a,b", "200", ""],
    ["-1+1|too many", "1", "2", "3", "=4"],
]
RUNS = ("<script>alert", "<img src=x", "<b onclick", "onerror=alert(1)>", "&lt;script&gt;alert(1)")


@pytest.fixture
def run(cast: Cast) -> Run:
    text = io.StringIO()
    csv.writer(text).writerows(ROWS)
    with tenant_scope(cast.tenant.id):
        dataset = commands.dataset_create(name="ledger", title="<script>alert('dataset')</script>")
        commands.dataset_activate(dataset=dataset, version=pack_install(folder=PACK))
        run = judge(deliver(dataset, text.getvalue().encode(), filename=FILENAME))
        run.batch = Batch.objects.get()
        return run


def visited(cast: Cast, run: Run) -> list[str]:
    """Every page of the tenant and every screen of the admin that shows something of the run."""
    assert run.batch is not None
    slug, number = cast.tenant.slug, run.batch.number
    findings = reverse("findings", args=[slug])
    with tenant_scope(cast.tenant.id):
        found, records = list(Finding.objects.all()), list(Record.objects.all())
    pages = [reverse(name, args=[slug]) for name in ("overview", "batches", "findings")]
    pages += [reverse(name, args=[slug, number]) for name in ("batch", "batch_live")]
    pages += [f"{reverse('upload', args=[slug])}?dataset=ledger"]
    pages += [f"{findings}?{query}" for query in ("group=unit", "group=flat", "q=%3Cscript%3Ealert(1)", "rule=R01")]
    pages += [f"{findings}?open={one.id}" for one in found] + [reverse("finding", args=[slug, one.id]) for one in found]
    pages += [reverse("record", args=[slug, record.id]) for record in records]
    for model in ("batch", "record", "run", "unitstatus", "finding", "dataset"):
        pages.append(reverse(f"admin:records_{model}_changelist"))
    pages += [reverse("admin:records_finding_change", args=[one.id]) for one in found]
    pages += [reverse("admin:records_run_change", args=[run.id]), reverse("admin:rulepacks_packversion_changelist")]
    return pages


def test_a_delivery_of_hostile_words_is_judged(run: Run) -> None:
    assert (run.status, run.rows_read, run.rows_rejected, run.records_failed) == (RunStatus.COMPLETED, 5, 1, 3)


def test_no_page_runs_what_a_pack_or_a_cell_says(cast: Cast, run: Run) -> None:
    browser = cast.browser(UserFactory.create(email="staff@platform.example", is_staff=True, is_superuser=True))
    browser.post("/admin/tenant/", {"tenant": cast.tenant.slug})
    owner = cast.browser(cast.owner)
    for url in visited(cast, run):
        answer = (browser if url.startswith("/admin/") else owner).get(url)
        assert answer.status_code == 200, url
        text = answer.content.decode()
        assert not [word for word in RUNS[:4] if word in text], url
        assert "alert(" not in text or "&lt;" in text or "%3C" in text, url


def test_a_page_shows_the_words_as_they_are(cast: Cast, run: Run) -> None:
    with tenant_scope(cast.tenant.id):
        finding = Finding.objects.get(rule="R01", row=1)
    text = cast.browser(cast.owner).get(reverse("finding", args=[cast.tenant.slug, finding.id])).content.decode()
    assert "&lt;script&gt;alert(&#x27;message&#x27;)&lt;/script&gt;" in text
    assert "{{ 6|add:7 }}" in text


def test_json_gives_the_words_unchanged(cast: Cast, run: Run) -> None:
    answer = cast.browser(cast.owner).get(f"/api/v1/findings?run={run.id}&rule=R01")
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Content-Type-Options"] == "nosniff"
    first = answer.json()["results"][0]
    assert first["message"] == f"<script>alert('message')</script> {ROWS[1][0]} of {ACCOUNT}"
    assert first["label"] == "<script>alert('label')</script>"


def output(run: Run, name: str) -> bytes:
    with default_storage.open(run.outputs[name]) as file:
        content: bytes = file.read()
    return content


def test_spreadsheets_get_no_formula(cast: Cast, run: Run) -> None:
    for name in ("all.csv", "told.csv"):
        cells = [cell for row in csv.reader(io.StringIO(output(run, name).decode())) for cell in row]
        assert len(cells) > 6
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n")], name
    sheet = openpyxl.load_workbook(io.BytesIO(output(run, "book.xlsx"))).active
    assert sheet is not None
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert "f" not in kinds


def test_rejected_rows_come_as_they_were_and_as_texts_in_a_spreadsheet(cast: Cast, run: Run) -> None:
    assert run.batch is not None
    owner = cast.browser(cast.owner)
    page: Any = owner.get(reverse("batch_rejects", args=[cast.tenant.slug, run.batch.number, "lines"]))
    rows = list(csv.DictReader(io.StringIO(page.getvalue().decode())))
    assert [(row["row"], row["line"], row["text"]) for row in rows] == [("5", "6", "'-1+1|too many,1,2,3,=4")]
    answer: Any = owner.get(f"/api/v1/batches/{run.batch_id}/rejected")
    lines = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert json.loads(lines.splitlines()[0])["text"] == "-1+1|too many,1,2,3,=4"


def test_a_download_is_named_without_what_the_file_name_said(cast: Cast, run: Run) -> None:
    assert run.batch is not None
    browser: Client = cast.browser(cast.owner)
    answer = browser.get(reverse("run_output", args=[cast.tenant.slug, run.batch.number, "all.csv"]))
    assert answer["Content-Disposition"] == f'attachment; filename="{run.batch.label}-all.csv"'
    with tenant_scope(cast.tenant.id):
        delivered = BatchInput.objects.get()
    assert delivered.filename.endswith("<script>alert('file')</script>\u202e.csv")
    assert ".." not in delivered.stored_as
    assert "script" not in delivered.stored_as


def test_a_unit_with_a_very_long_name_is_kept_as_itself(cast: Cast, run: Run) -> None:
    with tenant_scope(cast.tenant.id):
        units = set(UnitStatus.objects.filter(unit__startswith="xxx").values_list("unit", flat=True))
        found = set(Finding.objects.filter(unit__startswith="xxx").values_list("unit", flat=True))
    assert units == found == {unit_name("x" * 5000)}
    assert unit_name("x" * 5000) != unit_name("x" * 5001)
    assert unit_name("x" * 200) == "x" * 200
