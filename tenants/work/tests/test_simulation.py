"""Thousands of schedules of workers that die, freeze and are cut off: nothing lost, nothing doubled, no zombie."""

from collections import Counter

import pytest

from tenants.models import Work
from tenants.tests.factories import TenantFactory
from tenants.work.tests.simulation import simulated

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unheard")]


@pytest.mark.parametrize("schedules", [100, pytest.param(3_000, marks=pytest.mark.battery)])
def test_whatever_happens_work_is_done_once_or_dies_with_a_reason(schedules: int) -> None:
    faults: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    for seed in range(schedules):
        faults += simulated(seed, TenantFactory.create()).faults
        ends.update(Work.objects.values_list("status", flat=True))
    print(f"{schedules} schedules: {dict(ends)}, {dict(faults)}")  # noqa: T201
    assert ends["done"] > ends["dead"] > 0
    assert set(faults) == {"freezes", "is killed", "is cut off", "is timed out", "lost bell", "doubled bell"}


def test_the_same_seed_gives_the_same_schedule() -> None:
    first, second = simulated(7, TenantFactory.create()), simulated(7, TenantFactory.create())
    assert first.trace == second.trace
