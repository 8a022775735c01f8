"""Files of deliveries and runs: in storage for good, on the local disk while they are worked on."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage


class LocalFile(File):
    """A finished local file on its way into storage. A storage on the same disk moves it instead of copying."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), path.name)
        self.path = path

    def temporary_file_path(self) -> str:
        """What Django's file storage looks for before it moves a file."""
        return str(self.path)


def keep(path: Path, name: str) -> str:
    """Put a local file into storage; the local one may be gone afterwards. Returns the name it has there."""
    with LocalFile(path) as file:
        return str(default_storage.save(name, file))


def forget_folder(name: str) -> None:
    """Remove everything in storage under a folder; a folder that is not there is no error."""
    try:
        folders, files = default_storage.listdir(name)
    except FileNotFoundError:
        return
    for file in files:
        default_storage.delete(f"{name}/{file}")
    for folder in folders:
        forget_folder(f"{name}/{folder}")
    default_storage.delete(name)


def local_copy(name: str, scratch: Path) -> Path:
    """A local path of a stored file: where it lies, or a copy in `scratch` when storage is elsewhere."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        copy = Path(tempfile.mkdtemp(dir=scratch)) / name.rpartition("/")[2]
        with default_storage.open(name) as stored, copy.open("wb") as file:
            shutil.copyfileobj(stored, file)
        return copy


@contextmanager
def scratch_folder(owner: str, attempt: int) -> Iterator[Path]:
    """An empty local folder for one attempt, removed afterwards, with what killed earlier attempts left here."""
    parent = Path(settings.SCRATCH_DIR) / "runs"
    for left in parent.glob(f"{owner}-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{owner}-{attempt}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
