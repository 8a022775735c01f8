"""What output files are called, and what they are to a browser and to a spreadsheet. Imports no library, so that a
web process may ask it."""

import re

MAX_SHEET_COLUMNS = 16_384
FORMULA_BEGINS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""Characters with which a text begins that a spreadsheet takes for a formula; the signs in full width too."""
PLAIN_NUMBER = "^[-+][0-9]+(?:[.,][0-9]+)*$"
"""A number with a sign, which is no formula."""

ENDINGS = {
    "csv": "csv", "excel": "xlsx", "fixed_width": "txt", "json": "json", "ndjson": "ndjson", "parquet": "parquet",
}  # fmt: skip
"""Ending of a file's name by the format of the output."""

MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "txt": "text/plain",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
"""Media type by ending. Texts are UTF-8."""


def shielded(text: str) -> str:
    """The text of a CSV cell; what a spreadsheet would run as a formula is kept a text by an apostrophe."""
    return f"'{text}" if text[:1] in tuple(FORMULA_BEGINS) and not re.match(PLAIN_NUMBER, text) else text


def content_type(filename: str) -> str:
    """The Content-Type of an output file."""
    media = MEDIA_TYPES.get(filename.rpartition(".")[2], "application/octet-stream")
    return f"{media}; charset=utf-8" if media.startswith("text/") else media
