"""A pack that somebody uploads: a zip archive that nobody has reason to trust, unpacked within bounds."""

import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from rulepacks.engine.limits import PackLimits
from rulepacks.engine.loader import PACK_FILE
from rulepacks.engine.loading.files import belongs
from tenants.problems import TooLarge, ValidationProblem

CHUNK = 256 * 1024
PLAIN = re.compile(r"[^\x00-\x1f\x7f\\:*?\"<>|]{1,200}")
"""What a path may hold on every system that keeps packs."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def pack_unpack(content: IO[bytes], folder: Path, limits: PackLimits) -> None:
    """Write the pack's files into `folder`, which is empty. A single folder around them is left out.

    Raises `ValidationProblem` for what is no archive or has names, links or sizes that no pack has, `TooLarge`.
    """
    try:
        with zipfile.ZipFile(content) as archive:
            members = list(_members(archive, limits))
            around = _around([path for path, _ in members])
            left = limits.folder_bytes
            for path, member in members:
                left -= _write(archive, member, folder / path.relative_to(around), left, limits)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise _refused(f"not a zip archive that can be read: {error}") from error


def _members(archive: zipfile.ZipFile, limits: PackLimits) -> Iterator[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """Files of the archive with their checked paths; what does not count in a pack is left out."""
    if len(archive.infolist()) > limits.files:
        raise _refused(limits.said("files", "more than {:,} files"))
    seen: set[str] = set()
    for member in archive.infolist():
        path = PurePosixPath(member.filename)
        if not PLAIN.fullmatch(member.filename) or path.is_absolute() or ".." in path.parts:
            raise _refused(f"{member.filename!r} is not the name of a file in a pack")
        if member.is_dir() or not belongs(path):
            continue
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(f"{member.filename!r} is a link")
        if member.flag_bits & 1 or member.compress_type not in METHODS:
            raise _refused(f"{member.filename!r} is encrypted or compressed in a way that is not read")
        if str(path).casefold() in seen:
            raise _refused(f"{member.filename!r} is there twice")
        seen.add(str(path).casefold())
        yield path, member


def _around(paths: list[PurePosixPath]) -> PurePosixPath:
    """The folder that holds pack.yaml: the top, or the one folder everything is in."""
    if PurePosixPath(PACK_FILE) in paths:
        return PurePosixPath()
    tops = {path.parts[0] for path in paths}
    top = PurePosixPath(*tops) if len(tops) == 1 else PurePosixPath()
    if top / PACK_FILE not in paths:
        raise _refused(f"no {PACK_FILE} in it")
    return top


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int, limits: PackLimits) -> int:
    """Write one file, no more bytes than are left; how many. What the archive says of the size is not believed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(member) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > left:
                raise TooLarge(limits.said("folder_bytes", "The pack unpacks to more than {:,} bytes"))
            file.write(chunk)
    return written


def _refused(reason: str) -> ValidationProblem:
    return ValidationProblem(f"archive: {reason}", fields={"archive": reason})
