"""`test PACK`: runs the cases of a pack and says which rules and clauses they exercise."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from rulepacks.engine.case_runs import CaseResult, run_cases
from rulepacks.engine.cases import load_cases
from rulepacks.engine.cli.check import write_problems
from rulepacks.engine.cli.columns import write_columns
from rulepacks.engine.cli.lines import FORMATS, Line, write_lines
from rulepacks.engine.database import open_database
from rulepacks.engine.explanation.coverage import ClauseCount, added
from rulepacks.engine.library import find_pack
from rulepacks.engine.limits import Limits
from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import PackError

HELP = "Run the cases of a pack, and say which rules and clauses they exercise both ways."
COLUMNS = (
    "kind", "rule", "part", "depth", "text", "holds", "reason", "true", "false", "unknown", "error", "file", "line",
)  # fmt: skip
TEXT_WIDTH = 100

Clauses = dict[str, tuple[ClauseCount, ...]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("pack", help="folder of a pack, or name of a shipped one")
    parser.add_argument("--rule", action="append", help="only this rule (may be repeated)")
    parser.add_argument("--format", choices=FORMATS, default="table", help="how results are shown")


def main(arguments: argparse.Namespace) -> int:
    """Run the cases; 1 when one does not hold, 2 for a pack that cannot be used."""
    try:
        folder = find_pack(arguments.pack)
        pack = load_pack(folder)
        chosen = [case for case in load_cases(folder, pack) if not arguments.rule or case.rule in arguments.rule]
    except PackError as error:
        return write_problems(error.problems, arguments.format)
    with tempfile.TemporaryDirectory() as scratch, open_database(Path(scratch), Limits()) as con:
        results = run_cases(pack, chosen, con)
    clauses: Clauses = {}
    for result in results:
        code = result.case.rule
        clauses[code] = added(clauses.get(code, ()), result.clauses)
    if arguments.format == "table":
        _as_table(results, clauses, sys.stdout)
    else:
        lines = [*map(_case_line, results), *_clause_lines(clauses)]
        write_lines(arguments.format, COLUMNS, lines, sys.stdout)
    return int(any(result.reason for result in results))


def _case_line(result: CaseResult) -> Line:
    case = result.case
    return {
        "kind": "case", "rule": case.rule, "text": case.title, "holds": not result.reason, "reason": result.reason,
        "file": case.place.file, "line": case.place.line,
    }  # fmt: skip


def _clause_lines(clauses: Clauses) -> Iterator[Line]:
    for rule, counts in clauses.items():
        for one in counts:
            yield {
                "kind": "clause", "rule": rule, "part": one.part, "depth": one.depth, "text": one.text,
                "true": one.true, "false": one.false, "unknown": one.unknown, "error": one.error,
            }  # fmt: skip


def _as_table(results: Sequence[CaseResult], clauses: Clauses, to: TextIO) -> None:
    """Cases that do not hold, clauses that were not exercised both ways, and totals."""
    wrong = [result for result in results if result.reason]
    for result in wrong:
        case, place = result.case, result.case.place
        to.write(f"{place.file}:{place.line}:{place.column} {case.rule}: {case.title}: {result.reason}\n")
    counts = [(rule, one) for rule, found in clauses.items() for one in found]
    one_way = [(rule, one) for rule, one in counts if not one.both_ways]
    if one_way:
        head = ("Rule", "Clause seen one way only", "True", "False", "Unknown")
        write_columns([head, *(_row(rule, one) for rule, one in one_way)], to)
        to.write("\n")
    titles = {rule: {bool(result.case.expect) for result in results if result.case.rule == rule} for rule in clauses}
    both = sum(kinds == {True, False} for kinds in titles.values())
    to.write(
        f"{len(results) - len(wrong)} of {len(results)} cases hold; {both} of {len(clauses)} rules and "
        f"{len(counts) - len(one_way)} of {len(counts)} clauses exercised both ways\n"
    )


def _row(rule: str, one: ClauseCount) -> tuple[str, ...]:
    text = f"{one.part} {one.text}".strip()
    text = text if len(text) <= TEXT_WIDTH else f"{text[: TEXT_WIDTH - 1]}…"
    return rule, text, f"{one.true:,}", f"{one.false:,}", f"{one.unknown:,}"
