"""Which media type is read and which is answered; what was not asked for or is not understood is refused."""

from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class StrictNegotiation(DefaultContentNegotiation):
    """The framework's, without its wildcards in what a caller says of a body."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser of exactly this media type."""
        media_type = media_type_of(request.content_type)
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def get_accept_list(self, request: Request) -> list[str]:
        """An empty header asks for nothing in particular."""
        accepted: list[str] = super().get_accept_list(request)
        return accepted if any(map(str.strip, accepted)) else ["*/*"]


class AsItIs(BaseRenderer):
    """Stands for a media type that a view answers by itself."""

    format = "file"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        raise NotImplementedError("a file is streamed, not rendered")


def answered_as(media_types: Iterable[str]) -> Sequence[type[BaseRenderer]]:
    """Renderers for a view that answers files of these types."""
    return [type("AsItIsRenderer", (AsItIs,), {"media_type": media_type}) for media_type in media_types]


def media_type_of(header: str) -> str:
    """`text/csv` of `Text/CSV; header=present`."""
    return str(header).partition(";")[0].strip().lower()
