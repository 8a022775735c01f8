"""Access tokens: JSON web tokens (RFC 7519) of fifteen minutes, checked for everything they claim."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import jwt
from django.conf import settings
from django.utils import timezone

from tenants.access.problems import BadCredential

LIFETIME = timedelta(minutes=15)
KIND = "access"
REQUIRED = ["iss", "aud", "exp", "iat", "sub", "jti", "typ", "tenant_id"]


@dataclass(frozen=True)
class Claims:
    """Whose token it is, for which tenant, and the pair it belongs to."""

    user_id: UUID
    tenant_id: UUID
    pair_id: UUID


def access_token(claims: Claims) -> str:
    """The signed text."""
    now = timezone.now()
    said = {
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "iat": now,
        "exp": now + LIFETIME,
        "typ": KIND,
        "sub": str(claims.user_id),
        "user_id": str(claims.user_id),
        "tenant_id": str(claims.tenant_id),
        "jti": str(claims.pair_id),
    }
    return jwt.encode(said, settings.JWT_SECRET_KEY, algorithm=settings.JWT_ALGORITHM)


def access_claims(text: str) -> Claims:
    """What the token says, once signature, algorithm, issuer, audience, age and kind are as issued here.

    The header chooses nothing: not the key, and not the algorithm. Raises `BadCredential`, always in the same words.
    """
    try:
        said = jwt.decode(
            text,
            settings.JWT_SECRET_KEY,
            algorithms=[settings.JWT_ALGORITHM],
            issuer=settings.JWT_ISSUER,
            audience=settings.JWT_AUDIENCE,
            options={"require": REQUIRED},
        )
        if said["typ"] != KIND:
            raise BadCredential
        return Claims(UUID(said["sub"]), UUID(said["tenant_id"]), UUID(said["jti"]))
    except (jwt.InvalidTokenError, ValueError, AttributeError) as error:
        raise BadCredential from error
