"""After a bulk load the planner knows about it, although the role that serves does not own the tables."""

import pytest
from django.db import connection

from records.runs.statistics import BULK_ROWS, statistics_refresh
from records.tests.judged import Judged


def rows_known() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'records_record'")
        (rows,) = cursor.fetchone()
    return float(rows)


@pytest.mark.parametrize(("rows", "known"), [(BULK_ROWS - 1, False), (BULK_ROWS, True)])
def test_the_planner_learns_of_many_new_rows(judged: Judged, rows: int, known: bool) -> None:
    assert rows_known() <= 0
    statistics_refresh(rows)
    assert (rows_known() > 0) is known
