"""The engine's limits, with what the settings say of them."""

from dataclasses import fields
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from rulepacks.engine.limits import Limits, PackLimits


@cache
def run_limits() -> Limits:
    """Limits of a run and, in it, of a pack. Raises ImproperlyConfigured for a limit there is not."""
    _known("RUN_LIMITS", {field.name for field in fields(Limits)} - {"pack"})
    _known("PACK_LIMITS", {field.name for field in fields(PackLimits)})
    return Limits(**settings.RUN_LIMITS, pack=PackLimits(**settings.PACK_LIMITS))


def _known(setting: str, names: set[str]) -> None:
    if unknown := sorted(set(getattr(settings, setting)) - names):
        raise ImproperlyConfigured(f"{setting} names {', '.join(unknown)}; there are {', '.join(sorted(names))}")
