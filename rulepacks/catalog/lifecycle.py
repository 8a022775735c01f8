"""The life of a version that people write: draft, candidate, published. Each step is told to the audit log."""

from pathlib import Path
from typing import Any

from django.utils import timezone

from rulepacks.catalog.archives import archive_store
from rulepacks.catalog.limits import run_limits
from rulepacks.catalog.models import Pack, PackVersion
from rulepacks.catalog.summaries import pack_summary
from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import PackError
from rulepacks.engine.spec import Pack as Spec
from tenants.accounts.models import User
from tenants.approvals.models import Approval
from tenants.approvals.selectors import approval_of, has_expired
from tenants.approvals.services import approval_give, approval_refuse, approval_request, approval_use
from tenants.audit.services import audit_append
from tenants.context import current_tenant_id
from tenants.problems import StateConflict, ValidationProblem

Status = PackVersion.Status


def version_draft(*, folder: Path, person: User) -> PackVersion:
    """The pack in `folder` as a draft, or as the new content of the draft there is.

    Raises `ValidationProblem` with every mistake of the pack, `StateConflict` when the version is past a draft.
    """
    try:
        spec = load_pack(folder, run_limits().pack)
    except PackError as error:
        found = {f"{one.file}:{one.line}:{one.column}": _said(one.rule, one.message) for one in error.problems}
        raise ValidationProblem("The pack is not in order", fields=found) from error
    archive = f"{current_tenant_id()}/packs/{spec.content_hash}.zip"
    archive_store(folder, archive)
    pack, _ = Pack.objects.get_or_create(name=spec.name, defaults={"title": spec.title})
    content = _content(spec, archive, person)
    found, created = PackVersion.objects.get_or_create(
        pack=pack, version=spec.version, defaults={**content, "author": person, "status": Status.DRAFT}
    )
    version = _locked(found)
    if created:
        audit_append("pack_version.drafted", version, {"content_hash": spec.content_hash})
        return version
    if version.content_hash == spec.content_hash:
        return version
    if version.status != Status.DRAFT:
        raise StateConflict(f"{version} is {version.get_status_display().lower()}; changed, it needs a new number")
    before = version.content_hash
    _set(version, **content)
    audit_append("pack_version.edited", version, {"content_hash": spec.content_hash, "before": before})
    return version


def version_submit(*, version: PackVersion) -> PackVersion:
    """Ask for approval: the draft becomes a candidate, which nobody can change.

    A candidate whose request has run out may be submitted again. Raises `StateConflict`.
    """
    version = _locked(version)
    asked = approval_of(version)
    again = version.status == Status.CANDIDATE and asked is not None and has_expired(asked)
    if version.status != Status.DRAFT and not again:
        raise StateConflict(f"{version} is {version.get_status_display().lower()}; only a draft can be submitted")
    author, editor = version.author, version.editor
    assert author is not None
    assert editor is not None
    _set(version, status=Status.CANDIDATE)
    audit_append("pack_version.submitted", version, {"content_hash": version.content_hash})
    approval_request(subject=version, content_hash=version.content_hash, author=author, editor=editor)
    return version


def version_approve(*, version: PackVersion, content_hash: str, person: User, sole_operator: bool = False) -> Approval:
    """Approve the candidate's content. Raises `StateConflict`, `NotAllowed` for own work."""
    version = _candidate(version)
    return approval_give(subject=version, content_hash=content_hash, person=person, sole_operator=sole_operator)


def version_return(*, version: PackVersion, content_hash: str, reason: str) -> PackVersion:
    """Send the candidate back to be changed; an approval given before is void. Raises `StateConflict`."""
    version = _candidate(version)
    approval_refuse(subject=version, content_hash=content_hash, reason=reason)
    _set(version, status=Status.DRAFT)
    return version


def version_publish(*, version: PackVersion) -> PackVersion:
    """Put an approved candidate into effect: datasets may be judged by it. Raises `StateConflict`."""
    version = _candidate(version)
    approval = approval_use(subject=version, content_hash=version.content_hash)
    _set(version, status=Status.PUBLISHED, published_at=timezone.now())
    facts = {"content_hash": version.content_hash, "approver": str(approval.approver)}
    if approval.second_approver:
        facts["second_approver"] = str(approval.second_approver)
    audit_append("pack_version.published", version, facts)
    return version


def _content(spec: Spec, archive: str, person: User) -> dict[str, Any]:
    return {"content_hash": spec.content_hash, "archive": archive, "summary": pack_summary(spec), "editor": person}


def _locked(version: PackVersion) -> PackVersion:
    rows = PackVersion.objects.select_for_update(of=("self",)).select_related("pack", "author", "editor")
    found: PackVersion = rows.get(id=version.id)
    return found


def _candidate(version: PackVersion) -> PackVersion:
    version = _locked(version)
    if version.status != Status.CANDIDATE:
        raise StateConflict(f"{version} is {version.get_status_display().lower()}, not a candidate")
    return version


def _set(version: PackVersion, **values: Any) -> None:
    for name, value in values.items():
        setattr(version, name, value)
    version.save(update_fields=list(values))


def _said(rule: str, message: str) -> str:
    return f"{rule}: {message}" if rule else message
