"""Files on their way in: streamed to storage while they are measured and hashed."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile

from records.datasets.identity import created_at
from records.datasets.models import Batch, new_parent_id
from records.files import forget_folder
from tenants.context import current_tenant_id
from tenants.problems import TooLarge

CHUNK = 1024 * 1024
LONGEST_UPLOAD, LOOKED_AT_FOR = timedelta(days=1), timedelta(days=8)


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

    def __init__(self, filename: str, content: IO[bytes] | File, limit: int) -> None:
        super().__init__(None, filename)
        self.source, self.limit = content, limit
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


class Received(UploadedFile):
    """A file of a request that lies in storage already, measured and hashed, until a batch takes it."""

    def __init__(self, name: str, batch_id: UUID, stored_as: str, measured: Measured) -> None:
        super().__init__(None, name, size=measured.length)
        self.batch_id, self.stored_as, self.taken = batch_id, stored_as, False
        self.length, self.sha256 = measured.length, measured.hash.hexdigest()


class Receiver:
    """Stores the files of one batch to be."""

    def __init__(self, tenant_id: UUID) -> None:
        self.batch_id = new_parent_id()
        self.folder = f"{tenant_id}/batches/{self.batch_id}/delivered"
        self.files: list[Received] = []

    def store(self, filename: str, content: IO[bytes] | File) -> Received:
        """The file, once it is in storage; of one that cannot be stored nothing stays. Raises `TooLarge`."""
        name = f"{self.folder}/{len(self.files) + 1}"
        stored_as, measured = file_store(name, filename, content)
        self.files.append(Received(filename, self.batch_id, stored_as, measured))
        return self.files[-1]


@contextmanager
def receiving(tenant_id: UUID) -> Iterator[Receiver]:
    """Stores files before the transaction begins that takes them; what no batch took is removed afterwards."""
    receiver = Receiver(tenant_id)
    try:
        yield receiver
    finally:
        files_forget([file.stored_as for file in receiver.files if not file.taken])
        if not any(file.taken for file in receiver.files):
            forget_folder(receiver.folder.rpartition("/")[0])


def batch_id_for(uploads: Sequence[Upload]) -> UUID:
    """The id under which files were received, or a new one."""
    received = (upload.content.batch_id for upload in uploads if isinstance(upload.content, Received))
    return next(received, None) or new_parent_id()


def uploads_store(uploads: Sequence[Upload], batch_id: UUID) -> list[StoredFile]:
    """Store the files of one batch, those that were not received before. When one cannot be stored, none stays.

    Raises `TooLarge`.
    """
    stored: list[StoredFile] = []
    try:
        for upload in uploads:
            stored.append(upload_store(upload, batch_id))
    except BaseException:
        files_forget([one.stored_as for one in stored])
        raise
    return stored


def upload_store(upload: Upload, batch_id: UUID) -> StoredFile:
    about, content = (upload.input, upload.filename[:255], upload.format), upload.content
    if isinstance(content, Received):
        content.taken = True
        return StoredFile(*about, content.length, content.sha256, content.stored_as)
    stored_as, measured = file_store(delivered_name(batch_id, upload.input), upload.filename, content)
    return StoredFile(*about, measured.length, measured.hash.hexdigest(), stored_as)


def file_store(name: str, filename: str, content: IO[bytes] | File) -> tuple[str, Measured]:
    measured = Measured(filename, content, settings.UPLOAD_LIMIT_BYTES)
    try:
        return default_storage.save(name, measured), measured
    except BaseException:
        default_storage.delete(name)
        raise


def files_forget(names: Sequence[str]) -> None:
    """Remove files nobody refers to."""
    for name in set(names):
        default_storage.delete(name)


def delivered_name(batch_id: UUID, input_name: str) -> str:
    """Where a delivered file lies. The part after the last slash is the pack's word, never the sender's."""
    return f"{current_tenant_id()}/batches/{batch_id}/delivered/{input_name}"


def leftovers_forget(now: datetime) -> int:
    """Remove what the bound tenant's web processes received and never committed, because they died; how many.

    A folder is named by the id of its batch, which tells when it was begun. Old ones were looked at before.
    """
    try:
        folders, _ = default_storage.listdir(f"{current_tenant_id()}/batches")
    except FileNotFoundError:
        return 0
    begun = [UUID(folder) for folder in folders]
    left = {one for one in begun if now - LOOKED_AT_FOR < created_at(one) < now - LONGEST_UPLOAD}
    left -= set(Batch.objects.filter(id__in=left).values_list("id", flat=True))
    for batch_id in left:
        forget_folder(f"{current_tenant_id()}/batches/{batch_id}")
    return len(left)
