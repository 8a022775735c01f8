"""The Celery application of web and workers."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from cortx import doorbell

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cortx.settings")

doorbell.use()
app = Celery("cortx")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_django_does(**_: Any) -> None:
    """Being connected at all keeps Celery from setting up handlers of its own."""
    logging.config.dictConfig(settings.LOGGING)
