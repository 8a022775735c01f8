"""What is said between a worker, the clean parent it keeps, and the child that runs: one JSON object a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from rulepacks.engine.explanation.trace import Explanation, Question
from rulepacks.engine.problems import Problem
from rulepacks.engine.progress import Progress
from rulepacks.engine.refusals import InputProblem
from rulepacks.engine.request import RunRequest
from rulepacks.engine.summary import Summary


class Start(msgspec.Struct, tag="start"):
    """Run `job` (module:function) in a fresh child; with a question, explain instead."""

    job: str
    request: RunRequest
    question: Question | None = None


class Cancel(msgspec.Struct, tag="cancel"):
    """End the child that is running."""


class Said(msgspec.Struct, tag="said"):
    """The child has come so far."""

    progress: Progress


class Done(msgspec.Struct, tag="done"):
    """The child finished its run."""

    summary: Summary


class Explained(msgspec.Struct, tag="explained"):
    """The child answered the question."""

    explanation: Explanation


class InputRefused(msgspec.Struct, tag="input"):
    """The delivery cannot be used."""

    problems: tuple[InputProblem, ...]


class PackRefused(msgspec.Struct, tag="pack"):
    """The pack cannot be used."""

    problems: tuple[Problem, ...]


class Broke(msgspec.Struct, tag="broke"):
    """The child met something it cannot go on from."""

    reason: str


class Ended(msgspec.Struct, tag="ended"):
    """The child is gone; `reason` when it did not end by itself or as it should."""

    reason: str
    peak_memory_bytes: int


MALFORMED = (msgspec.DecodeError, UnicodeDecodeError)
Command = Start | Cancel
Message = Said | Done | Explained | InputRefused | PackRefused | Broke | Ended


def _as_text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def _from_text(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(kind.__name__)


_ENCODER = msgspec.json.Encoder(enc_hook=_as_text)
_COMMANDS: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command, dec_hook=_from_text)
_MESSAGES: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message, dec_hook=_from_text)


def line(said: Command | Message) -> bytes:
    """One line of the conversation."""
    return _ENCODER.encode(said) + b"\n"


def command(text: bytes) -> Command:
    """What the worker said."""
    return _COMMANDS.decode(text)


def message(text: bytes) -> Message:
    """What the child or its parent said."""
    return _MESSAGES.decode(text)
