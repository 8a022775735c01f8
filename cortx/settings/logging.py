"""One JSON line an event; the redaction filter and the request's context are added to every line."""

from typing import Any

from cortx.settings import env

LOG_LEVEL = env.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error", "critical")).upper()
LOGGING: dict[str, Any] = {"version": 1, "disable_existing_loggers": False}
