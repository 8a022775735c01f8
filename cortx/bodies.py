"""A request's body is received before its transaction begins: a slow sender holds no session of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from records.datasets.receiving import receive
from records.datasets.uploads import receiving
from tenants.access.identity import Identity
from tenants.access.roles import Permission

WRITING = {"POST", "PUT", "PATCH"}


@contextmanager
def body_received(request: HttpRequest, identity: Identity) -> Iterator[None]:
    """Reads the body of a request of a tenant: files into storage, anything else into memory.

    What may not be sent here, or is too large for memory, stays unread, for the view to refuse. Raises `TooLarge`.
    """
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if identity.tenant is None or request.method not in WRITING or not length:
        yield
    elif takes_files(request):
        with receiving(identity.tenant.id) as receiver:
            if identity.may(Permission.UPLOAD):
                let_go()
                receive(request, receiver)
            yield
    else:
        if length <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE and request.content_type != "multipart/form-data":
            let_go()
            _ = request.body
        yield


def takes_files(request: HttpRequest) -> bool:
    """Whether the view that will answer says that files are delivered to it."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return getattr(getattr(view, "view_class", view), "takes_files", False)


def let_go() -> None:
    """Give the session that told who is asking back to the pool."""
    if not connection.in_atomic_block:
        connection.close()
