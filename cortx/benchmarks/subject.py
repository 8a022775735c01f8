"""What is measured: a pack of fifty rules, and deliveries of lines for it."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings

PACK = Path(__file__).with_name("lines")
HAND_WRITTEN = Path(__file__).with_name("hand_written.sql")
"""The same rules as one query."""
INPUT = "lines"
PARAMETERS = {"fiscal_year": "2025", "period": "9"}


def generate(folder: Path, rows: int) -> Path:
    """Make a delivery in a process of its own, so that its memory does not count as ours."""
    command = [sys.executable, "-m", "rulepacks.samples.lines", "--rows", str(rows), "--out", str(folder)]
    subprocess.run(command, cwd=settings.BASE_DIR, check=True, stdout=subprocess.DEVNULL)
    return folder / "lines.csv"
