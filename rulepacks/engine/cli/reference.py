"""`reference`: the pack format, key by key."""

import argparse
import sys

from rulepacks.engine.reference import reference

HELP = "Print the reference of the pack format as Markdown."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command takes none."""
    del parser


def main(arguments: argparse.Namespace) -> int:
    """Print it."""
    del arguments
    sys.stdout.write(reference())
    return 0
