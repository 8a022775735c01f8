"""Who is asking, and as what: found once for each request, before anything else touches the database."""

import hmac
import re
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest

from tenants.access.jwts import access_claims
from tenants.access.keys import key_verify
from tenants.access.problems import BadCredential
from tenants.access.roles import MAY, SCOPES, SERVICE, Permission
from tenants.access.tokens import tokens_membership
from tenants.accounts.models import Membership, Tenant, User
from tenants.context import ANONYMOUS, Actor
from tenants.policies.selectors import policy_of

CHOSEN_TENANT = "tenant"
"""Name in the session of the slug of the tenant whose pages were seen last."""
TENANT_PATH = re.compile(r"^/t/([-\w]+)(?:/|$)")
RECORD_PATH = re.compile(r"^(?:/api/v1)?/records(?:/|$)")
"""Where anybody may write to the default tenant, in development and as long as no `API_KEY` is set."""
PUBLIC_PATH = re.compile(r"^(?:/api/v1)?/(?:records|reports/summary)(?:/|$)")
"""What a policy opens that opens records only."""
READING = SCOPES["read"]
RECORD_WRITES = SCOPES["write"]


class NoSuchTenant(Exception):
    """The tenant that was named does not exist, or the caller does not belong to it."""


@dataclass(frozen=True)
class Identity:
    """The caller in the bound tenant. `role` is a membership role, `service` for a key, or empty."""

    actor: Actor
    tenant: Tenant | None = None
    user: User | None = None
    role: str = ""
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    is_browser: bool = False
    """A session cookie was the credential, so a write needs the form token."""

    @property
    def is_anonymous(self) -> bool:
        """Nobody signed in and no key was sent."""
        return self.actor.kind == ANONYMOUS.kind

    def may(self, permission: Permission) -> bool:
        """Whether the role table allows it here."""
        return permission in self.permissions


NOBODY = Identity(ANONYMOUS)


def identify(request: HttpRequest) -> Identity:
    """The caller of this request. Raises `BadCredential` and `NoSuchTenant`.

    A token or key decides first, then the session, then the default tenant stands open as far as it is public.
    """
    named = _named_tenant(request)
    key, token = _sent(request)
    if token is not None:
        return _of_token(token, named)
    if key is not None:
        return _of_key(key, named)
    if isinstance(request.user, User):
        return _of_session(request, request.user, named)
    # A proxy may ask a person for another scheme's password, but nobody else means it for somebody else.
    if "Authorization" in request.headers:
        raise BadCredential
    return _of_nobody(request, named)


def identity_of(request: HttpRequest) -> Identity:
    """What the middleware found out about the caller; nobody where it does not ask."""
    identity: Identity = getattr(request, "identity", NOBODY)
    return identity


def memberships_of(user: User) -> list[Membership]:
    """Where the person belongs, by the tenant's name; closed tenants left out."""
    rows = Membership.objects.filter(user=user, tenant__is_active=True)
    return list(rows.select_related("tenant", "user").order_by("tenant__name", "tenant__id"))


def user_actor(user: User) -> Actor:
    """How a person is named in the audit log."""
    return Actor("user", str(user.id), str(user))


def _named_tenant(request: HttpRequest) -> str | None:
    in_path = TENANT_PATH.match(request.path_info)
    return in_path[1] if in_path else request.headers.get("X-Tenant")


def _sent(request: HttpRequest) -> tuple[str | None, str | None]:
    """The key and the access token that were sent. After `Bearer` three parts are a token, anything else is a key.

    The server hands on what is not ASCII as an empty text, which is still a credential sent.
    """
    if (key := request.headers.get("X-API-Key")) is not None:
        return key, None
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None, None
    text = text.strip()
    return (None, text) if text.count(".") == 2 else (text, None)


def _of_token(text: str, named: str | None) -> Identity:
    membership = tokens_membership(access_claims(text))
    if named is not None and membership.tenant.slug != named:
        raise NoSuchTenant
    return _of_member(membership)


def _of_member(membership: Membership, *, is_browser: bool = False) -> Identity:
    user, role = membership.user, membership.role
    return Identity(user_actor(user), membership.tenant, user, role, MAY[role], is_browser)


def _of_key(text: str, named: str | None) -> Identity:
    if settings.API_KEY and hmac.compare_digest(text.encode(), settings.API_KEY.encode()):
        tenant, scopes = _default_tenant(), ["read", "write"]
        actor = Actor("key", "environment", "API_KEY")
    elif key := key_verify(text):
        tenant, scopes = key.tenant, key.scopes
        actor = Actor("key", str(key.id), key.name)
    else:
        raise BadCredential
    if named is not None and (tenant is None or tenant.slug != named):
        raise NoSuchTenant
    allowed = frozenset[Permission]().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))
    return Identity(actor, tenant, role=SERVICE, permissions=allowed)


def _of_session(request: HttpRequest, user: User, named: str | None) -> Identity:
    memberships = memberships_of(user)
    wanted = request.session.get(CHOSEN_TENANT, "") if named is None else named
    found = next((membership for membership in memberships if membership.tenant.slug == wanted), None)
    if found is None and named is not None:
        raise NoSuchTenant
    if found is None and len(memberships) == 1:
        found = memberships[0]
    if found:
        return _of_member(found, is_browser=True)
    if memberships:
        return Identity(user_actor(user), user=user, is_browser=True)
    tenant, readable = _public(request)
    return Identity(user_actor(user), tenant, user, permissions=readable, is_browser=True)


def _of_nobody(request: HttpRequest, named: str | None) -> Identity:
    if named is not None and named != settings.DEFAULT_TENANT:
        return NOBODY
    tenant, permissions = _public(request)
    if settings.OPEN_WRITES and RECORD_PATH.match(request.path_info):
        permissions |= RECORD_WRITES
    return Identity(ANONYMOUS, tenant, permissions=permissions)


def _public(request: HttpRequest) -> tuple[Tenant | None, frozenset[Permission]]:
    """The default tenant, and what its policy, or as long as that says nothing its set-up, lets anybody do here."""
    tenant = _default_tenant()
    if tenant is None:
        return None, frozenset()
    opened = policy_of(tenant).access.public_reads or ("all" if tenant.public_reads else "none")
    is_open = opened == "all" or (opened == "records" and PUBLIC_PATH.match(request.path_info) is not None)
    return tenant, READING if is_open else frozenset()


def _default_tenant() -> Tenant | None:
    return Tenant.objects.filter(slug=settings.DEFAULT_TENANT, is_active=True).first()
