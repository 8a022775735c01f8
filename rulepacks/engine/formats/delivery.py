"""One delivered file: hashed as it is read, unpacked when it is a gzip archive, given out as UTF-8 in chunks."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from rulepacks.engine.formats.unpack import GZIP, unpacked
from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput, InputProblem

CHUNK = 4 * 1024 * 1024
HEAD = 4096

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARABLE = {"utf-8": "utf-8", "utf-16": "utf-16-le", "cp1252": "cp1252", "latin-1": "latin-1"}


UNDECODABLE = "rulepacks.undecodable"


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """A lone surrogate for bytes that are no character: it becomes bytes that are not UTF-8."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(UNDECODABLE, _mark_undecodable)


class Delivery:
    """The bytes of one input. `sha256` and `size` are final once `chunks` has been read to the end."""

    def __init__(
        self, name: str, path: Path, *, encoding: str | None = None, chunk: int = CHUNK, limits: Limits | None = None
    ) -> None:
        self.name = name
        self.path = path
        self.total = path.stat().st_size
        self.size = 0
        self._file: BinaryIO = path.open("rb")
        self._hash = hashlib.sha256()
        self._chunk = chunk
        self._packed = self._file.read(HEAD)
        self.is_gzip = self._packed.startswith(GZIP)
        self._bytes = self._delivered()
        if self.is_gzip:
            self._bytes = unpacked(name, self._bytes, limits or Limits())
        self._head = self._first_bytes()
        self._skip, self.encoding = self._settle_encoding(encoding)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """Hash of the bytes read so far, exactly as delivered."""
        return self._hash.hexdigest()

    @property
    def head(self) -> bytes:
        """The first bytes after a byte order mark."""
        return self._head[self._skip :]

    def chunks(self) -> Iterator[bytes]:
        """Yield the text as UTF-8 bytes without byte order mark. Characters that cannot be decoded come out as bytes
        that are not UTF-8, so that the row that holds them is rejected and the others are kept."""
        raw = self._raw()
        if self.encoding == "utf-8":
            yield from raw
            return
        decoder = codecs.getincrementaldecoder(self.encoding)(errors=UNDECODABLE)
        for chunk in raw:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")

    def _raw(self) -> Iterator[bytes]:
        yield self._head[self._skip :]
        yield from self._bytes

    def _delivered(self) -> Iterator[bytes]:
        """The bytes of the file, hashed and counted."""
        block = self._packed
        while block:
            self._hash.update(block)
            self.size += len(block)
            yield block
            block = self._file.read(self._chunk)

    def _first_bytes(self) -> bytes:
        """Enough to tell encoding and format by."""
        head = b""
        while len(head) < HEAD and (block := next(self._bytes, None)) is not None:
            head += block
        return head

    def _settle_encoding(self, declared: str | None) -> tuple[int, str]:
        for mark, encoding in _BOMS:
            if self._head.startswith(mark):
                if encoding == "utf-32":
                    raise BadInput(InputProblem(self.name, "the file is UTF-32; UTF-8 is expected"))
                return len(mark), encoding
        if declared is None:
            return 0, "utf-8"
        if declared not in _DECLARABLE:
            known = ", ".join(_DECLARABLE)
            raise BadInput(InputProblem(self.name, f"the encoding {declared} is not known; known are {known}"))
        return 0, _DECLARABLE[declared]
