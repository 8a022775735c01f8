"""`explain PACK --rule CODE --row N | --key NAME=VALUE …`: why a rule came out as it did."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from rulepacks.engine.cli.bar import ProgressBar
from rulepacks.engine.cli.explanation import write_explanation
from rulepacks.engine.cli.request import add_request_arguments, pairs, read_request
from rulepacks.engine.explanation.trace import Explanation, Question
from rulepacks.engine.refusals import BadInput, InputProblem
from rulepacks.engine.sandbox import explain_in_child

HELP = "Say clause by clause why a rule came out as it did for one row or key."
CLEAN, FINDING = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_request_arguments(parser)
    parser.add_argument("--rule", required=True, metavar="CODE", help="code of the rule, or parse for unreadable cells")
    parser.add_argument("--row", type=int, metavar="N", help="data row, counted from 1, of a rule about rows")
    parser.add_argument(
        "--key", action="append", default=[], metavar="NAME=VALUE",
        help="part of the key of a rule about keys, or of the row; nothing after = is a blank",
    )  # fmt: skip
    parser.add_argument("--of", default="", metavar="NAME", help="input whose row or side is meant, if not the first")
    parser.add_argument("--earlier", type=Path, metavar="DIR", help="kept output of the period before, for a hint")
    parser.add_argument("--format", choices=["table", "json"], default="table", help="how the answer is shown")


def main(arguments: argparse.Namespace) -> int:
    """Explain; 0 when the outcome is no finding, 1 when it is one or the rule broke.

    Raises BadInput, PackError and ChildFailed.
    """
    explanation = _explained(arguments)
    if arguments.format == "json":
        sys.stdout.write(msgspec.json.encode(explanation).decode() + "\n")
    else:
        write_explanation(explanation, sys.stdout)
    return FINDING if explanation.outcome in {"fail", "error"} else CLEAN


def _explained(arguments: argparse.Namespace) -> Explanation:
    key = {name: value or None for name, value in pairs("--key", arguments.key).items()}
    earlier = _earlier(arguments.earlier, arguments.rule, key) if arguments.earlier is not None else None
    question = Question(arguments.rule, arguments.row, key, arguments.of, earlier)
    with tempfile.TemporaryDirectory(prefix="rulepacks-") as folder:
        request = read_request(arguments, Path(folder))
        with ProgressBar(sys.stderr, shown=sys.stderr.isatty()) as bar:
            return explain_in_child(request, question, on_progress=bar.show, cancelled=lambda: False)


def _earlier(folder: Path, rule: str, key: Mapping[str, str | None]) -> str | None:
    """The difference of the finding about the same key in the output of an earlier run."""
    path = folder / "findings.parquet"
    if not path.is_file():
        raise BadInput(InputProblem(None, f"--earlier {folder}: no findings.parquet in it"))
    for row in pq.read_table(path, columns=["rule", "key", "difference"]).to_pylist():
        found = json.loads(row["key"])
        if row["rule"] == rule and all(found.get(name) == value for name, value in key.items()):
            return None if row["difference"] is None else str(row["difference"])
    return None
