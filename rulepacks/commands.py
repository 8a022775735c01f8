"""Every write to packs that comes from outside: API and pages. Each opens its transaction."""

import tempfile
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import transaction

from rulepacks.catalog import lifecycle
from rulepacks.catalog.limits import run_limits
from rulepacks.catalog.models import PackVersion
from rulepacks.catalog.unpacking import pack_unpack
from tenants.accounts.models import User
from tenants.approvals.models import Approval


def pack_upload(*, archive: IO[bytes], person: User) -> PackVersion:
    """A zip archive with a pack, as a draft. Raises `ValidationProblem`, `StateConflict`, `TooLarge`."""
    scratch = Path(settings.SCRATCH_DIR)
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="pack-") as folder:
        pack_unpack(archive, Path(folder), run_limits().pack)
        with transaction.atomic():
            return lifecycle.version_draft(folder=Path(folder), person=person)


@transaction.atomic
def version_submit(*, version: PackVersion) -> PackVersion:
    """Ask for approval of a draft. Raises `StateConflict`."""
    return lifecycle.version_submit(version=version)


@transaction.atomic
def version_approve(*, version: PackVersion, content_hash: str, person: User, sole_operator: bool = False) -> Approval:
    """Approve a candidate's content. Raises `StateConflict`, `NotAllowed` for own work."""
    return lifecycle.version_approve(
        version=version, content_hash=content_hash, person=person, sole_operator=sole_operator
    )


@transaction.atomic
def version_return(*, version: PackVersion, content_hash: str, reason: str) -> PackVersion:
    """Send a candidate back to be changed. Raises `StateConflict`."""
    return lifecycle.version_return(version=version, content_hash=content_hash, reason=reason)


@transaction.atomic
def version_publish(*, version: PackVersion) -> PackVersion:
    """Put an approved candidate into effect. Raises `StateConflict`."""
    return lifecycle.version_publish(version=version)
