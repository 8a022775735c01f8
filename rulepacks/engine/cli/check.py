"""`check PACK`: everything wrong with a pack, and rules without cases."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rulepacks.engine.checking import check_folder
from rulepacks.engine.cli.lines import FORMATS, write_lines
from rulepacks.engine.library import find_pack
from rulepacks.engine.problems import PackError, Problem

HELP = "Check a pack: its files, its rules, and that every rule has a passing and a failing case."
COLUMNS = ("file", "line", "column", "rule", "message", "code")
ERROR = "error"
"""Code of what keeps a pack from being used; advice has codes of its own."""
REFUSED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("pack", help="folder of a pack, or name of a shipped one")
    parser.add_argument("--format", choices=FORMATS, default="table", help="how problems are shown")


def main(arguments: argparse.Namespace) -> int:
    """Check; 0 for a pack that can be used, whatever is advised, 2 for one with mistakes."""
    try:
        folder = find_pack(arguments.pack)
    except PackError as error:
        return write_problems(error.problems, arguments.format)
    checked = check_folder(folder)
    pack, cases = checked.pack, checked.cases
    if pack is None or checked.problems:
        return write_problems(checked.problems, arguments.format)
    if arguments.format == "table":
        rules = len({case.rule for case in cases})
        sys.stdout.write(f"{pack.name} {pack.version}: {rules} rules, {len(cases)} cases, nothing wrong\n")
        sys.stdout.write(f"sha256 {pack.content_hash}\n")
        sys.stderr.writelines(f"{one}\n" for one in pack.advice)
    else:
        write_lines(arguments.format, COLUMNS, map(asdict, pack.advice), sys.stdout)
    return 0


def write_problems(problems: Sequence[Problem], form: str) -> int:
    """Write what is wrong with a pack: for people on standard error, for machines in place of the results."""
    if form == "table":
        sys.stderr.writelines(f"{problem}\n" for problem in problems)
    else:
        write_lines(form, COLUMNS, [{**asdict(problem), "code": ERROR} for problem in problems], sys.stdout)
    return REFUSED
