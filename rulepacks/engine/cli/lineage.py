"""`lineage PACK DIR --table NAME --key NAME=VALUE … --line LINE`: what made a cell of a table."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rulepacks.engine.cli.request import pairs
from rulepacks.engine.database import open_database
from rulepacks.engine.library import find_pack
from rulepacks.engine.limits import Limits
from rulepacks.engine.lineage import MOST, Lineage, NoLineageError, cell_lineage
from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import ParameterError
from rulepacks.engine.snapshot import snapshot_relations

HELP = "Name the rows and crosswalk entries that made a cell of a table, from a run kept with run --output."
FOUND, REFUSED = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("pack", help="folder of a pack, or name of a shipped one")
    parser.add_argument("run", type=Path, metavar="DIR", help="folder of a run's output")
    parser.add_argument("--table", required=True, metavar="NAME", help="table of the pack")
    parser.add_argument(
        "--key", action="append", default=[], metavar="NAME=VALUE", help="part of the key; nothing after = is a blank"
    )
    parser.add_argument("--line", required=True, help="line of the table")
    parser.add_argument("--most", type=int, default=MOST, metavar="N", help="show so many rows")
    parser.add_argument("--format", choices=["table", "json"], default="table", help="how the answer is shown")


def main(arguments: argparse.Namespace) -> int:
    """Show the lineage; 0 when there is one, 2 when there is none. Raises BadInput and PackError."""
    key = {name: value or None for name, value in pairs("--key", arguments.key).items()}
    try:
        found = lineage_of_run(arguments.run, arguments.pack, arguments.table, key, arguments.line, arguments.most)
    except (NoLineageError, ParameterError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    if arguments.format == "json":
        sys.stdout.write(json.dumps(asdict(found), default=str, ensure_ascii=False) + "\n")
    else:
        _write(found)
    return FOUND


def lineage_of_run(
    folder: Path, pack: str, table: str, key: Mapping[str, str | None], line: str, most: int = MOST
) -> Lineage:
    """The lineage of a cell of a kept run. Raises NoLineageError, ParameterError and PackError."""
    summary, loaded = _summary(folder), load_pack(find_pack(pack))
    if loaded.content_hash != summary["pack_hash"]:
        raise NoLineageError(f"{folder} was judged by another state of the pack")
    snapshots = {name: (folder / "snapshot" / f"{name}.parquet").resolve() for name in summary["inputs"]}
    cells = (folder / "tables" / f"{table}.parquet").resolve()
    given = {name: value for name, value in summary["parameters"].items() if value is not None}
    with (
        tempfile.TemporaryDirectory(prefix="rulepacks-") as scratch,
        open_database(Path(scratch), Limits(), [*snapshots.values(), cells]) as connection,
    ):
        return cell_lineage(connection, loaded, snapshot_relations(snapshots), given, cells, table, key, line, most)


def _summary(folder: Path) -> dict[str, Any]:
    path = folder / "summary.json"
    if not path.is_file():
        raise NoLineageError(f"no summary.json in {folder}: it is no run kept with run --output")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _write(found: Lineage) -> None:
    key = " ".join(value or "(blank)" for value in found.key.values())
    sys.stdout.write(f"{found.table} {key} line {found.line} {found.title}".rstrip() + f": {found.value}\n")
    for part in found.contributions:
        via = f" through line {', '.join(part.via)}" if part.via else ""
        times = "" if part.factor == 1 else f" times {part.factor}"
        entry = f"{found.file} line {part.entry}{times}{via}"
        sys.stdout.write(f"{part.part:>24}  {found.input} row {part.row}  {entry}\n")
    if found.count > len(found.contributions):
        sys.stdout.write(f"The first {len(found.contributions):,} of {found.count:,} rows\n")
