"""Pages of lists."""

from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from tenants.models import User
from tenants.pagination import KeysetPagination, OldestFirst, cursor_read, cursor_write, page_limit, page_offset
from tenants.problems import ValidationProblem
from tenants.scoping import new_id
from tenants.tests.factories import UserFactory


def asked(**parameters: Any) -> Request:
    return Request(APIRequestFactory().get("/", parameters))


def page(pagination: KeysetPagination, **parameters: object) -> Any:
    rows = pagination.paginate_queryset(User.objects.all(), asked(**parameters))
    return pagination.get_paginated_response([row.id for row in rows]).data


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [KeysetPagination, OldestFirst])
def test_pages_by_keyset_cover_every_row_once(kind: type[KeysetPagination]) -> None:
    ids = [user.id for user in UserFactory.create_batch(5)]
    first = page(kind(), limit=2)
    second = page(kind(), limit=2, cursor=first["next_cursor"])
    third = page(kind(), limit=2, cursor=second["next_cursor"])
    wanted = ids if kind is OldestFirst else ids[::-1]
    assert [*first["results"], *second["results"], *third["results"]] == wanted
    assert third["next_cursor"] is None


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "", "9" * 5000, "²"])
def test_a_limit_outside_its_bounds_is_refused(limit: str) -> None:
    with pytest.raises(ValidationProblem) as refused:
        page_limit(asked(limit=limit))
    assert refused.value.fields["limit"].endswith(", expected a whole number from 1 to 200")
    assert len(refused.value.detail) < 200


def test_limit_and_offset_have_their_defaults() -> None:
    assert (page_limit(asked()), page_offset(asked())) == (50, 0)
    assert page_offset(asked(offset="7")) == 7


def test_a_cursor_comes_back_as_it_went() -> None:
    place = new_id()
    assert cursor_read(cursor_write(place)) == place


@pytest.mark.parametrize("text", ["x", "!!!!", "AAAA", "é", "A" * 1000])
def test_a_foreign_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValidationProblem):
        cursor_read(text)


def test_the_page_is_described_for_openapi() -> None:
    schema = KeysetPagination().get_paginated_response_schema({"type": "array"})
    assert schema["properties"]["results"] == {"type": "array"}
