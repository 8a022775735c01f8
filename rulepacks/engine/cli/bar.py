"""Progress of a run on one line of the terminal, or as plain lines when there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rulepacks.engine.progress import Progress

WIDTH = 30
LINE_SECONDS = 1.0
_WORDS = {"read": "Reading", "snapshot": "Writing", "rules": "Judging"}


class ProgressBar:
    """Shows where a run stands while it is entered; `shown` False shows nothing."""

    def __init__(self, to: TextIO, *, shown: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._to = to
        self._shown = shown
        self._live = to.isatty()
        self._clock = clock
        self._stage = ""
        self._wrote = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown and self._live:
            self._to.write("\r\x1b[K")
            self._to.flush()

    def show(self, progress: Progress) -> None:
        """Take in where the run stands."""
        if not self._shown or (progress.stage == "snapshot" and progress.total is None):
            return
        if self._live:
            self._to.write(f"\r\x1b[K{self._text(progress)}")
        elif progress.stage != self._stage or self._clock() - self._wrote >= LINE_SECONDS:
            self._stage, self._wrote = progress.stage, self._clock()
            self._to.write(self._text(progress) + "\n")
        self._to.flush()

    @staticmethod
    def _text(progress: Progress) -> str:
        share = progress.done / progress.total if progress.total else 0.0
        bar = ("█" * round(share * WIDTH)).ljust(WIDTH, "░")
        return f"{_WORDS[progress.stage]} {progress.group:<32.32} {bar} {share:4.0%}  {progress.message}"
