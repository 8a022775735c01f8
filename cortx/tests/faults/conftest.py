"""Fixtures: an installation of its own for each module, and a tenant that delivers to it over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from cortx.tests.faults.installation import Installation
from cortx.tests.faults.sender import Sender
from records.tests.workers import Worker


@pytest.fixture(scope="module")
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Installation]:
    """Up for the length of the module, with its `LEASE`; the models of this process use its database."""
    started = Installation(tmp_path_factory.mktemp("installation"), request.module.LEASE)
    with django_db_blocker.unblock(), started.used_here():
        yield started
    started.stop()


@pytest.fixture(scope="module")
def worker(installation: Installation) -> Worker:
    """The first worker."""
    return installation.worker()


@pytest.fixture
def sender(installation: Installation, tmp_path: Path) -> Sender:
    """A new tenant with a key."""
    return Sender(installation, tmp_path)
