"""A policy as the code asks it: typed, with the default of every key that its document leaves out."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class RateLimits(msgspec.Struct, frozen=True):
    """Requests a minute; None: as the installation sets it."""

    key: int | None = None
    session: int | None = None
    tenant: int | None = None


class Approvals(msgspec.Struct, frozen=True):
    """What it takes to approve something."""

    required: int = 1
    sole_operator: bool = True
    valid_days: int = 14


class Retention(msgspec.Struct, frozen=True):
    """Days; None: for good."""

    delivered_files_days: int | None = None
    kept_answers_days: int = 2


class Access(msgspec.Struct, frozen=True):
    """Who may read without a credential; None: as the tenant was set up."""

    public_reads: Literal["none", "records", "all"] | None = None


class Checkpoints(msgspec.Struct, frozen=True):
    """Where signed checkpoints go; None: nowhere."""

    folder: str | None = None
    url: str | None = None


class Policy(msgspec.Struct, frozen=True):
    """What holds. `number` is 0 for a tenant that never wrote a policy."""

    number: int = 0
    rate_limits: RateLimits = RateLimits()
    approvals: Approvals = Approvals()
    severities: dict[str, dict[str, str]] = {}
    retention: Retention = Retention()
    access: Access = Access()
    checkpoints: Checkpoints = Checkpoints()


def policy_from(number: int, document: Mapping[str, Any]) -> Policy:
    """The policy that a document of a tenant is."""
    return msgspec.convert({**document, "number": number}, Policy)
