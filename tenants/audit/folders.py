"""A folder of checkpoints, one file each, for `cortx_verify.py --checkpoint FOLDER`. None is ever replaced."""

import os
import secrets
from pathlib import Path
from uuid import UUID

from django.conf import settings

DIGITS = 20
"""Of the size in a file's name: names sort as the sizes do, and every size fits."""


def checkpoint_write(tenant_id: UUID, name: str, size: int, note: str) -> None:
    """Put the note into the tenant's folder of that name. Raises OSError, also when another note is there already."""
    folder = Path(settings.CHECKPOINT_FOLDER) / str(tenant_id) / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{size:0{DIGITS}d}.txt"
    # The verifier passes by what begins with a dot: a draft that a killed process left is no checkpoint.
    draft = folder / f".{file.name}-{secrets.token_hex(8)}"
    try:
        _write(draft, note.encode())
        _place(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    _sync(folder)


def _write(file: Path, content: bytes) -> None:
    with file.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _place(draft: Path, file: Path) -> None:
    """A link, because a rename would replace what is there."""
    try:
        os.link(draft, file)
    except FileExistsError as error:
        if file.read_bytes() != draft.read_bytes():
            raise FileExistsError(error.errno, "it holds another checkpoint of that size", str(file)) from error


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
