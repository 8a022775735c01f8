"""API keys: `cortx_<prefix>_<secret>`, shown once, stored as a hash."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tenants.access.models import ApiKey
from tenants.access.roles import SCOPES
from tenants.accounts.models import Tenant
from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.problems import StateConflict, UnknownReference, ValidationProblem, unexpected

MARK = "cortx"
PREFIX_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
PREFIX_LENGTH = 8
NAME_LENGTH = 80
OVERLAP = timedelta(hours=24)
"""How long a key that was replaced works on."""
USE_NOTED_EVERY = timedelta(minutes=1)

logger = logging.getLogger(__name__)


@transaction.atomic
def key_issue(
    *, tenant: Tenant, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can see again. Raises `ValidationProblem`."""
    _check(name, scopes, expires_at)
    prefix = "".join(secrets.choice(PREFIX_SIGNS) for _ in range(PREFIX_LENGTH))
    secret = secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        tenant=tenant,
        name=name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    with tenant_scope(tenant.id):
        audit_append("key.issued", key, {"scopes": key.scopes, "expires_at": expires_at})
    return key, f"{MARK}_{prefix}_{secret}"


def keys_of(tenant: Tenant) -> QuerySet[ApiKey]:
    """The tenant's keys, those in force first."""
    return ApiKey.objects.filter(tenant=tenant).order_by("revoked_at", "name", "id")


def key_of(tenant: Tenant, key_id: UUID) -> ApiKey:
    """One of them. Raises `UnknownReference`."""
    found = keys_of(tenant).filter(id=key_id).first()
    if found is None:
        raise UnknownReference("No such key")
    return found


def key_verify(text: str) -> ApiKey | None:
    """The key that `text` is, or None: malformed, unknown, wrong, revoked, expired, or of a closed tenant."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != MARK or len(prefix) != PREFIX_LENGTH or not secret:
        return None
    key = ApiKey.objects.select_related("tenant").filter(prefix=prefix).first()
    if key is None or not hmac.compare_digest(key.secret_hash, _hash(secret)):
        return None
    return None if key.is_over or not key.tenant.is_active else _used(key, timezone.now())


@transaction.atomic
def key_revoke(key: ApiKey) -> bool:
    """End the key now; False when it had been revoked before."""
    changed = ApiKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=timezone.now())
    if changed:
        with tenant_scope(key.tenant_id):
            audit_append("key.revoked", key)
    return bool(changed)


@transaction.atomic
def key_rotate(key: ApiKey, *, overlap: timedelta) -> tuple[ApiKey, str]:
    """A new key in the place of this one, with its text; the old one works on for `overlap`, and no longer.

    The new key lasts as long as the old one was meant to. A key is replaced once: two who do so at the same moment
    would leave a key whose text one of them never saw. Raises `StateConflict` for a key that is over or was replaced.
    """
    old = ApiKey.objects.select_for_update(of=("self",)).select_related("tenant").get(id=key.id)
    now = timezone.now()
    if old.is_over:
        raise StateConflict("The key is over")
    if old.replaced_at is not None:
        raise StateConflict("The key was replaced before")
    lasts = now + (old.expires_at - old.created_at) if old.expires_at else None
    new, text = key_issue(tenant=old.tenant, name=old.name, scopes=old.scopes, expires_at=lasts)
    ends = min(filter(None, [old.expires_at, now + overlap]))
    ApiKey.objects.filter(id=old.id).update(expires_at=ends, replaced_at=now)
    with tenant_scope(old.tenant_id):
        audit_append("key.rotated", old, {"ends": ends, "replaced_by": new.prefix})
    return new, text


def _check(name: str, scopes: Sequence[str], expires_at: datetime | None) -> None:
    wrong = {}
    if not 1 <= len(name) <= NAME_LENGTH or "\0" in name:
        wrong["name"] = unexpected(name, f"a text of 1 to {NAME_LENGTH} characters")
    if not scopes or set(scopes) - set(SCOPES):
        wrong["scopes"] = "expected read, write or both"
    if expires_at is not None and expires_at <= timezone.now():
        wrong["expires_at"] = unexpected(expires_at.isoformat(), "a time to come")
    if wrong:
        raise ValidationProblem("; ".join(f"{field}: {said}" for field, said in wrong.items()), fields=wrong)


def _used(key: ApiKey, now: datetime) -> ApiKey:
    """Note the use, at most once a minute: a busy key would otherwise write on every read."""
    if key.last_used_at is None or key.last_used_at < now - USE_NOTED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        with impatient():
            ApiKey.objects.filter(stale, id=key.id).update(last_used_at=now)
    return key


@contextmanager
def impatient() -> Iterator[None]:
    """On SQLite a run that is being stored holds the one write lock; a read shall not wait for it to note its key."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        except OperationalError:
            logger.info("the use of a key is not noted, the database is busy")
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience:d}")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
