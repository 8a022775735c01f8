"""The arguments of a run: a pack, files for its inputs, parameters."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from rulepacks.engine.library import find_pack
from rulepacks.engine.refusals import BadInput, InputProblem
from rulepacks.engine.runner import InputFile, RunRequest


def add_request_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says what is judged."""
    parser.add_argument("pack", help="folder of a pack, or name of a shipped one")
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE", help="a file for an input")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the run")
    parser.add_argument(
        "--encoding", action="append", default=[], metavar="NAME=ENCODING", help="encoding of a file, if not UTF-8"
    )


def read_request(arguments: argparse.Namespace, out: Path) -> RunRequest:
    """The run asked for, with its files below `out`. Raises BadInput and PackError."""
    return RunRequest(
        pack=find_pack(arguments.pack).resolve(),
        inputs=tuple(_input_files(arguments)),
        snapshots={},
        parameters=pairs("--param", arguments.param),
        out=out.resolve(),
    )


def _input_files(arguments: argparse.Namespace) -> Iterator[InputFile]:
    encodings = pairs("--encoding", arguments.encoding)
    for name, text in pairs("--input", arguments.input).items():
        path = Path(text)
        if not path.is_file():
            raise BadInput(InputProblem(name, f"no file {text}"))
        yield InputFile(name, path.resolve(), path.name, encoding=encodings.get(name))


def pairs(option: str, given: list[str]) -> Mapping[str, str]:
    """`NAME=VALUE` texts as a mapping; raises `BadInput` for anything else and for a name given twice."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise BadInput(InputProblem(None, f"{option} {text}: NAME=VALUE is expected"))
        if name in found:
            raise BadInput(InputProblem(name, f"{option} is given twice"))
        found[name] = value
    return found
