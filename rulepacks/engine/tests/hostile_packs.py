"""Packs made from the cases in `hostile/`: what small texts grow into, and the rows they are let loose on."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rulepacks.engine.tests.packing import write_pack

FOLDER = Path(__file__).parent / "hostile"
HEAD = """cortx: 1
pack: hostile.pack
version: 1.0.0
title: Hostile
inputs:
  rows:
    key: [id]
    fields: {id: text, name: text, n: integer, big: "decimal(38,0)"}
"""
RULE = "{code: GOOD, type: row, severity: error, title: T, authority: A, require: n > 1}"
GROUP = "{code: SUM, type: group, severity: error, title: T, authority: A, by: [id], require: sum(n) > 1}"
BOMB = "BOMB"


@dataclass(frozen=True)
class Case:
    """One hostile pack: `given` as it stands in the file."""

    title: str
    given: Mapping[str, Any]

    def __str__(self) -> str:
        return self.title

    def write(self, folder: Path) -> Path:
        """The pack's folder."""
        folder.mkdir(parents=True, exist_ok=True)
        files = dict(self.given.get("files", {}))
        if lines := self.given.get("lines"):
            files[lines["file"]] = lines["first"] + "".join(_lines(lines))
        return write_pack(folder, self._text(), files)

    def _text(self) -> str:
        given = self.given
        if "pack" in given or ("repeat" in given and "{HEAD}" in given["repeat"].get("around", "")):
            return (given.get("pack") or grown(given)).replace("{HEAD}", HEAD).replace("{RULE}", RULE)
        if given.get("what") == "pack":
            return grown(given)
        body = given["body"] if "body" in given else f"require: {json.dumps(grown(given))}"
        bomb = f"{{code: {BOMB}, type: {given.get('type', 'row')}, severity: error, title: T, authority: A, {body}}}"
        return f"{HEAD}{derived(given)}rules:\n  - {RULE}\n  - {GROUP}\n  - {bomb}\n"

    def rows(self, path: Path) -> Path:
        """A CSV file of rows for the pack."""
        cell = self.given.get("cell", {"text": "x", "times": 1})
        name, big = cell["text"] * cell["times"], self.given.get("big", "1")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "name", "n", "big"])
            writer.writerows([number, name, number % 4, big] for number in range(self.given.get("rows", 3)))
        return path


def cases(file: str) -> list[Case]:
    """The cases of one file."""
    document = yaml.safe_load((FOLDER / f"{file}.yaml").read_text(encoding="utf-8"))
    kind = {"what": "pack"} if file == "packs" else {}
    return [Case(case["title"], {**kind, **case}) for case in document["cases"]]


def grown(given: Mapping[str, Any]) -> str:
    """The text of a case: as it stands, put into itself, or repeated."""
    if "nest" in given:
        how = given["nest"]
        text = nested(how["text"], how["start"], how["times"])
    elif "repeat" in given:
        how = given["repeat"]
        text = how["join"].join(how["text"].format(n=n, next=n + 1) for n in range(how["times"]))
    else:
        return str(given["expression"]).replace("{a900}", "a" * 900)
    return str(how.get("around", "{}")).replace("{}", text, 1)


def nested(text: str, start: str, times: int) -> str:
    """A text put into itself."""
    grown_text = start
    for _ in range(times):
        grown_text = text.format(grown_text)
    return grown_text


def derived(given: Mapping[str, Any]) -> str:
    """Derived fields d1, d2 … each from the one before."""
    if "derive" not in given:
        return ""
    how = given["derive"]
    names = [how["start"], *(f"d{number}" for number in range(1, how["times"]))]
    fields = "".join(f'      d{at}: "{how["text"].format(name)}"\n' for at, name in enumerate(names, start=1))
    return f"    derive:\n{fields}"


def _lines(how: Mapping[str, Any]) -> list[str]:
    lines = [how["text"].format(n=n, next=n + 1) for n in range(how["times"])]
    return lines[::-1] if how.get("backwards") else lines
