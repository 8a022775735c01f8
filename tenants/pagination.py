"""Pages of lists: by keyset where lists are long, by offset where a source promised it."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.problems import ValidationProblem, unexpected

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_OFFSET = 2**31 - 1


def whole_number(request: Request, name: str, default: int, *, minimum: int, maximum: int) -> int:
    """A query parameter. Raises `ValidationProblem` when it is no whole number between the two."""
    text = request.query_params.get(name, str(default))
    # Ten digits hold every maximum there is, and int() is slow for millions of them.
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
    if not minimum <= number <= maximum:
        reason = unexpected(text, f"a whole number from {minimum} to {maximum}")
        raise ValidationProblem(f"{name}: {reason}", fields={name: reason})
    return number


def page_limit(request: Request) -> int:
    """How many rows the caller wants: 50 unless told, 200 at most."""
    return whole_number(request, "limit", DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT)


def page_offset(request: Request) -> int:
    """How many rows to pass over."""
    return whole_number(request, "offset", 0, minimum=0, maximum=MAX_OFFSET)


def cursor_write(identifier: UUID) -> str:
    """An opaque place in a list: after the row with this id. It grants nothing, row security decides."""
    return base64.urlsafe_b64encode(identifier.bytes).decode().rstrip("=")


def cursor_read(text: str) -> UUID:
    """Raises `ValidationProblem` for a text that is no cursor."""
    try:
        return UUID(bytes=base64.b64decode(text + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        reason = unexpected(text, "the next_cursor of a page")
        raise ValidationProblem(f"cursor: {reason}", fields={"cursor": reason}) from error


class KeysetPagination(BasePagination):
    """`?limit=&cursor=` over a queryset in the order of its ids: every page costs the same.

    Answers `results`, `limit` and `next_cursor`, which is null on the last page.
    """

    descending = True

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        """Rows of this page."""
        assert isinstance(queryset, QuerySet)
        self.limit = page_limit(request)
        if text := request.query_params.get("cursor"):
            place = cursor_read(text)
            queryset = queryset.filter(**{"id__lt" if self.descending else "id__gt": place})
        rows = list(queryset.order_by("-id" if self.descending else "id")[: self.limit + 1])
        page = rows[: self.limit]
        self.next_cursor = cursor_write(page[-1].pk) if len(rows) > self.limit else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        """The page as it is answered."""
        return Response({"results": data, "limit": self.limit, "next_cursor": self.next_cursor})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The page in OpenAPI."""
        return {
            "type": "object",
            "required": ["results", "limit", "next_cursor"],
            "properties": {
                "results": schema,
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
                "next_cursor": {"type": "string", "nullable": True},
            },
        }


class OldestFirst(KeysetPagination):
    """The same, from the oldest on."""

    descending = False
