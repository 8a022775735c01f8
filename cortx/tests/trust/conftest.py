"""Fixtures: the tenant of the check, and a report without the minute it takes to make one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cortx.trust.ground import Ground, ground_prepared
from cortx.trust.report import Report, Result, Verdict


@pytest.fixture
def ground(transactional_db: None) -> Iterator[Ground]:
    """Committed, and gone with the database of the test."""
    with ground_prepared() as prepared:
        yield prepared


@pytest.fixture
def report() -> Report:
    """One result of each verdict."""
    given = [
        ("P1", "A tenant never sees another's data", "not measured", Verdict.NOT_CARRIED, "SQLite has no row security"),
        ("P4", "Repeating a request is safe", "effects: 1; same answers: 8 of 8", Verdict.MET, ""),
        (
            "P9",
            "Nobody approves their own work",
            "bypasses: 1",
            Verdict.NOT_MET,
            "1 approvals were given by their author",
        ),
    ]
    results = [
        Result(key, name, "What was tried", figure, "0", verdict.value, reason, "0.3")
        for key, name, figure, verdict, reason in given
    ]
    return Report(datetime(2026, 11, 21, 12, tzinfo=UTC), "1.2.3", "abc", "sqlite", "41.5", tuple(results))
