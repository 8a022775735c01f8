"""The recorded number of queries: recorded on request, then held."""

from pathlib import Path

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cortx.testing.queries import RecordedQueries, compare

pytestmark = pytest.mark.django_db


def captured(queries: int) -> CaptureQueriesContext:
    with CaptureQueriesContext(connection) as found:
        for _ in range(queries):
            ContentType.objects.count()
    return found


def test_a_count_is_recorded_when_asked_for_and_then_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "query_counts.json"
    monkeypatch.setenv("RECORD_QUERIES", "1")
    compare(file, "page", captured(2))
    assert file.read_text() == '{\n  "page": 2\n}\n'
    monkeypatch.delenv("RECORD_QUERIES")
    compare(file, "page", captured(2))


def test_a_changed_count_fails_and_shows_the_queries(tmp_path: Path) -> None:
    file = tmp_path / "query_counts.json"
    file.write_text('{"page": 1}')
    with pytest.raises(pytest.fail.Exception, match=r"page: 2 queries, recorded 1[^|]*SELECT COUNT"):
        compare(file, "page", captured(2))


def test_a_page_nobody_recorded_fails(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="recorded None"):
        compare(tmp_path / "query_counts.json", "page", captured(1))


def test_the_file_lies_beside_the_tests(recorded_queries: RecordedQueries) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"nobody's page: 1 queries"), recorded_queries("nobody's page"):
        ContentType.objects.count()
