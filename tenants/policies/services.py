"""Writing a policy down: checked, numbered, and in force from the next request on."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings

from tenants.accounts.models import Tenant, User
from tenants.audit.services import audit_append
from tenants.context import current_tenant_id
from tenants.outgoing.addresses import Refused, destination, resolve
from tenants.policies.changes import policy_changes
from tenants.policies.models import PolicyDocument
from tenants.policies.schema import Mistake, mistakes, pointer, sound_parts
from tenants.policies.selectors import policy_newest, policy_now
from tenants.problems import ValidationProblem, unexpected

CEILINGS = {"key": "RATE_CEILING_KEY", "session": "RATE_CEILING_SESSION", "tenant": "RATE_CEILING_TENANT"}
LOOKUP_SECONDS = 3.0


def policy_locked() -> PolicyDocument | None:
    """The newest version; nobody else writes one until the transaction ends."""
    Tenant.objects.select_for_update(no_key=True).get(id=current_tenant_id())
    return policy_newest()


def policy_etag(version: PolicyDocument | None) -> str:
    """Another one for every version."""
    return f'W/"policy-{version.number}-{version.content_hash[:16]}"' if version else 'W/"policy-0"'


def policy_check(document: Any, further: Callable[[Mapping[str, Any]], Iterable[Mistake]]) -> None:
    """Raises `ValidationProblem` with all mistakes by JSON pointer; `further` finds those only other rooms can see.

    What the schema cannot say is asked of the parts that it has nothing against.
    """
    found = mistakes(document)
    sound = sound_parts(document, found)
    found += [*_above_ceilings(sound), *_closed(sound), *_inside(sound), *further(sound)]
    if found:
        fields = {one.pointer: one.message for one in found}
        raise ValidationProblem("; ".join(f"{one.pointer or 'the document'}: {one.message}" for one in found),
                                fields=fields)  # fmt: skip


def policy_write(
    *, before: PolicyDocument | None, document: Mapping[str, Any], author: User, note: str
) -> PolicyDocument:
    """The next version after `before`, which the caller has locked, of a document that was checked.

    The same again is no new version.
    """
    said = before.document if before else {}
    if before is not None and said == document:
        return before
    version: PolicyDocument = PolicyDocument.objects.create(
        number=before.number + 1 if before else 1,
        document=document,
        content_hash=policy_hash(document),
        author=author,
        note=note,
    )
    Tenant.objects.filter(id=current_tenant_id()).update(current_policy=version.id)
    changes = policy_changes(said, document)
    facts = {"number": version.number, "before": said, "after": document, "changes": changes, "note": note}
    audit_append("policy.changed", version, {**facts, "content_hash": version.content_hash})
    return version


def policy_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 over the document as canonical JSON."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _above_ceilings(document: Mapping[str, Any]) -> Iterable[Mistake]:
    for name, value in document.get("rate_limits", {}).items():
        ceiling = int(getattr(settings, CEILINGS[name]))
        if ceiling and value > ceiling:
            most = f"at most {ceiling}, the ceiling of this installation ({CEILINGS[name]})"
            yield Mistake(pointer(["rate_limits", name]), unexpected(value, most))


def _closed(document: Mapping[str, Any]) -> Iterable[Mistake]:
    wanted = document.get("access", {}).get("public_reads", "none")
    default = settings.DEFAULT_TENANT
    if wanted != "none" and Tenant.objects.get(id=current_tenant_id()).slug != default:
        most = f"none: only the default tenant ({default}) can be read without a credential"
        yield Mistake(pointer(["access", "public_reads"]), unexpected(wanted, most))


def _inside(document: Mapping[str, Any]) -> Iterable[Mistake]:
    url = document.get("checkpoints", {}).get("url")
    # What holds already is not looked up again: a name server that is away keeps nobody from changing other parts.
    if url is None or url == policy_now().checkpoints.url:
        return
    try:
        resolve(destination(url), LOOKUP_SECONDS)
    except Refused as refused:
        yield Mistake(pointer(["checkpoints", "url"]), f"not sent to: {refused}")
