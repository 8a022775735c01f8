"""The planner's knowledge of the bulk tables."""

from django.db import connection

BULK_ROWS = 10_000


def statistics_refresh(rows: int) -> None:
    """Have PostgreSQL look at the bulk tables after that many new rows, if they are many.

    Until it has (by itself it takes a minute), it expects a handful of rows where a million are, and sorts them all
    for a page of fifty.
    """
    if rows >= BULK_ROWS and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT records_analyze()")
