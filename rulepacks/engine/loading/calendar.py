"""The pack's calendar: its periods, as the list `calendar`, and its holidays."""

from datetime import date
from typing import Any, cast

from rulepacks.engine.expressions.types import DATE, TEXT
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Document
from rulepacks.engine.loading.lists import keyed_list, read_sheet, typed_rows

CALENDAR = "calendar"
COLUMNS = ("period", "from", "until", "due")
SATURDAY = 6


def read_calendar(context: Context, document: Document, data: dict[str, Any] | None) -> None:
    """Fill the context's periods and holidays."""
    if context.is_broken("calendar", CALENDAR):
        context.holidays = ()
        context.broken.add(("list", CALENDAR))
    if data is None:
        return
    if "file" in data:
        _read_periods(context, document, data)
        if CALENDAR not in context.lists:
            context.broken.add(("list", CALENDAR))
    if "holidays" in data:
        context.holidays = ()
        _read_holidays(context, document, data)


def _read_periods(context: Context, document: Document, data: dict[str, Any]) -> None:
    place = document.place(("calendar", "file"))
    if CALENDAR in context.lists:
        context.problems.add(place, f"a list is already called {CALENDAR}")
        return
    sheet = read_sheet(context, data["file"], place)
    if sheet is None:
        return
    columns = data.get("columns", [name for name in COLUMNS if name in sheet.header])
    if len(columns) < len(COLUMNS) - 1 or not set(columns) <= set(sheet.header):
        wanted = ", ".join(data.get("columns", COLUMNS[:-1]))
        context.problems.add(place, f"{sheet.file} needs the columns {wanted}")
        return
    period, *days = columns
    types = {name: DATE if name in days else TEXT for name in sheet.header}
    context.lists[CALENDAR] = keyed_list(context, CALENDAR, sheet, types, (period,), None)


def _read_holidays(context: Context, document: Document, data: dict[str, Any]) -> None:
    """The holidays; those on a Saturday or Sunday count for nothing."""
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
