"""Memory of this process and all that descend from it, watched while something runs."""

import os
import threading
from collections import defaultdict
from pathlib import Path
from types import TracebackType

EVERY_SECONDS = 0.05


class TreeMemory:
    """A context; `peak` is the most the tree held at once, in bytes, pages shared between processes counted once."""

    def __init__(self) -> None:
        self.peak = 0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "TreeMemory":
        self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self.peak = max(self.peak, sum(map(held, tree(os.getpid()))))


def tree(root: int) -> list[int]:
    """Ids of a process and its descendants."""
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := parent_of(entry)) is not None:
            children[parent].append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children[found[-1]]
    return found


def parent_of(entry: Path) -> int | None:
    """The parent of a process; None when it is gone."""
    try:
        # The name of the program stands in parentheses and may hold anything.
        return int((entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return None


def held(process: int) -> int:
    """The proportional share of memory of a process, in bytes; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
