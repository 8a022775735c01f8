"""WSGI entry point."""

import logging
import os
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """The query is UTF-8, and a media type that cannot be read is none.

    The framework reads the query by the charset that is claimed for the body, and in the constructor, where nobody
    answers what that raises.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (ValueError, LookupError):
            meta["CONTENT_TYPE"] = self.content_type = ""
            self.content_params = {}


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cortx.settings")
framework = get_wsgi_application()
framework.request_class = Request

from cortx.front import Front  # noqa: E402 - needs the models, loaded above
from tenants.serving_role import serving_role_verify_at_start  # noqa: E402

serving_role_verify_at_start()
if settings.OPEN_WRITES:
    logging.getLogger(__name__).warning(
        "API_KEY is not set: anybody may write records of the tenant %s", settings.DEFAULT_TENANT
    )
application = Front(framework)
