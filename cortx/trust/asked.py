"""Requests to the application of this process: every middleware, the database in use, no network between."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection

ADDRESS = "trust-check"
"""The caller's address: what is refused counts against nobody else's limit."""


@dataclass(frozen=True)
class Answer:
    """What was answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body. Raises `ValueError` when it is no JSON."""
        return json.loads(self.body)


@cache
def application() -> WSGIHandler:
    """The project, with its middleware."""
    return WSGIHandler()


def ask(
    method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None, kind: str = ""
) -> Answer:
    """The answer to a request; `kind` is the media type of its body."""
    response = application().get_response(WSGIRequest(environment(method, path, body, headers or {}, kind)))
    content = b"".join(response)
    # The end of a response ends the connection too, and with it a transaction around the request.
    if not connection.in_atomic_block:
        response.close()
    return Answer(response.status_code, {name.lower(): value for name, value in response.items()}, content)


def environment(method: str, path: str, body: bytes, headers: Mapping[str, str], kind: str) -> dict[str, Any]:
    """The request as PEP 3333 has a server hand it over."""
    place, _, query = path.partition("?")
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    if kind:
        named |= {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body))}
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": place,
        "QUERY_STRING": query,
        "SERVER_NAME": host(),
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": ADDRESS,
        "HTTP_HOST": host(),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **named,
    }


def host() -> str:
    """A name that the installation answers to."""
    allowed = [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"]
    return allowed[0] if allowed else "localhost"


def post_json(path: str, document: Any, headers: Mapping[str, str]) -> Answer:
    """A POST with a JSON body."""
    return ask("POST", path, body=json.dumps(document).encode(), headers=headers, kind="application/json")
