"""`run PACK --input NAME=FILE …`: judge files and show the findings."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from rulepacks.engine.cli.bar import ProgressBar
from rulepacks.engine.cli.columns import printable
from rulepacks.engine.cli.findings import FORMATS, write_findings
from rulepacks.engine.cli.request import add_request_arguments, read_request
from rulepacks.engine.refusals import BadInput, InputProblem
from rulepacks.engine.runner import Summary
from rulepacks.engine.sandbox import run_in_child

HELP = "Judge files with a pack and show the findings."
CLEAN, FINDINGS = 0, 1
REJECTED_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_request_arguments(parser)
    parser.add_argument("--format", choices=sorted(FORMATS), default="table", help="how findings are shown")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="write counts, statuses and timings to FILE")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="keep findings, tables and outputs in DIR, the outputs in DIR/outputs",
    )
    parser.add_argument("--progress", action="store_true", help="show progress even when not on a terminal")


def main(arguments: argparse.Namespace) -> int:
    """Run; 0 when all is well, 1 with findings of error or above, rejected rows or unwritten files.

    Raises BadInput, PackError and ChildFailed.
    """
    with _folder(arguments.output) as out:
        summary = _run(arguments, out)
        if arguments.summary is not None:
            arguments.summary.write_text(json.dumps(summary.document(), indent=1) + "\n", encoding="utf-8")
        _show(arguments, out, summary)
        _show_rejected(out / "rejected.ndjson", summary)
        _show_unwritten(summary)
    serious = summary.findings.get("fatal", 0) + summary.findings.get("error", 0)
    # What was not judged or not written was asked for: a check must not pass over it.
    unread = any(one.rejected for one in summary.inputs.values())
    unwritten = any(output.complaint for output in summary.outputs)
    return FINDINGS if serious or unread or unwritten else CLEAN


def _run(arguments: argparse.Namespace, out: Path) -> Summary:
    request = read_request(arguments, out)
    with ProgressBar(sys.stderr, shown=arguments.progress or sys.stderr.isatty()) as bar:
        return run_in_child(request, on_progress=bar.show, cancelled=lambda: False)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The folder to keep, which must be new or empty, or one that goes away."""
    if given is None:
        with tempfile.TemporaryDirectory(prefix="rulepacks-") as name:
            yield Path(name)
        return
    if given.exists() and (not given.is_dir() or any(given.iterdir())):
        raise BadInput(InputProblem(None, f"--output {given}: the folder is not empty; name a new one or an empty one"))
    given.mkdir(parents=True, exist_ok=True)
    yield given


def _show(arguments: argparse.Namespace, out: Path, summary: Summary) -> None:
    """Write the findings; a reader that has seen enough ends the output, not the run."""
    try:
        write_findings(arguments.format, out / "findings.parquet", summary, sys.stdout)
        if arguments.format == "table":
            sys.stdout.writelines(_made(arguments.output, summary))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_rejected(path: Path, summary: Summary) -> None:
    """Name the first rejected rows on standard error, each with its line and reason."""
    total = sum(one.rejected for one in summary.inputs.values())
    with path.open(encoding="utf-8") as lines:
        for line in islice(lines, REJECTED_SHOWN):
            row = json.loads(line)
            column = f", column {row['column']}" if row["column"] else ""
            sys.stderr.write(printable(f"{row['input']} line {row['line']}{column}: rejected, {row['reason']}") + "\n")
    if total > REJECTED_SHOWN:
        sys.stderr.write(f"The first {REJECTED_SHOWN} of {total:,} rejected rows; --output keeps all.\n")


def _show_unwritten(summary: Summary) -> None:
    """Say which files of the pack are not all they should be, and why."""
    sys.stderr.writelines(f"{output.complaint}\n" for output in summary.outputs if output.complaint)


def _made(kept: Path | None, summary: Summary) -> Iterator[str]:
    """The files of the pack, and where they are."""
    files = [output for output in summary.outputs if output.state in {"written", "incomplete"}]
    if files:
        where = f"in {kept / 'outputs'}" if kept is not None else "not kept; --output DIR keeps them"
        listed = ", ".join(f"{output.file} ({output.rows:,} rows)" for output in files)
        yield f"Outputs: {listed}, {where}\n"
