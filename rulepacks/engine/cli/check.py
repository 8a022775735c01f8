"""`check PACK`: everything wrong with a pack, and rules without cases."""

import argparse
import sys

from rulepacks.engine.cases import load_cases
from rulepacks.engine.library import find_pack
from rulepacks.engine.loader import load_pack

HELP = "Check a pack: its files, its rules, and that every rule has a passing and a failing case."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("pack", help="folder of a pack, or name of a shipped one")


def main(arguments: argparse.Namespace) -> int:
    """Check; problems leave as PackError."""
    folder = find_pack(arguments.pack)
    pack = load_pack(folder)
    cases = load_cases(folder, pack)
    sys.stdout.write(
        f"{pack.name} {pack.version}: {len({case.rule for case in cases})} rules, {len(cases)} cases, nothing wrong\n"
        f"sha256 {pack.content_hash}\n"
    )
    return 0
