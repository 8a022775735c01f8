"""Pairs of tokens: issued at a sign-in by program, replaced by each refresh, revoked together.

A refresh token is used once. Whoever sends one again holds a copy, or lost a race with its thief: the whole family
ends, and the next request of either is refused.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from tenants.access.jwts import Claims, access_token
from tenants.access.models import TokenFamily, TokenPair
from tenants.access.problems import BadCredential, Revoked
from tenants.accounts.models import Membership, Tenant, User
from tenants.audit.services import audit_append
from tenants.context import Actor, actor_scope, current_tenant_id, tenant_scope

FAMILY_LIFETIME = timedelta(days=30)
# The tenant stands in the text, because row security shows no pair before a tenant is bound.
REFRESH = re.compile(r"cortxr_(?P<tenant>[0-9a-f]{32})(?P<pair>[0-9a-f]{32})_(?P<secret>[\w-]{43})", re.ASCII)


@dataclass(frozen=True)
class Issued:
    """The texts of a new pair, shown once."""

    access: str
    refresh: str


@transaction.atomic
def tokens_open(*, user: User, tenant: Tenant) -> Issued:
    """A new family and its first pair, for a person who has just proved who they are."""
    with tenant_scope(tenant.id), actor_scope(Actor("user", str(user.id), str(user))):
        ends_at = timezone.now() + FAMILY_LIFETIME
        family = TokenFamily.objects.create(user=user, epoch=user.sign_in_epoch, ends_at=ends_at)
        audit_append("tokens.opened", family)
        return _pair(family)


def tokens_refresh(text: str) -> Issued:
    """The next pair; the former one is over. Raises `BadCredential`, and `Revoked` once the family has ended."""
    found = _parts(text)
    with transaction.atomic(), tenant_scope(UUID(found["tenant"])):
        pair = _locked(found)
        if pair.replaced_at is None:
            TokenPair.objects.filter(id=pair.id).update(replaced_at=timezone.now())
            return _pair(pair.family)
        _revoke(pair.family, "tokens.reused")
    raise Revoked


def tokens_revoke(text: str) -> None:
    """End the family that the refresh token belongs to. Raises `BadCredential`, and `Revoked` when it has ended."""
    found = _parts(text)
    with transaction.atomic(), tenant_scope(UUID(found["tenant"])):
        _revoke(_locked(found).family, "tokens.revoked")


def tokens_membership(claims: Claims) -> Membership:
    """The membership that an access token stands for, read anew for each request.

    Raises `Revoked` when its pair was replaced, its family revoked, or the person signed out everywhere, and
    `BadCredential` for a pair that does not exist.
    """
    with tenant_scope(claims.tenant_id):
        pair = TokenPair.objects.select_related("family__user").filter(id=claims.pair_id).first()
    if pair is None or pair.family.user_id != claims.user_id:
        raise BadCredential
    if pair.replaced_at or _over(pair.family):
        raise Revoked
    found = Membership.objects.select_related("user", "tenant").filter(
        tenant_id=claims.tenant_id, user_id=claims.user_id, tenant__is_active=True
    )
    if (membership := found.first()) is None:
        raise Revoked
    return membership


def tokens_forget() -> int:
    """Delete the bound tenant's families whose time is over; returns how many."""
    return TokenFamily.objects.filter(ends_at__lt=timezone.now()).delete()[1].get("tenants.TokenFamily", 0)


def _parts(text: str) -> re.Match[str]:
    found = REFRESH.fullmatch(text)
    if found is None:
        raise BadCredential
    return found


def _locked(found: re.Match[str]) -> TokenPair:
    """The pair of that refresh token, as it is once nobody else holds its family."""
    pairs = TokenPair.objects.filter(id=UUID(found["pair"]))
    pair = pairs.first()
    if pair is None or not hmac.compare_digest(pair.refresh_hash, _hash(found["secret"])):
        raise BadCredential
    family = TokenFamily.objects.select_for_update(of=("self",)).select_related("user").get(id=pair.family_id)
    if _over(family):
        raise Revoked
    again: TokenPair = pairs.get()
    again.family = family
    return again


def _over(family: TokenFamily) -> bool:
    """Revoked, too old, or begun before the person was signed out everywhere."""
    user = family.user
    stale = family.epoch != user.sign_in_epoch or not user.is_active
    return bool(family.revoked_at or stale or family.ends_at <= timezone.now())


def _pair(family: TokenFamily) -> Issued:
    secret = secrets.token_urlsafe(32)
    pair = TokenPair.objects.create(family=family, refresh_hash=_hash(secret))
    tenant_id = current_tenant_id()
    access = access_token(Claims(family.user_id, tenant_id, pair.id))
    return Issued(access, f"cortxr_{tenant_id.hex}{pair.id.hex}_{secret}")


def _revoke(family: TokenFamily, action: str) -> None:
    TokenFamily.objects.filter(id=family.id).update(revoked_at=timezone.now())
    with actor_scope(Actor("user", str(family.user_id), str(family.user))):
        audit_append(action, family)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
