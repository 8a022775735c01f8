"""One JSON line an event on standard error; every logger there is writes through the same formatter."""

from typing import Any

from cortx.settings import env
from cortx.settings.paths import SERVICE_NAME

# What nobody catches is logged too.
LOGGING_CONFIG = "cortx.logs.configure"
LOG_LEVEL = env.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error", "critical")).upper()
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "cortx.logs.JsonFormatter", "service": SERVICE_NAME}},
    "handlers": {"stderr": {"class": "cortx.logs.Handler", "formatter": "json"}},
    "root": {"level": LOG_LEVEL, "handlers": ["stderr"]},
    "loggers": {
        # Django and granian bring handlers of their own; without them their lines reach the root.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "django.utils.autoreload": {"level": "WARNING"},
        "_granian": {"handlers": [], "propagate": True},
        "granian.access": {"handlers": [], "propagate": True},
        # At DEBUG it tells of every statement, with its values.
        "django.db.backends": {"level": "INFO"},
        # Would tell of every ring of the bell; a unit of work tells of itself (tenants/work/task.py).
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # Warns at every message that the file-system transport has no host.
        "kombu.connection": {"level": "ERROR"},
    },
}
