"""Delivered files go into storage before the request's transaction begins: no session of the database waits for it."""

from collections.abc import Iterator
from contextlib import contextmanager

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
    """Puts the files of a tenant's request, which has arrived, into storage. Raises `TooLarge`.

    What may not be sent here stays unread, for the view to refuse.
    """
    if identity.tenant is None or request.method not in WRITING or not request.META.get("CONTENT_LENGTH"):
        yield
    elif takes_files(request):
        with receiving(identity.tenant.id) as receiver:
            if identity.may(Permission.UPLOAD):
                let_go()
                receive(request, receiver)
            yield
    else:
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
