"""Reads of packs and their versions."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.db.models import QuerySet

from rulepacks.catalog.archives import archive_folder
from rulepacks.catalog.limits import run_limits
from rulepacks.catalog.models import Pack, PackVersion
from rulepacks.engine.loader import load_pack
from rulepacks.engine.record import RecordRules, compile_record_rules
from rulepacks.engine.severities import with_severities
from tenants.problems import UnknownReference


def packs() -> QuerySet[Pack]:
    """All packs by name."""
    return Pack.objects.order_by("name")


def versions() -> QuerySet[PackVersion]:
    """All versions with their pack, newest installed first."""
    return PackVersion.objects.select_related("pack").order_by("-id")


def pack_by_name(name: str) -> Pack:
    """The pack. Raises `UnknownReference`."""
    found = packs().filter(name=name).first()
    if found is None:
        raise UnknownReference(f"No pack is called {name!r}")
    return found


def version_by_id(version_id: UUID) -> PackVersion:
    """The version. Raises `UnknownReference`."""
    found = versions().filter(id=version_id).first()
    if found is None:
        raise UnknownReference("No such pack version")
    return found


def version_named(pack: str, number: str = "") -> PackVersion:
    """That version of the pack; without a number its newest published one. Raises `UnknownReference`."""
    found = versions().filter(pack__name=pack, version=number).first() if number else newest_published(pack)
    if found is None:
        raise UnknownReference(f"{pack} has no version {number}" if number else f"{pack} has no published version")
    return found


def newest_published(name: str) -> PackVersion | None:
    """The published version of that pack with the highest number, None without any."""
    published = versions().filter(pack__name=name, status=PackVersion.Status.PUBLISHED)
    return max(published, key=lambda one: version_order(one.version), default=None)


def version_order(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Sort key of a semantic version: 1.10.0 after 1.9.0, and a release after its candidates."""
    release, _, candidate = version.partition("+")[0].partition("-")
    return tuple(int(part) for part in release.split(".")), not candidate, candidate


def pack_folder(version: PackVersion) -> Path:
    """Local folder with the version's files. Raises `ArchiveDamaged` when they are not what was installed."""
    return archive_folder(version.archive, version.content_hash)


def record_rules(version: PackVersion, severities: Mapping[str, str]) -> RecordRules:
    """The version's row rules, ready to judge single records, of the rules named at least so severe.

    Compiled once per process, content hash and severities.
    """
    return compiled(version.archive, version.content_hash, tuple(sorted(severities.items())))


@lru_cache(maxsize=64)
def compiled(archive: str, content_hash: str, severities: tuple[tuple[str, str], ...]) -> RecordRules:
    pack = load_pack(archive_folder(archive, content_hash), run_limits().pack)
    return compile_record_rules(with_severities(pack, dict(severities)))
