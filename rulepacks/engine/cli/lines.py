"""Results as lines for machines: JSON objects or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

FORMATS = ("table", "json", "csv")
Line = Mapping[str, object]


def write_lines(form: str, columns: Sequence[str], lines: Iterable[Line], to: TextIO) -> None:
    """One line a result: a JSON object with what it has, or a row with all columns."""
    if form == "json":
        to.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        return
    writer = csv.DictWriter(to, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in line.items()} for line in lines)


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
