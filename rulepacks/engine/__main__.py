"""`python -m rulepacks.engine COMMAND …`: packs from the terminal, with no database."""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence

from rulepacks.engine import cli
from rulepacks.engine.problems import PackError
from rulepacks.engine.refusals import BadInput, ChildFailed

REFUSED = 2
READER_GONE = 141
"""What a shell reports of a command that SIGPIPE ends."""


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
        code = int(modules[arguments.command].main(arguments))
        sys.stdout.flush()
    except (PackError, BadInput) as refusal:
        sys.stderr.writelines(f"{problem}\n" for problem in refusal.problems)
        return REFUSED
    except ChildFailed as failure:
        sys.stderr.write(f"The run did not finish: {failure.reason}\n")
        return REFUSED
    except BrokenPipeError:
        # The reader has seen enough. What is still to be written has nowhere to go, also at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return code


if __name__ == "__main__":
    sys.exit(main())
