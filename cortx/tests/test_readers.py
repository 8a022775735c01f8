"""Downloads: who reads slowly keeps neither connections to the database nor all threads of the server."""

import pytest
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from cortx.readers import AT_ONCE, AT_ONCE_ALL, ReaderMiddleware
from tenants.models import Tenant


def download(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse([b"rows"])


def asked(middleware: ReaderMiddleware, address: str = "192.0.2.1") -> HttpResponseBase:
    return middleware(RequestFactory().get("/api/v1/audit/export", REMOTE_ADDR=address))


@pytest.mark.django_db(transaction=True)
def test_a_download_holds_no_connection_to_the_database() -> None:
    def answer(request: HttpRequest) -> StreamingHttpResponse:
        assert Tenant.objects.exists()
        assert connection.connection is not None
        return download(request)

    response = asked(ReaderMiddleware(answer))
    assert response.status_code == 200
    assert connection.connection is None


def test_a_reader_has_so_many_downloads_at_once_and_others_have_theirs() -> None:
    middleware = ReaderMiddleware(download)
    reading = [asked(middleware) for _ in range(AT_ONCE)]
    refused = asked(middleware)
    assert {response.status_code for response in reading} == {200}
    assert (refused.status_code, refused["Retry-After"], refused.streaming) == (429, "5", False)
    assert asked(middleware, "192.0.2.2").status_code == 200
    # Also one that nobody has read to its end is over when the server closes it.
    reading[0].close()
    assert [asked(middleware).status_code for _ in range(2)] == [200, 429]


def test_all_readers_together_leave_threads_to_everybody_else() -> None:
    middleware = ReaderMiddleware(download)
    statuses = [asked(middleware, f"192.0.2.{number % 200}").status_code for number in range(AT_ONCE_ALL + 1)]
    assert (statuses.count(200), statuses[-1]) == (AT_ONCE_ALL, 429)
