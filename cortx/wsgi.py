"""WSGI entry point."""

import logging
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cortx.settings")
application = get_wsgi_application()

from tenants.serving_role import serving_role_verify_at_start  # noqa: E402 - needs the models, loaded above

serving_role_verify_at_start()
if settings.OPEN_WRITES:
    logging.getLogger(__name__).warning(
        "API_KEY is not set: anybody may write records of the tenant %s", settings.DEFAULT_TENANT
    )
