"""Fixture: coverage also counts what runs in the engine's child processes."""

import os
from collections.abc import Iterator

import pytest

from rulepacks.engine import sandbox

# Set by coverage (`patch = subprocess`) for the processes that this one starts.
MEASURING = "COVERAGE_PROCESS_CONFIG"


@pytest.fixture(scope="session", autouse=True)
def measured_children() -> Iterator[None]:
    """Children of the sandbox get an empty environment, and would not know that they are measured."""
    given, patch = sandbox._environment, pytest.MonkeyPatch()
    if MEASURING in os.environ:
        patch.setattr(sandbox, "_environment", lambda: {**given(), MEASURING: os.environ[MEASURING]})
    yield
    patch.undo()
