"""A pack version's files: one zip archive in storage, one folder per content hash on each machine that needs them."""

import shutil
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from rulepacks.catalog.limits import run_limits
from rulepacks.engine.loader import content_hash

# All archives of the same files are the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


class ArchiveDamaged(RuntimeError):
    """What storage gave back is not what was installed."""


def archive_store(folder: Path, name: str) -> None:
    """Put the folder's files into storage as the zip archive `name`, unless it is there."""
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(zipped(folder)))


def zipped(folder: Path) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(found for found in folder.rglob("*") if found.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def archive_folder(name: str, expected_hash: str) -> Path:
    """Folder with the files of the archive, extracted once per machine.

    The folder appears by one rename, so processes that extract at the same time do each other no harm. Its content
    is checked against the hash each time. Raises `ArchiveDamaged`.
    """
    folder = Path(settings.SCRATCH_DIR) / "packs" / expected_hash
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        extract(name, folder)
    if content_hash(folder, run_limits().pack) != expected_hash:
        raise ArchiveDamaged(f"The files of {name} do not have the content hash {expected_hash}")
    return folder


def extract(name: str, folder: Path) -> None:
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        with default_storage.open(name) as file, zipfile.ZipFile(file) as archive:
            check_size(archive, name)
            archive.extractall(fresh)
        fresh.rename(folder)
    except zipfile.BadZipFile as error:
        raise ArchiveDamaged(f"{name} is no ZIP archive: {error}") from error
    except OSError:
        # Another process was first; anything else shows as a missing folder right after.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def check_size(archive: zipfile.ZipFile, name: str) -> None:
    """Raises `ArchiveDamaged` for more than a pack may hold; a member never unpacks to more than it says."""
    limits, members = run_limits().pack, archive.infolist()
    if len(members) > limits.files or sum(member.file_size for member in members) > limits.folder_bytes:
        raise ArchiveDamaged(f"{name} holds more than a pack may (limits files, folder_bytes)")
