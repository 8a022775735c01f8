"""One request of the walk: what was answered, with everything taken out that may differ between equal answers."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote_plus

from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from cortx.tests.walk.routes import SHARED, Place

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
VARYING = (
    (UUID, "<id>"),
    (re.compile(r"\b[A-Za-z0-9]{64}\b"), "<form token>"),
    (re.compile(r"\bcortx_[\w-]+"), "<key>"),
    (re.compile(r"(?<=Prefix\">)\w{8}|(?<=<sent> )\w{8}(?=\")|(?<=\"prefix\":\")\w{8}"), "<prefix of a key>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[:.\d]*"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "<time>"),
)
HEADERS = {"X-Request-ID": "walk"}
UNCOMPARED = {"Content-Length", "Expires"}


@dataclass(frozen=True)
class Answer:
    """`text` is the whole answer as it came but for what the request itself had said; `shape` is for comparing.

    `rows` is what the watched tables held right after it.
    """

    status: int
    text: str
    shape: str
    rows: str


@dataclass(frozen=True)
class Request:
    """What is asked. `sent` are the names and ids in it, which an answer may repeat."""

    method: str
    path: str
    sent: frozenset[str] = frozenset()
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {dict(self.body or {}) or ''}"


def request(
    method: str,
    path: str,
    place: Place,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Request:
    """A request that names things of the place."""
    whole = unquote_plus(f"{path} {body} {headers}")
    sent = frozenset(value for key, value in place.items() if key not in SHARED and len(value) > 4 and value in whole)
    return Request(method, path, sent, body, headers)


@dataclass(frozen=True)
class Caller:
    """Somebody who asks."""

    name: str
    client: Client

    def ask(self, asked: Request, watched: Callable[[], str] = str) -> Answer:
        """The answer to a request of which nothing stays, neither in the database nor in the cookies."""
        cookies = SimpleCookie(self.client.cookies.output(header="", sep=";"))
        headers = {**HEADERS, **asked.headers}
        with transaction.atomic():
            given = encoded(asked.path, asked.body)
            response: Any = self.client.generic(asked.method, asked.path, **given, headers=headers)
            content = b"".join(response.streaming_content) if response.streaming else response.content
            rows = watched()
            transaction.set_rollback(True)
        self.client.cookies = cookies
        return answer(response.status_code, dict(response.headers), content, asked.sent, rows)


def encoded(path: str, body: Any) -> dict[str, Any]:
    """A body as the route takes it: JSON for the API, a form for pages."""
    if body is None:
        return {}
    is_form = path == "/api/v1/rulepacks" or path.startswith("/api/v1/batches")
    if path.startswith(("/records", "/api/")) and not is_form:
        return {"data": json.dumps(body), "content_type": "application/json"}
    return {"data": encode_multipart(BOUNDARY, body), "content_type": MULTIPART_CONTENT}


def answer(status: int, headers: Mapping[str, str], content: bytes, sent: Iterable[str], rows: str) -> Answer:
    told = "\n".join(f"{name}: {value}" for name, value in sorted(headers.items()) if name not in UNCOMPARED)
    text = f"{status}\n{told}\n\n{content.decode(errors='replace')}"
    for value in sorted(sent, key=len, reverse=True):
        # As it is, and as it stands in an address, and in an address within an address.
        for form in (value, once := quote(value, safe=""), quote(once, safe="")):
            text = text.replace(form, "<sent>")
    shape = text
    for pattern, mark in VARYING:
        shape = pattern.sub(mark, shape)
    return Answer(status, text, shape, rows)
