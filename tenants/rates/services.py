"""How many requests a caller and a tenant may send in a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import time as clock

from django.conf import settings

from tenants.access.identity import Identity
from tenants.policies.policy import Policy, RateLimits
from tenants.policies.selectors import UNWRITTEN, policy_of
from tenants.rates.counters import WINDOW_SECONDS, counters


@dataclass(frozen=True)
class Rate:
    """The tightest of the limits a request counts against; `resets_in` seconds the count begins anew."""

    limit: int
    remaining: int
    resets_in: int
    exceeded: bool

    @property
    def headers(self) -> Mapping[str, str]:
        """As told with every answer of the API."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.resets_in),
        }


def rate_of(identity: Identity, address: str) -> Rate | None:
    """Count a request of the caller and of its tenant; None when nothing limits it."""
    policy = policy_of(identity.tenant) if identity.tenant else UNWRITTEN
    limits = {_bucket(identity, address): _limit(identity, policy.rate_limits)}
    if identity.tenant is not None:
        limits[f"tenant:{identity.tenant.id}"] = _asked("TENANT", policy.rate_limits.tenant)
    return _counted(limits)


def rate_of_stranger(address: str) -> Rate | None:
    """Count a request whose credential is not valid."""
    return _counted({f"stranger:{address}": settings.RATE_LIMIT_ANONYMOUS})


def rates_in(policy: Policy) -> dict[str, int]:
    """Requests a minute that the tenant's keys, sessions and all together have; 0 for no limit."""
    asked = policy.rate_limits
    return {
        "key": _asked("KEY", asked.key),
        "session": _asked("SESSION", asked.session),
        "tenant": _asked("TENANT", asked.tenant),
    }


def _bucket(identity: Identity, address: str) -> str:
    return f"address:{address}" if identity.is_anonymous else f"{identity.actor.kind}:{identity.actor.id}"


def _limit(identity: Identity, asked: RateLimits) -> int:
    if identity.is_anonymous:
        return int(settings.RATE_LIMIT_ANONYMOUS)
    return _asked("SESSION", asked.session) if identity.is_browser else _asked("KEY", asked.key)


def _asked(name: str, wanted: int | None) -> int:
    """What the tenant's policy wants, up to a ceiling that may be lower by now; else what the installation sets."""
    if wanted is None:
        return int(getattr(settings, f"RATE_LIMIT_{name}"))
    return min(wanted, int(getattr(settings, f"RATE_CEILING_{name}")) or wanted)


def _counted(limits: Mapping[str, int]) -> Rate | None:
    limits = {bucket: limit for bucket, limit in limits.items() if limit}
    if not limits:
        return None
    now = clock()
    counts = counters().add(list(limits), int(now // WINDOW_SECONDS))
    left, limit = min((limit - count, limit) for limit, count in zip(limits.values(), counts, strict=True))
    resets_in = WINDOW_SECONDS - int(now % WINDOW_SECONDS)
    return Rate(limit, max(0, left), resets_in, exceeded=left < 0)
