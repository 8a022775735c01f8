"""API keys: issued once, checked in constant time, ended at once."""

from collections.abc import Callable
from datetime import timedelta
from subprocess import CompletedProcess

import pytest
import time_machine
from django.utils import timezone

from tenants.access.keys import key_issue, key_revoke, key_verify
from tenants.audit.selectors import audit_events
from tenants.context import tenant_scope
from tenants.models import ApiKey
from tenants.problems import ValidationProblem
from tenants.tests.cast import Cast


def test_an_issued_key_is_verified_and_its_secret_is_stored_nowhere(cast: Cast) -> None:
    key, text = key_issue(tenant=cast.tenant, name="loader", scopes=["write", "read"])
    assert text.startswith(f"cortx_{key.prefix}_")
    assert key_verify(text) == key
    assert text.split("_", 2)[2] not in str(ApiKey.objects.values())
    assert key.scopes == ["read", "write"]


@pytest.mark.parametrize("change", ["", "cortx_", "cortx_abcdefgh_", "x", "é" * 50, "cortx_abcdefgh_wrong"])
def test_a_text_that_is_no_key_is_not_verified(cast: Cast, change: str) -> None:
    assert key_verify(change) is None


def test_a_wrong_secret_is_not_verified(cast: Cast) -> None:
    _, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    assert key_verify(text[:-1] + ("a" if text[-1] != "a" else "b")) is None


def test_a_revoked_key_is_over(cast: Cast) -> None:
    key, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    assert key_revoke(key)
    assert not key_revoke(key)
    assert key_verify(text) is None
    with tenant_scope(cast.tenant.id):
        assert [event.action for event in audit_events(object_type="apikey")] == ["key.revoked", "key.issued"]


def test_an_expired_key_is_over(cast: Cast) -> None:
    _, text = key_issue(
        tenant=cast.tenant, name="loader", scopes=["read"], expires_at=timezone.now() + timedelta(hours=1)
    )
    assert key_verify(text)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert key_verify(text) is None


def test_a_key_of_a_closed_tenant_is_over(cast: Cast) -> None:
    _, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    cast.tenant.is_active = False
    cast.tenant.save()
    assert key_verify(text) is None


def test_use_is_noted_at_most_once_a_minute(cast: Cast) -> None:
    key, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    start, noted = timezone.now(), []
    for seconds in (0, 30, 61):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            key_verify(text)
        key.refresh_from_db()
        noted.append(key.last_used_at)
    assert noted == [start, start, start + timedelta(seconds=61)]


@pytest.mark.parametrize("scopes", [[], ["read", "root"]])
def test_unknown_scopes_are_refused(cast: Cast, scopes: list[str]) -> None:
    with pytest.raises(ValidationProblem):
        key_issue(tenant=cast.tenant, name="loader", scopes=scopes)


BUSY = """
import time, sqlite3
from django.db import connection
from tenants.access.keys import key_issue, key_verify
from tenants.models import ApiKey, Tenant
tenant = Tenant.objects.create(slug="a", name="A")
key, text = key_issue(tenant=tenant, name="loader", scopes=["read"])
other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
start = time.monotonic()
print("while busy", bool(key_verify(text)), time.monotonic() - start < 5, ApiKey.objects.get().last_used_at)
other.execute("COMMIT")
key_verify(text)
print("afterwards", ApiKey.objects.get().last_used_at is not None)
"""


def test_noting_the_use_does_not_wait_for_a_busy_database(embedded: Callable[..., CompletedProcess[str]]) -> None:
    embedded("migrate", "--verbosity=0")
    answer = embedded("shell", script=BUSY).stdout
    assert "while busy True True None" in answer
    assert "afterwards True" in answer
