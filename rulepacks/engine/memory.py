"""How much memory a process took."""

from __future__ import annotations

import contextlib
from pathlib import Path


def peak_memory(process: int | str) -> int:
    """The most resident memory a process ever had, in bytes; 0 when it is gone or the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
