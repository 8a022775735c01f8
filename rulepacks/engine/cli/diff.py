"""`diff OLD NEW`: two packs as sentences, or the findings of two runs."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rulepacks.engine.diff import Change, FindingChange, finding_changes, pack_changes
from rulepacks.engine.library import find_pack

HELP = "Say what differs between two packs, or between the findings of two runs kept with run --output."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    for name in ("old", "new"):
        parser.add_argument(name, help="folder of a pack, name of a shipped one, or folder of a run's output")
    parser.add_argument("--format", choices=["table", "json"], default="table", help="how differences are shown")


def main(arguments: argparse.Namespace) -> int:
    """Show the differences; 0 without any, 1 with some."""
    old, new = Path(arguments.old), Path(arguments.new)
    if (old / "findings.parquet").is_file() and (new / "findings.parquet").is_file():
        counts, findings = finding_changes(old, new)
        for finding in findings:
            _write(finding, arguments.format, f"{finding.state}: {finding.rule} {_where(finding)}{finding.message}")
        if arguments.format == "table":
            sys.stdout.write(", ".join(f"{count:,} {state}" for state, count in counts.items()) + "\n")
        return int(any(count for state, count in counts.items() if state != "unchanged"))
    changes = pack_changes(find_pack(arguments.old), find_pack(arguments.new))
    for change in changes:
        _write(change, arguments.format, str(change))
    if not changes and arguments.format == "table":
        sys.stdout.write("No difference\n")
    return int(bool(changes))


def _where(finding: FindingChange) -> str:
    parts = [f"{name} {value}" for name, value in json.loads(finding.key).items() if value]
    return f"{', '.join(parts)}: " if parts else ""


def _write(change: Change | FindingChange, form: str, text: str) -> None:
    sys.stdout.write((json.dumps(asdict(change), ensure_ascii=False) if form == "json" else text) + "\n")
