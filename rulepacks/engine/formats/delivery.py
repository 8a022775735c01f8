"""One delivered file: hashed as it is read, given out as UTF-8 in chunks."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

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
ENCODINGS = tuple(_DECLARABLE)


UNDECODABLE = "rulepacks.undecodable"


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """A lone surrogate for bytes that are no character: it becomes bytes that are not UTF-8."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(UNDECODABLE, _mark_undecodable)


class Delivery:
    """The bytes of one input. `sha256` and `size` are final once `chunks` has been read to the end."""

    def __init__(self, name: str, path: Path, *, encoding: str | None = None, chunk: int = CHUNK) -> None:
        self.name = name
        self.total = path.stat().st_size
        self.size = 0
        self._file: BinaryIO = path.open("rb")
        self._hash = hashlib.sha256()
        self._chunk = chunk
        self._head = self._file.read(HEAD)
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
        """The first bytes after a byte order mark, as delivered."""
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
        block, skip = self._head, self._skip
        while block:
            self._hash.update(block)
            self.size += len(block)
            yield block[skip:]
            block, skip = self._file.read(self._chunk), 0

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
