"""`python -m rulepacks.engine COMMAND …`: packs from the terminal, with no database."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

from rulepacks.engine import cli
from rulepacks.engine.problems import PackError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m rulepacks.engine", description="Check, test and run rule packs.")
    commands = parser.add_subparsers(dest="command", required=True)
    modules = {}
    for found in pkgutil.iter_modules(cli.__path__):
        module = importlib.import_module(f"{cli.__name__}.{found.name}")
        if hasattr(module, "HELP"):
            modules[found.name] = module
            module.add_arguments(commands.add_parser(found.name, help=module.HELP, description=module.HELP))
    arguments = parser.parse_args(argv)
    try:
        return int(modules[arguments.command].main(arguments))
    except PackError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2


if __name__ == "__main__":
    sys.exit(main())
