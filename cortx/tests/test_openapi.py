"""The OpenAPI document: complete, and true. Generated requests for each operation, good and bad."""

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
from cortx.testing.web import Web
from records.tests.judged import Judged
from tenants.access.keys import key_issue
from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.invitations.services import invitation_send
from tenants.models import Tenant
from tenants.tests.cast import Cast
from tenants.tests.factories import MembershipFactory


def served(environment: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    """The project by WSGI as Django's test client drives it: the test's connection outlives each request."""
    response = ClientHandler()(environment)
    start(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    content: Iterable[bytes] = response
    return content


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DOCUMENT = schemathesis.openapi.from_wsgi("/openapi.json", served)
SERVED = schemathesis.openapi.from_dict(DOCUMENT.raw_schema)
"""The same, without an application to be called: its requests go over the network."""
DOCUMENTED = {
    "/health",
    "/version",
    "/records",
    "/records/{record_id}",
    "/records/{record_id}/process",
    "/reports/summary",
}


QUICK, LONG = 2, 300
"""Generated requests for each operation; each is sent once more to what exists."""


def fuzzed(examples: int) -> settings:
    """The same requests each time; nothing is too slow on a busy machine."""
    unchecked = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=unchecked)


def aimed(case: Any, judged: Judged) -> bool:
    """Point the request at what exists; False when its path names nothing."""
    there = {
        "record_id": judged.single.id, "batch_id": judged.batch.id, "run_id": judged.run.id,
        "finding_id": judged.findings[0].id, "version": judged.version.version,
    }  # fmt: skip
    names = {"datasets": judged.dataset.name, "rulepacks": judged.version.pack.name, "runs": "lines.csv"}
    about = case.operation.path.removeprefix("/api/v1/").split("/")[0]
    asked = case.path_parameters or {}
    made = {name: make(judged.dataset.tenant) for name, make in MAKE.items() if name in asked}
    wanted = {name: str({**there, **made}.get(name, names.get(about))) for name in asked}
    case.path_parameters = {**asked, **wanted}
    return bool(wanted)


def invitation_made(tenant: Tenant) -> object:
    with tenant_scope(tenant.id):
        return invitation_send(email="guest@agency.example", role="auditor", by=None, site="https://x.example").id


def event_made(tenant: Tenant) -> object:
    with tenant_scope(tenant.id):
        return audit_append("tenant.changed", tenant).id


MAKE: dict[str, Callable[[Tenant], object]] = {
    "membership_id": lambda tenant: MembershipFactory.create(tenant=tenant, role="analyst").id,
    "invitation_id": invitation_made,
    "key_id": lambda tenant: key_issue(tenant=tenant, name="aim", scopes=["read"])[0].id,
    "event_id": event_made,
}
"""What a request may end or change for good is made for it."""


def sent(case: Any, judged: Judged, **how: Any) -> None:
    """As it was generated, then aimed; fails for an answer that is not documented."""
    case.call_and_validate(checks=CHECKS, **how)
    if aimed(case, judged):
        case.call_and_validate(checks=CHECKS, **how)


@pytest.fixture
def key(cast: Cast, judged: Judged) -> str:
    """A key of the tenant that has a judged delivery."""
    return key_issue(tenant=cast.tenant, name="fuzz", scopes=["read", "write"])[1]


@pytest.mark.filterwarnings("ignore:Skipped test cases with unsupported payload media types")
@DOCUMENT.include(path_regex="^/api/v1/").parametrize()
@fuzzed(QUICK)
def test_every_answer_is_a_documented_one(case: Any, cast: Cast, judged: Judged) -> None:
    # All examples see the same rows; what they write is rolled back after the last one.
    cookie = f"sessionid={cast.browser(cast.owner).cookies['sessionid'].value}"
    sent(case, judged, headers={"Cookie": cookie, "Accept-Encoding": "identity"})


@pytest.mark.battery
@pytest.mark.filterwarnings("ignore:Skipped test cases with unsupported payload media types")
@SERVED.parametrize()
@fuzzed(LONG)
def test_every_answer_of_the_web_server_is_a_documented_one(case: Any, web: Web) -> None:
    signed_in = {str(name): str(value) for name, value in web.cookies(web.cast.owner)}
    sent(case, web.judged, base_url=f"http://127.0.0.1:{web.port}", headers=signed_in)


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
            assert client.get(path).status_code in {200, 403, 405}, path


def test_the_document_and_its_viewer_are_served(client: Client) -> None:
    for path in ("/openapi.json", "/docs", "/docs/"):
        assert client.get(path).status_code == 200, path
    assert client.get("/openapi.json").json()["openapi"].startswith("3.")
