"""How property tests run: the same examples every time, and no limit on the time of one, because machines differ."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "cortx", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("cortx")
