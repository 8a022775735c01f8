"""How much may stand in one place of a pack."""

from collections.abc import Iterator
from typing import Any

from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Document, Path_

SECTIONS = ("parameters", "inputs", "lists", "tables", "stages", "statuses", "outputs")


def check_sizes(context: Context, document: Document, data: dict[str, Any]) -> None:
    """Add a problem for each part of pack.yaml that is larger than its limit."""
    for path, size, limit, what in _sizes(data):
        if size > getattr(context.limits, limit):
            context.problems.add(document.place(path, key=True), context.limits.said(limit, what))


def _sizes(data: dict[str, Any]) -> Iterator[tuple[Path_, int, str, str]]:
    for section in SECTIONS:
        yield (section,), len(data.get(section, ())), "entries", "more than {} entries"
    yield ("joins",), len(data.get("joins", ())), "joins", "more than {} joins"
    for name, given in data["inputs"].items():
        fields, derived = given["fields"], given.get("derive", {})
        yield ("inputs", name), len(fields) + len(derived), "fields", "more than {} fields"
        blanks = [given, *(field for field in fields.values() if isinstance(field, dict))]
        most = max(len(one.get("blanks", ())) for one in blanks)
        yield ("inputs", name), most, "entries", "more than {} texts that stand for no value"
