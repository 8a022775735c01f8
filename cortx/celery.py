"""The Celery application of web and workers."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cortx.settings")

app = Celery("cortx")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
