"""The id under which a request stands in answers, logs and audit events."""

import re

from tenants.redaction import redact
from tenants.scoping import new_id

SANE = re.compile(r"[\w.:/+=@-]{1,80}", re.ASCII)


def request_id_of(given: str) -> str:
    """What the caller gave as `X-Request-ID`, or a new one where that is nothing sane, or a secret or an address."""
    return given if SANE.fullmatch(given) and redact(given) == given else str(new_id())
