"""`manage.py bench`: rows per second of the line and of its parts alone, in one run on one machine."""

import json
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from cortx.benchmarks.measure import PARTS, generate, measure
from records.terminal import table


class Command(BaseCommand):
    help = "Measure the line beside the raw limits on a generated trial balance; medians of --repeat runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=100_000)
        parser.add_argument("--repeat", type=int, default=1)
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")

    def handle(self, *args: Any, rows: int, repeat: int, **options: Any) -> None:
        root = Path(settings.SCRATCH_DIR)
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as scratch:
            generate(Path(scratch), rows)
            result = measure(Path(scratch), repeat)
        self.stdout.write(json.dumps(result) if options["json"] else shown(result))


def shown(result: dict[str, Any]) -> str:
    """The result as tables."""
    rates = result["rows_per_second"]
    rows = [(PARTS[part], f"{took:.2f}", f"{rates.get(part, 0):,}") for part, took in result["seconds"].items()]
    ratios = [(name, f"{ratio:.2f}") for name, ratio in result["ratios"].items()]
    memory = [(name, f"{used / 1_000_000:,.0f} MB") for name, used in result["peak_memory_bytes"].items()]
    head = f"{result['rows']:,} rows on {result['database']}, median of {result['repeat']}"
    tables = (
        table(("Part", ">Seconds", ">Rows/s"), rows),
        table(("Ratio of rates", ">"), ratios),
        table(("Peak memory", ">"), memory),
    )
    return "\n\n".join((head, *tables))
