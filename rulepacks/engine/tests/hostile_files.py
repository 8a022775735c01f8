"""Deliveries made from the cases in `hostile/files.yaml` and from `hostile_binaries`, and what must come of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rulepacks.engine.tests.hostile_binaries import ARCHIVES, BOMBS, BOOKS, TABLES

FOLDER = Path(__file__).parent / "hostile"
PACK = """cortx: 1
pack: hostile.files
version: 1.0.0
title: Any file
inputs:
  rows:
    key: [id]
    layouts: [csv, ndjson, {fixed_width: layout.csv}]
    fields:
      id: {type: text, optional: true}
      amount: {type: "decimal(38,2)", optional: true}
      day: {type: date, format: MM/DD/YYYY, optional: true}
rules:
  - {code: GOOD, type: row, severity: error, title: T, authority: A, require: id is not null}
"""
LAYOUT = "field,start,length\nid,1,4\namount,5,5\n"


@dataclass(frozen=True)
class File:
    """A hostile delivery; `expected` says how it ends."""

    title: str
    filename: str
    make: Callable[[], bytes]
    expected: Mapping[str, Any]
    encoding: str | None = None
    fixed_width: bool = False

    def __str__(self) -> str:
        return self.title


def texts() -> list[File]:
    """The cases of files.yaml."""
    document = yaml.safe_load((FOLDER / "files.yaml").read_text(encoding="utf-8"))
    return [
        File(
            given["title"],
            given["name"] if "name" in given else "n" * given["name_of"],
            lambda given=given: content(given),  # type: ignore[misc]
            given,
            given.get("encoding"),
            "layout" in given,
        )
        for given in document["cases"]
    ]


def content(given: Mapping[str, Any]) -> bytes:
    """The bytes of a case."""
    text = str(given["raw"] if "raw" in given else given["content"])
    if "fill" in given:
        part, times = given["fill"]
        grows = "{n}" in part
        filled = "".join(part.format(n=number) for number in range(times)) if grows else part * times
        text = text.replace("{}", filled, 1)
    return text.encode("latin-1" if "raw" in given else "utf-8")


def binaries() -> list[File]:
    """Workbooks, Parquet files and archives."""
    found = []
    for kind, name, files in (
        ("workbook", "x.xlsx", BOOKS),
        ("Parquet", "x.parquet", TABLES),
        ("gzip", "x.csv.gz", ARCHIVES),
    ):
        found += [File(f"{kind}: {title}", name, make, expected) for title, (make, expected) in files.items()]
    return found


def bombs() -> list[File]:
    """Files that are small to send and large to read."""
    return [File(title, name, make, expected) for title, (name, make, expected) in BOMBS.items()]
