"""Small packs written on the spot, and what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import PackError, Problem

HEAD = """cortx: 1
pack: test.pack
version: 1.0.0
title: Test
"""
INPUTS = """inputs:
  rows:
    key: [id]
    fields: {id: text, name: text, amount: "decimal(10,2)", count: integer, day: date}
"""
RULE = "{code: R1, type: row, severity: error, title: T, authority: A, require: "


def write_pack(folder: Path, text: str, files: Mapping[str, str | bytes] | None = None) -> Path:
    """Write pack.yaml and other files into a folder."""
    (folder / "pack.yaml").write_text(text, encoding="utf-8")
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def problems_of(folder: Path, text: str, files: Mapping[str, str | bytes] | None = None) -> tuple[Problem, ...]:
    """The problems of a pack that must not load."""
    with pytest.raises(PackError) as caught:
        load_pack(write_pack(folder, text, files))
    return caught.value.problems


def rule_problems(folder: Path, expression: str) -> tuple[Problem, ...]:
    """The problems of a pack with one row rule that requires an expression (written in double quotes)."""
    quoted = expression.replace("\\", "\\\\").replace('"', '\\"')
    return problems_of(folder, f'{HEAD}{INPUTS}rules:\n  - {RULE}"{quoted}"}}\n')
