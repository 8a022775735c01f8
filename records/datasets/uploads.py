"""Files on their way in: streamed to storage while they are measured and hashed."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from tenants.context import current_tenant_id
from tenants.problems import TooLarge

CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """A file as it arrives: `input` is its name in the pack, `content` is read once, from where it stands."""

    input: str
    filename: str
    content: IO[bytes] | File
    format: str = ""


@dataclass(frozen=True)
class StoredFile:
    """A file as it was received: what it was, how long, its SHA-256, and its name in storage."""

    input: str
    filename: str
    format: str
    size: int
    sha256: str
    stored_as: str


class Measured(File):
    """Counts and hashes what is read through it. Raises `TooLarge` past the limit."""

    def __init__(self, upload: Upload, limit: int) -> None:
        super().__init__(None, upload.filename)
        self.source, self.limit = upload.content, limit
        self.length, self.hash = 0, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.source.read(CHUNK if size < 0 else size)
        self.length += len(data)
        if self.length > self.limit:
            raise TooLarge(f"{self.name} is larger than the limit of {self.limit:,} bytes")
        self.hash.update(data)
        return data

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while data := self.read(chunk_size or CHUNK):
            yield data


def uploads_store(uploads: Sequence[Upload], batch_id: UUID) -> list[StoredFile]:
    """Store the files of one batch. When one cannot be stored, none stays. Raises `TooLarge`."""
    stored: list[StoredFile] = []
    try:
        for upload in uploads:
            stored.append(upload_store(upload, delivered_name(batch_id, upload.input)))
    except BaseException:
        files_forget([*(one.stored_as for one in stored), *(delivered_name(batch_id, one.input) for one in uploads)])
        raise
    return stored


def upload_store(upload: Upload, name: str) -> StoredFile:
    measured = Measured(upload, settings.UPLOAD_LIMIT_BYTES)
    stored_as = default_storage.save(name, measured)
    digest = measured.hash.hexdigest()
    return StoredFile(upload.input, upload.filename[:255], upload.format, measured.length, digest, stored_as)


def files_forget(names: Sequence[str]) -> None:
    """Remove files nobody refers to."""
    for name in set(names):
        default_storage.delete(name)


def delivered_name(batch_id: UUID, input_name: str) -> str:
    """Where a delivered file lies. The part after the last slash is the pack's word, never the sender's."""
    return f"{current_tenant_id()}/batches/{batch_id}/delivered/{input_name}"
