"""Health, version, OpenAPI: what load balancers and programs ask first."""

import json
import logging
import sys
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from cortx.logs import JsonFormatter
from tenants.context import request_scope, tenant_scope
from tenants.tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/health", "/health/"])
def test_health_says_two_things(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy", "database": "connected"})


def test_health_without_a_database_is_a_503(client: Client) -> None:
    with patch("cortx.health.connection.cursor", side_effect=OperationalError("host db.internal refused")):
        whole, part = client.get("/health"), client.get("/health/gateway")
    assert whole.status_code == part.status_code == 503
    assert whole.json() == {"status": "unhealthy", "database": "disconnected", "error": "OperationalError"}
    assert part.json()["status"] == "unhealthy"


@pytest.mark.parametrize("path", ["/health/gateway", "/health/gateway/", "/health/workflow_service"])
def test_a_part_says_three_things(client: Client, path: str, settings: Settings) -> None:
    settings.APP_VERSION = "1.2.3"
    name = path.strip("/").partition("/")[2]
    assert client.get(path).json() == {"status": "healthy", "service": name, "version": "1.2.3"}


def test_an_unknown_part_is_not_found(client: Client) -> None:
    assert client.get("/health/kitchen").status_code == 404


def test_version_says_what_runs_here(client: Client, settings: Settings) -> None:
    settings.APP_VERSION, settings.GIT_COMMIT, settings.APP_ENV = "1.2.3", "abc", "staging"
    assert client.get("/version").json() == {"version": "1.2.3", "commit": "abc", "environment": "staging"}


def test_the_openapi_document_is_served_and_shown(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["components"]["schemas"]["Problem"]["required"][0] == "type"
    assert not [path for path in document["paths"] if path.endswith("/")]
    page = client.get("/docs")
    assert page.status_code == 200
    assert "<script>" not in page.content.decode()


def line(*args: object, exception: bool = False) -> dict[str, object]:
    info = sys.exc_info() if exception else None
    record = logging.LogRecord("x", logging.INFO, "/a/module.py", 7, args[0], args[1:], info, "function")
    found: dict[str, object] = json.loads(JsonFormatter("svc").format(record))
    return found


def test_a_log_line_has_exactly_its_fields(cast: Cast) -> None:
    with request_scope("my-trace-123"), tenant_scope(cast.tenant.id):
        found = line("took %s", "1 s")
    found.pop("timestamp")
    assert found == {
        "level": "INFO",
        "service": "svc",
        "message": "took 1 s",
        "module": "module",
        "function": "function",
        "line": 7,
        "request_id": "my-trace-123",
        "tenant": str(cast.tenant.id),
    }


def test_a_log_line_hides_secrets_also_in_exceptions() -> None:
    try:
        int("password=hunter2")
    except ValueError:
        found = line("Bearer %s", "abcdefghijk", exception=True)
    assert "hunter2" not in str(found)
    assert "abcdefghijk" not in str(found)
    assert "ValueError" in str(found["exception"])
