"""Cut a stream of bytes into pieces of whole records, and take out lines that belong to no record.

The cut never needs more than one chunk and one record in memory. A quoted CSV value may hold line breaks, so where a
record ends is a question for the grammar of the format; what fits no record is refused one physical line at a time,
so that one stray quote costs one row and not the rest of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

SHOWN_BYTES = 800


@dataclass(frozen=True, slots=True)
class Refused:
    """A physical line that is no record; `at` is the offset in the piece's data before which it stood."""

    at: int
    line: int
    reason: str
    text: bytes


@dataclass(frozen=True)
class Piece:
    """Whole records, each ended by a line break; `line` is the line of the file on which they begin, from 1."""

    data: bytes
    line: int
    refused: tuple[Refused, ...] = ()


class Grammar(Protocol):
    """Where the records of a format end."""

    def complete(self, data: bytes, at: int) -> int:
        """Offset after the last whole record of the run that begins at `at` (`at` itself when there is none)."""
        ...

    def pending(self, data: bytes, at: int) -> bool:
        """Whether the bytes from `at` on may become a record when more bytes come."""
        ...

    def complaint(self, data: bytes, at: int) -> str:
        """Why the line at `at` is no record."""
        ...


def count_lines(data: bytes) -> int:
    """Number of line breaks (LF, CRLF or CR) in `data`."""
    if b"\r" not in data:
        return data.count(b"\n")
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def end_of_line(data: bytes, at: int) -> int:
    """Offset after the first line break from `at` on, or -1 when there is none."""
    newline = data.find(b"\n", at)
    stop = len(data) if newline < 0 else newline
    carriage = data.find(b"\r", at, stop)
    if carriage < 0:
        return -1 if newline < 0 else newline + 1
    return carriage + 2 if data[carriage + 1 : carriage + 2] == b"\n" else carriage + 1


def end_of_lines(data: bytes, at: int) -> int:
    """Offset after the last line break at or after `at`, or `at` when there is none."""
    return max(data.rfind(b"\n", at), data.rfind(b"\r", at), at - 1) + 1


class WholeLines:
    """The grammar of formats in which every line is a record."""

    def complete(self, data: bytes, at: int) -> int:
        return end_of_lines(data, at)

    def pending(self, data: bytes, at: int) -> bool:
        return True

    def complaint(self, data: bytes, at: int) -> str:
        return "the line is no record"


def cut(chunks: Iterable[bytes], grammar: Grammar, longest: int, first_line: int = 1) -> Iterator[Piece]:
    """Yield the records of `chunks` in pieces of about one chunk; no record may be longer than `longest` bytes."""
    cutter = _Cutter(grammar, longest, first_line)
    for chunk, last in _mark_last(_whole_breaks(chunks)):
        piece = cutter.feed(chunk, last=last)
        if piece.data or piece.refused:
            yield piece


class _Cutter:
    """Carries what is left of one chunk over to the next."""

    def __init__(self, grammar: Grammar, longest: int, line: int) -> None:
        self.grammar = grammar
        self.longest = longest
        self.line = line
        self.rest = b""
        self.dropping = False

    def feed(self, chunk: bytes, *, last: bool) -> Piece:
        data = self.rest + chunk
        if last and data and not data.endswith((b"\n", b"\r")):
            data += b"\n"
        at = self._drop(data) if self.dropping else 0
        first, size, runs, refused = self.line, 0, [], []
        while at < len(data):
            end = self.grammar.complete(data, at)
            if end > at:
                runs.append(data[at:end])
                size += end - at
                self.line += count_lines(runs[-1])
                at = end
                continue
            if not last and len(data) - at <= self.longest and self.grammar.pending(data, at):
                break
            refused.append(self._refuse(data, at, size))
            at = self._skip(data, at)
        self.rest = data[at:]
        return Piece(runs[0] if len(runs) == 1 else b"".join(runs), first, tuple(refused))

    def _refuse(self, data: bytes, at: int, size: int) -> Refused:
        end = end_of_line(data, at)
        too_long = end < 0 or end - at > self.longest
        reason = f"the line is longer than {self.longest} bytes (limit record_bytes)" if too_long else ""
        text = data[at : len(data) if end < 0 else end][:SHOWN_BYTES]
        return Refused(size, self.line, reason or self.grammar.complaint(data, at), text)

    def _skip(self, data: bytes, at: int) -> int:
        """Go past the line at `at`; when its end has not come yet, drop bytes until it does."""
        end = end_of_line(data, at)
        if end < 0:
            self.dropping = True
            return len(data)
        self.line += 1
        return end

    def _drop(self, data: bytes) -> int:
        end = end_of_line(data, 0)
        if end < 0:
            return len(data)
        self.dropping = False
        self.line += 1
        return end


def _whole_breaks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Keep CR and LF of one line break in the same chunk."""
    held = b""
    for chunk in chunks:
        data = held + chunk
        held = b"\r" if data.endswith(b"\r") else b""
        if data := data[: len(data) - len(held)]:
            yield data
    if held:
        yield held


def _mark_last(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk, and whether it is the last one; an empty stream has one empty last chunk."""
    before: bytes | None = None
    for chunk in chunks:
        if before is not None:
            yield before, False
        before = chunk
    yield before or b"", True
