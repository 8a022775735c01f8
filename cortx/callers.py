"""Who asks, by what is sent along, before anybody looks whether it is true."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from cortx.errors import page_wanted
from tenants.access.identity import TENANT_PATH
from tenants.problems import Refusal
from tenants.rates.turns import Turn
from tenants.rates.use import UNKNOWN

CALLER = "cortx.caller"
"""Where in the environment of a request its caller stands."""
ABSENT = "\n"
"""Stands for a header that was not sent; none can hold it."""
SESSION = re.compile(rf"(?:^|;)\s*{re.escape(settings.SESSION_COOKIE_NAME)}\s*=\s*([^;]*)")


@dataclass(frozen=True)
class Limited:
    """Why a caller is refused, and for how many seconds it need not be asked about again."""

    status: int
    detail: str
    seconds: float


@dataclass
class Caller:
    """A request's sender. The middleware writes down here what it found out, for the requests to come."""

    credential: bytes = b""
    mark: bytes = b""
    """The credential with everything else that a refusal may depend on."""
    lane: str = ""
    tenant: str = ""
    turn: Turn | None = None
    refusal: Refusal | None = field(default=None)
    limited: Limited | None = None

    def away(self) -> AbstractContextManager[None]:
        """The length of a wait for the sender, in which others have their turn."""
        return self.turn.away() if self.turn else nullcontext()


def caller_of(request: HttpRequest) -> Caller:
    """The sender; one that nobody remembers where no server of ours stands before the framework."""
    caller = request.META.get(CALLER)
    return caller if isinstance(caller, Caller) else Caller()


def caller_read(environ: Mapping[str, Any]) -> Caller:
    """The sender of a request as the server hands it on."""
    sent = environ.get
    path = sent("PATH_INFO", "")
    sessions = SESSION.findall(sent("HTTP_COOKIE", ""))
    credential = digest(sent("HTTP_X_API_KEY", ABSENT), sent("HTTP_AUTHORIZATION", ABSENT), *sessions)
    named = TENANT_PATH.match(path)
    mark = digest(
        credential.hex(),
        address := str(sent("REMOTE_ADDR", "")),
        sent("HTTP_X_TENANT", ABSENT),
        named[1] if named else ABSENT,
        "admin" if path.startswith("/admin/") else "-",
        "page" if page_wanted(path, sent("HTTP_ACCEPT", "")) else "-",
        sent("HTTP_ORIGIN", ABSENT),
    )
    return Caller(credential, mark, f"{UNKNOWN}{address}")


def digest(*parts: str) -> bytes:
    """Of the texts in their order; none of them can be told from it."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).digest()
