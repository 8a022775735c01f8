"""`Idempotency-Key`: a POST that is sent again, because its answer got lost, is carried out once."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cortx.errors import refused
from records.datasets.receiving import received_body
from records.datasets.uploads import Received
from tenants.access.identity import identity_of
from tenants.idempotency.services import Answer, InFlight, KeyReused, answer_once
from tenants.problems import ValidationProblem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("Cache-Control", "Content-Type", "Location", "Retry-After")
CHUNK = 1024 * 1024


class IdempotencyMiddleware:
    """Stands inside the caller's tenant and transaction; requests without the header pass by."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST" or identity_of(request).tenant is None:
            return self.get_response(request)
        if not KEY.fullmatch(key):
            reason = f"{key[:40]!r}, expected 1 to 255 visible ASCII characters"
            return refused(request, ValidationProblem(f"{HEADER}: {reason}", fields={HEADER: reason}))
        try:
            with transaction.atomic():
                response = self.once(request, key)
                # On SQLite this is the whole transaction of the request.
                if response.status_code >= 400 and connection.vendor == "sqlite":
                    transaction.set_rollback(True)
                return response
        except (KeyReused, InFlight) as refusal:
            return refused(request, refusal)

    def once(self, request: HttpRequest, key: str) -> HttpResponse:
        body = Hashed(request._stream)
        request._stream = body  # type: ignore[assignment]

        def carry_out() -> Answer:
            response = self.get_response(request)
            assert isinstance(response, HttpResponse), "a streamed answer cannot be kept"
            headers = {name: response[name] for name in KEPT_HEADERS if name in response}
            return Answer(response.status_code, headers, response.content)

        answer = answer_once(key, lambda: request_hash(request, body), carry_out)
        response = HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
        if answer.again:
            response[REPLAYED] = "true"
        return response


class Hashed:
    """The request's body, hashed as it is read."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.hash, self.length = stream, hashlib.sha256(), 0

    def read(self, *size: int) -> bytes:
        return self.noted(self.stream.read(*size))

    def readline(self, *size: int) -> bytes:
        return self.noted(self.stream.readline(*size))

    def close(self) -> None:
        """The framework closes what it has read to the end; whoever opened the stream does so later."""

    def noted(self, data: bytes) -> bytes:
        self.hash.update(data)
        self.length += len(data)
        return data

    def whole(self) -> str:
        """The hash, once nothing is left to read or more was sent than can be taken."""
        while self.length <= settings.UPLOAD_LIMIT_BYTES and self.read(CHUNK):
            pass
        return self.hash.hexdigest()


def request_hash(request: HttpRequest, body: Hashed) -> str:
    """SHA-256 (hex) of who asks for what. A form counts by its parts: its boundary is another each time."""
    kind = (request.content_type or "").lower()
    parts = [identity_of(request).actor.id, str(request.method), request.get_full_path(), kind]
    if kind == "multipart/form-data":
        parts += [f"{name}={value}" for name, values in sorted(request.POST.lists()) for value in values]
        parts += [f"{name}:{file.name}:{file_hash(file)}" for name, files in sorted(request.FILES.lists())
                  for file in files]  # fmt: skip
    elif received := received_body(request):
        parts.append(received.sha256)
    else:
        parts.append(body.whole())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def file_hash(file: Any) -> str:
    if isinstance(file, Received):
        return file.sha256
    digest = hashlib.sha256()
    file.seek(0)
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()
