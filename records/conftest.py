"""Fixtures for every room: a bound tenant, and a small pack of its own to judge with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from records import commands
from records.datasets.models import Dataset
from rulepacks.catalog.services import pack_install
from rulepacks.models import PackVersion
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.tests.factories import TenantFactory

LEDGER = Path(__file__).parent / "tests" / "packs" / "ledger"


@pytest.fixture
def bound(db: None) -> Iterator[Tenant]:
    """A tenant, bound for the length of the test."""
    tenant = TenantFactory.create(slug="agency", name="Agency")
    with tenant_scope(tenant.id):
        yield tenant


@pytest.fixture
def version(bound: Tenant) -> PackVersion:
    """The small ledger pack, published."""
    return pack_install(folder=LEDGER)


@pytest.fixture
def dataset(version: PackVersion) -> Dataset:
    """A dataset judged by the small ledger pack."""
    dataset = commands.dataset_create(name="ledger", title="Ledger", parameters={"year": 2026})
    commands.dataset_activate(dataset=dataset, version=version)
    return dataset
