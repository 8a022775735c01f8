"""`Idempotency-Key`: what is sent twice is done once."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.live_server_helper import LiveServer

from records.datasets.models import Batch, Record
from records.runs.models import Run
from records.tests.judged import Judged
from tenants.access.keys import key_issue
from tenants.context import tenant_scope
from tenants.idempotency.models import KeptAnswer
from tenants.idempotency.services import Answer, answer_once, answers_forget
from tenants.models import AuditEvent, User
from tenants.tasks import forget_answers
from tenants.tests.cast import Cast

RECORDS, BATCHES = "/api/v1/records", "/api/v1/batches"
BODY = {"source": "feed", "category": "ledger", "payload": {"amount": 1}}
KEY = {"Idempotency-Key": "order-1"}
PARALLEL = 50
KEPT_FOR = timedelta(days=2)


def post(
    cast: Cast, body: Any = BODY, *, headers: dict[str, str] = KEY, url: str = RECORDS, by: User | None = None
) -> Any:
    browser = cast.browser(by or cast.analyst)
    return browser.post(url, json.dumps(body), content_type="application/json", headers=headers)


def test_the_same_request_gets_the_first_answer(cast: Cast) -> None:
    first, second = post(cast), post(cast)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers.get("Location") == second.headers.get("Location")
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    with tenant_scope(cast.tenant.id):
        assert Record.objects.count() == 1
        assert AuditEvent.objects.filter(action="record.received").count() == 1


def test_another_request_under_the_key_is_refused(cast: Cast) -> None:
    post(cast)
    changed = post(cast, {**BODY, "source": "other"})
    assert changed.status_code == 422
    assert changed.json()["code"] == "idempotency_key_reused"
    assert post(cast, url=f"{RECORDS}?x=1").status_code == 422
    with tenant_scope(cast.tenant.id):
        assert Record.objects.count() == 1


def test_the_key_of_one_person_is_not_another_s(cast: Cast) -> None:
    post(cast)
    assert post(cast, by=cast.owner).status_code == 422


def test_another_tenant_has_keys_of_its_own(cast: Cast) -> None:
    first = post(cast).json()
    answer = post(cast, by=cast.outsider)
    assert answer.status_code == 201
    assert answer.json()["id"] != first["id"]


def test_a_refused_request_may_be_mended_and_sent_again(cast: Cast) -> None:
    assert post(cast, {"source": "feed"}).status_code == 400
    assert post(cast).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
def test_a_key_that_cannot_be_one_is_refused_by_name(cast: Cast, key: str) -> None:
    answer = post(cast, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]


def test_a_form_counts_by_its_parts(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.analyst)

    def send(amount: str, name: str = "lines.csv") -> Any:
        content = f"line,account,side,amount,year\na,100,D,{amount},2026\n".encode()
        form = {"dataset": "ledger", "lines": SimpleUploadedFile(name, content, "text/csv")}
        return browser.post(f"{BATCHES}?again=1", form, headers=KEY)

    first, again = send("1.00"), send("1.00")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert send("2.00").status_code == 422
    assert send("1.00", "other.csv").status_code == 422
    with tenant_scope(cast.tenant.id):
        assert Batch.objects.filter(source=str(cast.analyst)).count() == 1


def test_a_raw_body_counts_by_its_bytes(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.analyst)
    lines = b"line,account,side,amount,year\n" + b"a,100,D,1.00,2026\n" * 200_000

    def send(body: bytes) -> Any:
        return browser.post(f"{BATCHES}?dataset=ledger&again=1", body, content_type="text/csv", headers=KEY)

    first, again = send(lines), send(lines)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert send(lines + b"b,100,D,1.00,2026\n").status_code == 422


def test_what_is_kept_is_forgotten_in_time(cast: Cast) -> None:
    post(cast)
    with tenant_scope(cast.tenant.id):
        assert answers_forget() == 0
        kept = KeptAnswer.objects.get()
        KeptAnswer.objects.filter(pk=kept.pk).update(created_at=kept.created_at - KEPT_FOR)
    assert post(cast, {**BODY, "source": "other"}).status_code == 201
    with tenant_scope(cast.tenant.id):
        kept = KeptAnswer.objects.get()
        KeptAnswer.objects.filter(pk=kept.pk).update(created_at=kept.created_at - KEPT_FOR)
    forget_answers()
    with tenant_scope(cast.tenant.id):
        assert KeptAnswer.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_have_one_effect_and_fifty_equal_answers(cast: Cast, live_server: LiveServer) -> None:
    secret = issued(cast)

    def send(_: int) -> tuple[int, bytes]:
        return raw_post(live_server, secret)

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = set(pool.map(send, range(PARALLEL)))
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    with tenant_scope(cast.tenant.id):
        assert Record.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_who_process_a_record_get_one_decision(cast: Cast, live_server: LiveServer) -> None:
    secret = issued(cast)
    record = json.loads(raw_post(live_server, secret)[1])["id"]

    def process(_: int) -> tuple[int, bytes]:
        return raw_post(live_server, secret, f"{RECORDS}/{record}/process", key="", body={})

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = set(pool.map(process, range(PARALLEL)))
    assert len(answers) == 1
    assert answers.pop()[0] == 200
    with tenant_scope(cast.tenant.id):
        assert Run.objects.filter(record_id=record).count() == 1
        assert AuditEvent.objects.filter(action="record.decided").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_that_is_still_being_carried_out_is_told_to_wait(
    cast: Cast, live_server: LiveServer, settings: Any
) -> None:
    settings.IDEMPOTENCY_WAIT_SECONDS = 1
    secret = issued(cast)

    def carry_out() -> Answer:
        """The first request: while it lasts, a second one comes."""
        with ThreadPoolExecutor(1) as pool:
            status, body = pool.submit(raw_post, live_server, secret).result()
        return Answer(status, {}, body)

    with tenant_scope(cast.tenant.id):
        second = answer_once(KEY["Idempotency-Key"], str, carry_out)
    status, body = second.status, second.body
    assert status == 409
    assert json.loads(body)["code"] == "in_flight"


def issued(cast: Cast) -> str:
    with tenant_scope(cast.tenant.id):
        return key_issue(tenant=cast.tenant, name="feed", scopes=["read", "write"])[1]


def raw_post(
    live_server: LiveServer,
    secret: str,
    path: str = RECORDS,
    key: str = KEY["Idempotency-Key"],
    body: Mapping[str, object] = BODY,
) -> tuple[int, bytes]:
    """Asks again when more callers came at once than wait in the test server's queue; what is asked bears it."""
    client = HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=60)
    headers = {"X-API-Key": secret, "Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    try:
        client.request("POST", path, json.dumps(body), headers)
        answer = client.getresponse()
        return answer.status, answer.read()
    except ConnectionResetError:
        return raw_post(live_server, secret, path, key, body)
