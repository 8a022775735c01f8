"""Fixtures of the simulation."""

import logging
from collections.abc import Iterator

import pytest

from tenants.work import services
from tenants.work.tests.simulation import KIND


@pytest.fixture
def unheard() -> Iterator[None]:
    """Hundreds of simulated workers end; neither their last words nor those of the pool are news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
    services._owners.pop(KIND, None)
