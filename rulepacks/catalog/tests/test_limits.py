"""Limits come from the settings, by the names that stand in messages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from rulepacks.catalog.limits import run_limits
from rulepacks.engine.limits import Limits
from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import PackError

LIBRARY = Path(__file__).parents[2] / "library"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    run_limits.cache_clear()
    yield
    run_limits.cache_clear()


def test_without_settings_the_defaults_hold() -> None:
    assert run_limits() == Limits()


def test_settings_change_limits_by_name(settings: Settings) -> None:
    settings.RUN_LIMITS, settings.PACK_LIMITS = {"seconds": 30, "threads": 2}, {"rules": 5}
    limits = run_limits()
    assert (limits.seconds, limits.threads, limits.pack.rules) == (30, 2, 5)
    with pytest.raises(PackError, match=r"more than 5 rules \(limit rules\)"):
        load_pack(LIBRARY / "federal" / "gtas_reconciliation", limits.pack)


def test_a_limit_there_is_not_is_refused(settings: Settings) -> None:
    settings.PACK_LIMITS = {"roles": 5}
    with pytest.raises(ImproperlyConfigured, match="PACK_LIMITS names roles; there are "):
        run_limits()
