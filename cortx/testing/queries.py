"""Fixture: the number of queries of a page or endpoint, recorded in a JSON file beside the tests.

A changed number fails and prints the queries. `RECORD_QUERIES=1 python -m pytest …` writes the new numbers; the
diff of the JSON file then shows in review what became dearer or cheaper.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

FILE = "query_counts.json"
RecordedQueries = Callable[[str], AbstractContextManager[CaptureQueriesContext]]


@pytest.fixture
def recorded_queries(request: pytest.FixtureRequest) -> RecordedQueries:
    """`with recorded_queries("findings list"): client.get(…)` checks against `query_counts.json` of the folder."""
    file = request.path.with_name(FILE)

    @contextmanager
    def check(name: str) -> Iterator[CaptureQueriesContext]:
        # Django remembers these for the life of the process: the count would depend on what ran before.
        ContentType.objects.clear_cache()
        with CaptureQueriesContext(connection) as captured:
            yield captured
        compare(file, name, captured)

    return check


def compare(file: Path, name: str, captured: CaptureQueriesContext) -> None:
    """Fail when the count differs from the recorded one, or record it when asked to."""
    counts = json.loads(file.read_text()) if file.exists() else {}
    if os.environ.get("RECORD_QUERIES"):
        counts[name] = len(captured)
        file.write_text(json.dumps(counts, indent=2, sort_keys=True) + "\n")
    elif counts.get(name) != len(captured):
        queries = "\n".join(query["sql"] for query in captured.captured_queries)
        pytest.fail(
            f"{name}: {len(captured)} queries, recorded {counts.get(name)} in {file.name}\n{queries}",
            pytrace=False,
        )
