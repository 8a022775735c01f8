"""Text in columns on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO


def write_columns(lines: Sequence[Sequence[str]], to: TextIO) -> None:
    """Columns as wide as their longest text; control characters cannot reach the terminal."""
    shown = [[printable(text) for text in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    to.writelines(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in shown
    )


def printable(text: str) -> str:
    """The text without control characters."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
