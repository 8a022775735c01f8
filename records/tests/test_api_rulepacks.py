"""`/api/v1/rulepacks`, tried on the top floor that has a judged delivery."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client

from records.tests.judged import Judged
from tenants.tests.cast import Cast

RecordedQueries = Callable[[str], AbstractContextManager[Any]]
URL = "/api/v1/rulepacks"
PATHS = ["/tests.ledger", "/tests.ledger/versions", "/tests.ledger/versions/1.0.0"]


def test_packs_are_listed_with_their_versions_and_rules(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.auditor)
    assert [pack["name"] for pack in browser.get(URL).json()["results"]] == ["tests.ledger"]
    shown = browser.get(f"{URL}/tests.ledger").json()
    assert [version["version"] for version in shown["versions"]] == ["1.0.0"]
    assert browser.get(f"{URL}/tests.ledger/versions").json()["results"] == shown["versions"]
    version = browser.get(f"{URL}/tests.ledger/versions/1.0.0").json()
    assert version["content_hash"] == judged.version.content_hash
    assert [rule["code"] for rule in version["summary"]["rules"]] == ["parse", "L01", "L02", "L03", "L04", "T01"]


@pytest.mark.parametrize("path", PATHS)
def test_an_outsider_learns_no_more_than_of_a_pack_that_is_not_there(cast: Cast, judged: Judged, path: str) -> None:
    answer = cast.browser(cast.outsider).get(f"{URL}{path}")
    assert answer.status_code == 404
    assert judged.version.content_hash.encode() not in answer.content
    assert cast.browser(cast.outsider).get(URL).json()["results"] == []
    assert Client().get(f"{URL}{path}").status_code == 401


@pytest.mark.parametrize("path", ["/tests.other", "/tests.ledger/versions/9.9.9"])
def test_what_is_not_there_is_not_found(cast: Cast, judged: Judged, path: str) -> None:
    assert cast.browser(cast.auditor).get(f"{URL}{path}").status_code == 404


@pytest.mark.parametrize("path", ["", *PATHS])
def test_parameters_are_checked(cast: Cast, judged: Judged, path: str) -> None:
    answer = cast.browser(cast.auditor).get(f"{URL}{path}?colour=red")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "colour")


def test_lists_cost_the_same_however_many_rows_they_show(
    cast: Cast, judged: Judged, recorded_queries: RecordedQueries
) -> None:
    browser = cast.browser(cast.analyst)
    for path in ("", *PATHS):
        with recorded_queries(f"rulepacks{path}"):
            assert browser.get(f"{URL}{path}").status_code == 200
