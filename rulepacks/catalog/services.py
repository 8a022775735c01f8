"""Installing packs into the bound tenant."""

from pathlib import Path

from django.db import transaction
from django.db.models.functions import Now

from rulepacks.catalog.archives import archive_store
from rulepacks.catalog.limits import run_limits
from rulepacks.catalog.models import Pack, PackVersion
from rulepacks.catalog.summaries import pack_summary
from rulepacks.engine.loader import load_pack
from tenants.audit.services import audit_append
from tenants.context import current_tenant_id
from tenants.problems import StateConflict

LIBRARY = Path(__file__).resolve().parents[1] / "library"


def pack_install(*, folder: Path, status: str = PackVersion.Status.PUBLISHED) -> PackVersion:
    """The pack in `folder` as a version of the bound tenant; the same content again gives the version there is.

    Raises `PackError` when the pack is not in order, `StateConflict` when this version number has other content.
    """
    spec = load_pack(folder, run_limits().pack)
    archive = f"{current_tenant_id()}/packs/{spec.content_hash}.zip"
    known = PackVersion.objects.filter(pack__name=spec.name, version=spec.version).select_related("pack").first()
    if known is not None:
        return same_content(known, spec.content_hash)
    archive_store(folder, archive)
    with transaction.atomic():
        pack, _ = Pack.objects.get_or_create(name=spec.name, defaults={"title": spec.title})
        version, created = PackVersion.objects.get_or_create(
            pack=pack,
            version=spec.version,
            defaults={
                "content_hash": spec.content_hash,
                "archive": archive,
                "status": status,
                "summary": pack_summary(spec),
                "published_at": Now() if status == PackVersion.Status.PUBLISHED else None,
            },
        )
        if created:
            facts = {"content_hash": spec.content_hash, "status": str(status)}
            audit_append("pack_version.installed", version, facts)
    return same_content(version, spec.content_hash)


def same_content(version: PackVersion, content_hash: str) -> PackVersion:
    if version.content_hash != content_hash:
        raise StateConflict(f"{version} is installed with other content; a changed pack needs a new version number")
    return version


def shipped_folders() -> list[Path]:
    return sorted(file.parent for file in LIBRARY.glob("*/*/pack.yaml"))


def shipped_packs_install() -> list[PackVersion]:
    """Install every shipped pack into the bound tenant; packs already there are left as they are."""
    return [pack_install(folder=folder) for folder in shipped_folders()]
