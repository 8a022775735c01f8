"""Which format a delivered file has, from its first bytes and its name."""

from __future__ import annotations

from collections.abc import Sequence

from rulepacks.engine.formats import parquet, workbook
from rulepacks.engine.formats.delivery import Delivery
from rulepacks.engine.refusals import BadInput, InputProblem
from rulepacks.engine.spec import LayoutField

CSV, NDJSON, FIXED_WIDTH, EXCEL, PARQUET = "csv", "ndjson", "fixed_width", "excel", "parquet"
FORMATS = (CSV, NDJSON, FIXED_WIDTH, EXCEL, PARQUET)

_OTHER_FILES = (
    (b"%PDF", "begins with %PDF"),
    (b"\xd0\xcf\x11\xe0", "begins as an old Excel or Word file does; save it as .xlsx"),
    (b"\x1f\x8b", "begins as a gzip archive inside a gzip archive does"),
    (b"\x89PNG", "begins as a PNG image does"),
    (b"\xff\xd8\xff", "begins as a JPEG image does"),
    (b"\x7fELF", "begins as a program does"),
    (b"SQLite format 3", "begins as an SQLite database does"),
)
_MARKS = {EXCEL: workbook.MARK, PARQUET: parquet.MARK}
_JSON_NAMES = (".ndjson", ".jsonl", ".json")
_KINDS = {CSV: "a CSV text file", NDJSON: "an NDJSON text file", FIXED_WIDTH: "a fixed-width text file",
          EXCEL: "an Excel workbook", PARQUET: "a Parquet file"}  # fmt: skip


def detect_format(delivery: Delivery, filename: str, wanted: str | None, fixed_width: Sequence[LayoutField]) -> str:
    """One of `FORMATS`; raises `BadInput` when the file is none of those the pack reads here."""
    if wanted is not None and wanted not in FORMATS:
        raise BadInput(InputProblem(delivery.name, f"the format {wanted} is not known; known are {', '.join(FORMATS)}"))
    found = wanted or _guess(delivery, filename, fixed_width)
    if found == FIXED_WIDTH and not fixed_width:
        raise BadInput(InputProblem(delivery.name, "the pack has no fixed-width layout for this input"))
    for binary, mark in _MARKS.items():
        if (found == binary) != delivery.head.startswith(mark):
            other = _KINDS[binary] if found != binary else _KINDS[CSV]
            raise BadInput(InputProblem(delivery.name, f"not {_KINDS[found]}: begins as {other} does"))
    if found in _MARKS:
        if delivery.is_gzip:
            raise BadInput(InputProblem(delivery.name, f"{_KINDS[found]} is packed already; deliver it without gzip"))
        return found
    for mark, description in _OTHER_FILES:
        if delivery.head.startswith(mark):
            raise BadInput(InputProblem(delivery.name, f"not {_KINDS[found]}: {description}"))
    if delivery.total == 0 or not delivery.head.strip():
        raise BadInput(InputProblem(delivery.name, "the file is empty"))
    return found


def _guess(delivery: Delivery, filename: str, fixed_width: Sequence[LayoutField]) -> str:
    for binary, mark in _MARKS.items():
        if delivery.head.startswith(mark):
            return binary
    text = delivery.head.replace(b"\0", b"").lstrip()
    if text.startswith(b"{") or filename.lower().endswith(_JSON_NAMES):
        return NDJSON
    if fixed_width and _is_fixed_width(text, fixed_width):
        return FIXED_WIDTH
    return CSV


def _is_fixed_width(text: bytes, fixed_width: Sequence[LayoutField]) -> bool:
    """Whether the first line has the length of a record and is no header naming the fields of the layout."""
    line = text.splitlines()[0].decode(errors="replace") if text else ""
    length = max(part.start + part.length - 1 for part in fixed_width)
    names = sum(1 for part in fixed_width if part.name.lower() in line.lower())
    return len(line) == length and names < 2
