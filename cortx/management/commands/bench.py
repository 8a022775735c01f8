"""`manage.py bench`: what the engine and the line cost, beside their limits, in one run on one machine."""

import json
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from cortx.benchmarks.measure import PARTS, measure
from records.terminal import table
from tenants.serving_role import ServedCommand


class Command(ServedCommand):
    help = "Measure engine and line on generated lines and fifty rules; medians of --repeat rounds, ratios by round."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=100_000)
        parser.add_argument("--repeat", type=int, default=1)
        parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be given again")
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")

    def handle(self, *args: Any, rows: int, repeat: int, only: list[str] | None, **options: Any) -> None:
        root = Path(settings.SCRATCH_DIR)
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as scratch:
            result = measure(Path(scratch), rows, repeat, only or list(PARTS))
        self.stdout.write(json.dumps(result) if options["json"] else shown(result))


def shown(result: dict[str, Any]) -> str:
    """The result as a table."""
    low, high = result["at_least"], result["at_most"]
    rows = []
    for name, value in result["figures"].items():
        bound = f"at least {low[name]}" if name in low else f"at most {high[name]}" if name in high else ""
        missed = (name in low and value < low[name]) or (name in high and value > high[name])
        rows.append((name, f"{value:,.3f}", bound, "missed" if missed else ""))
    head = f"{result['rows']:,} rows on {result['database']}, median of {result['repeat']}"
    return f"{head}\n\n{table(('Figure', '>', 'Target', ''), rows)}"
