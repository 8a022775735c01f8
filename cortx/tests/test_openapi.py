"""The OpenAPI document: complete, and true. A few generated requests for each operation, good ones and bad ones."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
import schemathesis
from django.test import Client
from django.test.client import ClientHandler
from django.urls import get_resolver
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cortx import api
from records.tests.judged import Judged
from tenants.access.keys import key_issue
from tenants.tests.cast import Cast


def served(environment: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    """The project by WSGI as Django's test client drives it: the test's connection outlives each request."""
    response = ClientHandler()(environment)
    start(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    content: Iterable[bytes] = response
    return content


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DOCUMENT = schemathesis.openapi.from_wsgi("/openapi.json", served)
DOCUMENTED = {
    "/health",
    "/version",
    "/records",
    "/records/{record_id}",
    "/records/{record_id}/process",
    "/reports/summary",
}


@pytest.fixture
def key(cast: Cast, judged: Judged) -> str:
    """A key of the tenant that has a judged delivery."""
    return key_issue(tenant=cast.tenant, name="fuzz", scopes=["read", "write"])[1]


@pytest.mark.filterwarnings("ignore:Skipped test cases with unsupported payload media types")
@DOCUMENT.include(path_regex="^/api/v1/").parametrize()
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    # All examples see the same rows; what they write is rolled back after the last one.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_a_documented_one(case: Any, key: str) -> None:
    case.call_and_validate(headers={"X-API-Key": key, "Accept-Encoding": "identity"}, checks=CHECKS)


def test_the_document_is_valid() -> None:
    validate_schema(DOCUMENT.raw_schema)


def test_every_path_of_the_api_is_listed_once() -> None:
    listed = set(DOCUMENT.raw_schema["paths"])
    served = {f"/{pattern.pattern}" for pattern in api.urlpatterns}
    as_listed = {path.replace("<uuid:", "{").replace("<str:", "{").replace(">", "}") for path in served}
    assert {path for path in as_listed if not path.endswith("/")} <= listed
    assert listed >= DOCUMENTED


def test_no_path_of_the_api_is_redirected(key: str) -> None:
    client = Client(headers={"X-API-Key": key})
    for pattern in get_resolver().url_patterns:
        path = "/" + str(pattern.pattern).strip("^$").replace("/?", "").replace("\\", "")
        if pattern in api.urlpatterns and "<" not in path:
            assert client.get(path).status_code in {200, 405}, path


def test_the_document_and_its_viewer_are_served(client: Client) -> None:
    for path in ("/openapi.json", "/docs", "/docs/"):
        assert client.get(path).status_code == 200, path
    assert client.get("/openapi.json").json()["openapi"].startswith("3.")
