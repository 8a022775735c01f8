"""The policy's page and API: what they cost, and two who write at the same time."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tenants.context import tenant_scope
from tenants.models import PolicyDocument
from tenants.tests.cast import Cast

URL, PAGE = "/api/v1/policy", "/t/agency/settings/policy/"


def put(browser: Client, days: int, **headers: str) -> int:
    body = json.dumps({"document": {"approvals": {"valid_days": days}}})
    return int(browser.put(URL, body, content_type="application/json", headers=headers).status_code)


def test_policies_cost_the_same_however_many_versions_there_are(cast: Cast, recorded_queries: Any) -> None:
    browser = cast.browser(cast.owner)
    for days in (1, 2, 3):
        assert put(browser, days) == 200
        for name, url in (("policy page", PAGE), ("policy", URL), ("policy versions", f"{URL}/versions")):
            browser.get(url)
            with recorded_queries(name):
                assert browser.get(url).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_the_same_version_at_the_same_time_one_is_told_so(cast: Cast) -> None:
    browsers = [cast.browser(cast.owner) for _ in range(2)]
    seen = browsers[0].get(URL)["ETag"]

    def write(number: int) -> int:
        try:
            return put(browsers[number], 5 + number, **{"If-Match": seen})
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(write, range(2))) == [200, 412]
    with tenant_scope(cast.tenant.id):
        assert [one.number for one in PolicyDocument.objects.all()] == [1]
