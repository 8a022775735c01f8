"""gzip: what a delivered file unpacks to, within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput, InputProblem

GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
_STEP = 4 * 1024 * 1024
UNCHECKED_BYTES = 64 * 1024 * 1024
"""As far as this the ratio may be anything: a small file of one repeated row is no bomb."""


def unpacked(name: str, chunks: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """The bytes inside a gzip file, member after member. Raises BadInput for one that is broken or a bomb."""
    taken = given = 0
    member = None
    for chunk in chunks:
        taken += len(chunk)
        waiting = chunk
        while waiting:
            member = member or zlib.decompressobj(_GZIP_WINDOW)
            try:
                data = member.decompress(waiting, _STEP)
            except zlib.error as error:
                raise BadInput(InputProblem(name, f"the gzip archive is broken: {error}")) from error
            given += len(data)
            check_ratio(name, taken, given, limits)
            yield data
            waiting = member.unconsumed_tail
            if member.eof:
                # Zeros may follow a member, and then another member.
                waiting, member = member.unused_data.lstrip(b"\0"), None
    if member is not None:
        yield member.flush()
        if not member.eof:
            raise BadInput(InputProblem(name, "the gzip archive ends too early"))


def check_ratio(name: str, taken: int, given: int, limits: Limits) -> None:
    """Raises BadInput when `taken` bytes have unpacked to more than is allowed."""
    if given > limits.input_bytes:
        raise BadInput(InputProblem(name, limits.said("input_bytes", "the file unpacks to more than {} bytes")))
    if given > UNCHECKED_BYTES and given > taken * limits.unpacked_ratio:
        message = limits.said("unpacked_ratio", "the file unpacks to more than {} times its size")
        raise BadInput(InputProblem(name, message))
