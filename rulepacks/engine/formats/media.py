"""What output files are called, and what they are to a browser. Imports nothing, so a web process may ask it."""

MAX_SHEET_COLUMNS = 16_384

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


def content_type(filename: str) -> str:
    """The Content-Type of an output file."""
    media = MEDIA_TYPES.get(filename.rpartition(".")[2], "application/octet-stream")
    return f"{media}; charset=utf-8" if media.startswith("text/") else media
