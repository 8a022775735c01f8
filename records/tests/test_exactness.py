"""Amounts of 21 digits before the point and 2 after it, unchanged in both databases and in the API."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from django.test import Client

from records import commands
from records.runs.models import Finding, Run
from records.tests.deliveries import deliver, judge
from rulepacks.catalog.services import pack_install
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

PACK = Path(__file__).parent / "packs" / "amounts"
NAME = "tests.amounts"
WIDE, LESS, LIMIT = "999999999999999999999.99", "-999999999999999999999.99", "-999999999999999999999.98"
CONTENT = f"id,payer,amount\n1,A,{WIDE}\n2,A,{WIDE}\n3,B,{LESS}\n4,B,0.01\n"
EXPECTED = [
    ("ROW", "1", WIDE, LIMIT, "1999999999999999999999.97"),
    ("ROW", "2", WIDE, LIMIT, "1999999999999999999999.97"),
    ("ROW", "3", LESS, LIMIT, "-0.01"),
    ("ROW", "4", "0.01", LIMIT, "999999999999999999999.99"),
    ("SUM", "A", "1999999999999999999999.98", "0", "1999999999999999999999.98"),
    ("SUM", "B", LIMIT, "0", LIMIT),
]
"""Rule, what it is about, left, right and difference."""
PAYLOAD = f'{{"id":"7","payer":"C","amount":{WIDE}}}'
ALONE = ("ROW", "7", WIDE, LIMIT, "1999999999999999999999.97")
TENANT = "from tenants.accounts.services import tenant_create; tenant_create(slug='agency', name='Agency')"
RECORD = f"""
import json
from decimal import Decimal
from records import commands
from tenants.context import tenant_scope
from tenants.models import Tenant
with tenant_scope(Tenant.objects.get(slug="agency").id):
    payload = json.loads('{PAYLOAD}', parse_float=Decimal)
    commands.record_process(commands.record_create(source="desk", category="{NAME}", payload=payload).id)
"""
COLUMNS = "rule, key, left, right, difference"
Manage = Callable[..., CompletedProcess[str]]


def told(finding: dict[str, Any]) -> tuple[str, ...]:
    """As `EXPECTED` has it."""
    return (finding["rule"], *finding["key"].values(), finding["left"], finding["right"], finding["difference"])


@pytest.fixture
def run(cast: Cast) -> Run:
    """The delivery, judged on PostgreSQL."""
    with tenant_scope(cast.tenant.id):
        dataset = commands.dataset_create(name=NAME)
        commands.dataset_activate(dataset=dataset, version=pack_install(folder=PACK))
        return judge(deliver(dataset, CONTENT.encode(), name="payments", filename="payments.csv"))


@pytest.fixture
def browser(cast: Cast) -> Client:
    return cast.browser(cast.analyst)


def test_findings_of_a_batch_keep_every_digit_in_the_database_and_the_api(browser: Client, run: Run) -> None:
    listed = browser.get(f"/api/v1/findings?run={run.id}").json()["results"]
    assert sorted(map(told, listed)) == EXPECTED
    assert {finding["fields"]["amount"] for finding in listed if finding["rule"] == "ROW"} == {WIDE, LESS, "0.01"}
    output: Any = browser.get(browser.get(f"/api/v1/runs/{run.id}").json()["outputs"]["payments.csv"])
    assert WIDE in b"".join(output.streaming_content).decode()
    rows = browser.get(f"/records?category={NAME}&sort_order=asc").json()["results"]
    shown = [browser.get(f"/records/{row['id']}").json()["payload"]["amount"] for row in rows]
    assert shown == [WIDE, WIDE, LESS, "0.01"]


def test_a_single_record_keeps_every_digit_through_the_api(browser: Client, run: Run) -> None:
    body = f'{{"source":"desk","category":"{NAME}","payload":{PAYLOAD}}}'
    created = browser.post("/records", body, content_type="application/json")
    address = f"/records/{created.json()['id']}"
    decided = browser.post(f"{address}/process")
    assert decided.json()["status"] == "failed"
    for answer in (created, decided, browser.get(address)):
        assert f'"amount":{WIDE}'.encode() in answer.content.replace(b": ", b":")
    (finding,) = browser.get(decided.json()["findings_url"]).json()["results"]
    assert told(finding) == ALONE


def test_sqlite_holds_the_same_digits_and_the_same_digest(run: Run, embedded: Manage, tmp_path: Path) -> None:
    (tmp_path / "payments.csv").write_text(CONTENT, encoding="utf-8")
    embedded("migrate", "-v0")
    embedded("shell", script=TENANT)
    delivery = ["--tenant", "agency", "--pack", str(PACK), "--input", f"payments={tmp_path / 'payments.csv'}"]
    shown = embedded("process", *delivery, code=1)
    embedded("shell", script=RECORD)
    assert run.findings_digest in shown.stdout
    with closing(sqlite3.connect(tmp_path / "var" / "cortx.sqlite3")) as database:
        quoted = ", ".join(f'"{name}"' for name in COLUMNS.split(", "))
        found = database.execute(f"SELECT {quoted} FROM records_finding").fetchall()
        (payload,) = database.execute("SELECT payload FROM records_record WHERE batch_id IS NULL").fetchone()
    rows = [dict(zip(COLUMNS.split(", "), row, strict=True)) | {"key": json.loads(row[1])} for row in found]
    assert sorted(map(told, rows)) == sorted([*EXPECTED, ALONE])
    assert json.loads(payload, parse_float=Decimal)["amount"] == Decimal(WIDE)


def test_magnitudes_are_for_sorting_only(cast: Cast, run: Run) -> None:
    with tenant_scope(cast.tenant.id):
        largest = Finding.objects.filter(run=run).order_by("-magnitude", "ordinal").first()
    assert largest is not None
    assert largest.difference == "1999999999999999999999.97"
