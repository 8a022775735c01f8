"""The pack's calendar: its holidays."""

from datetime import date
from typing import Any, cast

from rulepacks.engine.expressions.types import DATE, TEXT
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Document
from rulepacks.engine.loading.lists import read_sheet, typed_rows

SATURDAY = 6


def read_calendar(context: Context, document: Document, data: dict[str, Any] | None) -> None:
    """Fill the context's holidays; those on a Saturday or Sunday count for nothing."""
    if data is None:
        return
    sheet = read_sheet(context, data["holidays"], document.place(("calendar", "holidays")))
    if sheet is None:
        return
    column = data.get("column", sheet.header[0])
    if column not in sheet.header:
        context.problems.add(document.place(("calendar", "column")), f"{sheet.file} has no column {column}")
        return
    at = sheet.column(column)
    rows = typed_rows(context, sheet, {name: DATE if name == column else TEXT for name in sheet.header})
    days = {cast("date", row[at]) for row in rows if row[at] is not None}
    context.holidays = tuple(sorted(day for day in days if day.isoweekday() < SATURDAY))
