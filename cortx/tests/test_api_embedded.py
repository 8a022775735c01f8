"""The API and the admin on SQLite, without any service: what a fresh checkout serves."""

from collections.abc import Callable

SCRIPT = """
from django.db import IntegrityError, connection
from django.test import Client
from tenants.accounts.services import membership_add, tenant_default_ensure, user_create
from tenants.tests.cast import show_second_factor

tenant = tenant_default_ensure()
owner = user_create(email="owner@demo.example", password="four unusual words here")
membership_add(tenant=tenant, user=owner, role="owner")
client = Client()
for number, source in enumerate(["b", "a", "c"]):
    body = '{"source": "%s", "category": "kind %d", "payload": {"amount": 1.10}}' % (source, number % 2)
    answer = client.post("/records", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
made = answer.json()
for url in (
    "/records", "/records?status=pending", "/records?category=kind 0&sort_order=asc", "/records?sort_by=source",
    "/records?sort_by=status", "/records?sort_by=category&offset=1", "/records?created_after=2020-01-01T00:00:00Z",
    "/reports/summary", "/api/v1/batches", "/api/v1/runs", "/api/v1/findings", "/api/v1/rulepacks", "/openapi.json",
):
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.content)
assert [row["source"] for row in client.get("/records?sort_by=source").json()["results"]] == ["c", "b", "a"]
assert b'"amount":1.10' in client.get("/records").content
decided = client.post(f"/records/{made['id']}/process").json()
assert decided["status"] == "processed", decided
assert client.get("/reports/summary").json()["by_status"] == {"pending": 2, "processed": 1}
client.force_login(owner)
show_second_factor(client, owner)
lines = b'{"a":"1"}\\n{"a":"2"}\\n'
sent = client.post("/api/v1/batches?dataset=readings", lines, content_type="application/x-ndjson")
assert sent.status_code == 202, sent.content
assert client.get(sent.json()["batch_url"]).json()["status"] == "pending"
again = client.post("/api/v1/batches?dataset=readings", lines, content_type="application/x-ndjson")
assert (again.status_code, again.json()["duplicate"]) == (200, True)
for screen in ("records/record", "records/batch", "records/run", "records/finding", "tenants/auditevent"):
    answer = client.get(f"/admin/{screen}/")
    assert answer.status_code == 200, (screen, answer.content)
wanted = {"document": {"rate_limits": {"session": 500}, "retention": {"kept_answers_days": 3}}}
seen = {"If-Match": client.get("/api/v1/policy")["ETag"]}
for status in (200, 412):
    written = client.put("/api/v1/policy", wanted, content_type="application/json", headers=seen)
    assert written.status_code == status, written.content
assert client.get("/api/v1/policy")["RateLimit-Limit"] == "500"
assert client.get("/t/default/settings/policy/").status_code == 200
for statement in ("UPDATE tenants_policydocument SET note = 'x'", "DELETE FROM tenants_policydocument"):
    try:
        connection.cursor().execute(statement)
    except IntegrityError as refused:
        assert "append-only" in str(refused)
    else:
        raise AssertionError(statement)
print("served")
"""


def test_a_fresh_checkout_serves_the_api(embedded: Callable[..., object]) -> None:
    embedded("migrate")
    embedded("createcachetable")
    done = embedded("shell", script=SCRIPT)
    assert "served" in str(done)
