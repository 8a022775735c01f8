"""`test PACK`: runs the cases of a pack and says which rules they exercise."""

import argparse
import sys
import tempfile
from pathlib import Path

from rulepacks.engine.case_runs import run_cases
from rulepacks.engine.cases import load_cases
from rulepacks.engine.database import open_database
from rulepacks.engine.library import find_pack
from rulepacks.engine.limits import Limits
from rulepacks.engine.loader import load_pack

HELP = "Run the cases of a pack."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("pack", help="folder of a pack, or name of a shipped one")
    parser.add_argument("--rule", action="append", help="only this rule (may be repeated)")


def main(arguments: argparse.Namespace) -> int:
    """Run the cases; 1 when one does not hold."""
    folder = find_pack(arguments.pack)
    pack = load_pack(folder)
    chosen = [case for case in load_cases(folder, pack) if not arguments.rule or case.rule in arguments.rule]
    with tempfile.TemporaryDirectory() as scratch, open_database(Path(scratch), Limits()) as con:
        results = run_cases(pack, chosen, con)
    wrong = [result for result in results if result.reason]
    for result in wrong:
        case = result.case
        sys.stdout.write(
            f"{case.place.file}:{case.place.line}:{case.place.column} {case.rule}: {case.title}: {result.reason}\n"
        )
    rules = {case.rule for case in chosen}
    both = {code for code in rules if {bool(case.expect) for case in chosen if case.rule == code} == {True, False}}
    hold = len(results) - len(wrong)
    sys.stdout.write(f"{hold} of {len(results)} cases hold; {len(both)} of {len(rules)} rules exercised both ways\n")
    return 1 if wrong else 0
