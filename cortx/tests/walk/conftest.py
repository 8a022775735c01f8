"""Fixture `walk`: a tenant full of canaries, and every limit on requests lifted."""

import pytest
from pytest_django import Settings

from cortx.tests.walk.canaries import contents, owned_models, plant
from cortx.tests.walk.places import theirs
from cortx.tests.walk.walk import Walk
from records.tests.judged import Judged
from tenants.context import tenant_scope
from tenants.tests.cast import Cast
from tenants.tests.factories import TenantFactory


@pytest.fixture
def walk(cast: Cast, judged: Judged, settings: Settings) -> Walk:
    for limit in ("KEY", "SESSION", "ANONYMOUS", "TENANT"):
        setattr(settings, f"RATE_LIMIT_{limit}", 0)
    TenantFactory.create(slug=settings.DEFAULT_TENANT, public_reads=True)
    plant(cast, judged)
    with tenant_scope(cast.tenant.id):
        ids = frozenset(str(row.pk) for model in owned_models() for row in model._default_manager.all())
    return Walk(cast, theirs(cast, judged), ids, contents(cast.tenant))
