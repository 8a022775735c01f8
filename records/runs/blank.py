"""A pack without rules, for datasets that have no active one: their files are read and kept, and nothing is found."""

from collections.abc import Sequence
from pathlib import Path

PACK = """\
cortx: 1
pack: none
version: 0.0.0
title: No pack
inputs:
{inputs}
rules: []
"""
# A pack declares at least one field; this one no file has to have.
INPUT = "  {name}: {{fields: {{any: {{type: text, optional: true}}}}}}"


def blank_pack(folder: Path, inputs: Sequence[str]) -> Path:
    """Write the pack for these inputs into `folder`."""
    folder.mkdir()
    lines = "\n".join(INPUT.format(name=name) for name in inputs)
    (folder / "pack.yaml").write_text(PACK.format(inputs=lines), encoding="utf-8")
    return folder
