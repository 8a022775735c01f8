"""Archives in storage that are not what was put there: refused, and nothing is written outside of their folder."""

import io
import stat
import zipfile
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pytest_django import Settings

from rulepacks.catalog.archives import ArchiveDamaged, archive_folder

HASH = "0" * 64


def linked(target: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("pack.yaml")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


ARCHIVES: dict[str, list[tuple[str | zipfile.ZipInfo, bytes]]] = {
    "a name that climbs": [("../../outside.txt", b"out")],
    "an absolute name": [("/outside.txt", b"out")],
    "a link": [(linked("/etc/passwd"), b"/etc/passwd")],
    "a bomb": [("pack.yaml", b"a" * 70_000_000)],
    "too many files": [(f"{number}.txt", b"") for number in range(2_001)],
    "nothing": [],
}


@pytest.fixture
def scratch(settings: Settings, tmp_path: Path) -> Path:
    settings.SCRATCH_DIR = str(tmp_path / "scratch")
    return tmp_path


@pytest.mark.parametrize("case", ARCHIVES)
def test_a_hostile_archive_is_refused(scratch: Path, case: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ARCHIVES[case]:
            archive.writestr(name, text)
    refuse(scratch, content.getvalue())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all"])
def test_what_is_no_archive_is_refused(scratch: Path, content: bytes) -> None:
    refuse(scratch, content)


def refuse(scratch: Path, content: bytes) -> None:
    stored = default_storage.save("packs/hostile.zip", ContentFile(content))
    with pytest.raises(ArchiveDamaged):
        archive_folder(stored, HASH)
    default_storage.delete(stored)
    written = [path.relative_to(scratch).parts for path in scratch.rglob("*") if not path.is_dir()]
    assert all(parts[:3] == ("scratch", "packs", HASH) for parts in written)
    assert not [path for path in scratch.rglob("*") if path.is_symlink()]
