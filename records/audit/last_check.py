"""The last check of a tenant's log: kept in the cache, because it is news and no record."""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from tenants.audit.verification import audit_verify
from tenants.context import current_tenant_id


@dataclass(frozen=True)
class Checked:
    """When the log was checked, how long that took, how far it came, and what broke it, if anything did."""

    at: datetime
    seconds: float
    events: int
    position: int | None = None
    fault: str = ""


def check_now() -> Checked:
    """Check the bound tenant's log, and remember the result."""
    report = audit_verify()
    fault = report.fault
    checked = Checked(
        timezone.now(), report.seconds, report.events, fault.position if fault else None, str(fault or "")
    )
    cache.set(_key(), checked, timeout=None)
    return checked


def last_check() -> Checked | None:
    """The last one, if it is still known."""
    found: Checked | None = cache.get(_key())
    return found


def _key() -> str:
    return f"audit-check:{current_tenant_id()}"
