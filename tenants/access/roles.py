"""Who may do what in a tenant: the one table that the API, the pages and the admin ask."""

from collections.abc import Set
from enum import StrEnum

from tenants.models import Membership

Role = Membership.Role
SERVICE = "service"
"""The role of an API key; its scopes narrow it."""


class Permission(StrEnum):
    """An action in the sense of this table."""

    READ = "read"
    UPLOAD = "upload"
    PROCESS = "process"
    RERUN = "rerun"
    CANCEL = "cancel"
    ACTIVATE = "activate"
    INSTALL = "install"
    DRAFT = "draft"
    APPROVE = "approve"
    CONFIGURE_PEOPLE = "configure_people"
    CHANGE_OWNERS = "change_owners"
    CONFIGURE_KEYS = "configure_keys"
    CONFIGURE_TENANT = "configure_tenant"
    READ_AUDIT = "read_audit"
    READ_POLICY = "read_policy"


P = Permission
ROLES_OF: dict[Permission, frozenset[str]] = {
    P.READ: frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST, Role.REVIEWER, Role.AUDITOR}),
    P.UPLOAD: frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
    P.PROCESS: frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
    P.RERUN: frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
    P.CANCEL: frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
    P.ACTIVATE: frozenset({Role.OWNER, Role.ADMIN}),
    P.INSTALL: frozenset({Role.OWNER, Role.ADMIN}),
    P.DRAFT: frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
    P.APPROVE: frozenset({Role.OWNER, Role.ADMIN, Role.REVIEWER}),
    P.CONFIGURE_PEOPLE: frozenset({Role.OWNER, Role.ADMIN}),
    P.CHANGE_OWNERS: frozenset({Role.OWNER}),
    P.CONFIGURE_KEYS: frozenset({Role.OWNER, Role.ADMIN}),
    P.CONFIGURE_TENANT: frozenset({Role.OWNER, Role.ADMIN}),
    P.READ_AUDIT: frozenset({Role.OWNER, Role.ADMIN, Role.AUDITOR}),
    P.READ_POLICY: frozenset({Role.OWNER, Role.ADMIN, Role.AUDITOR}),
}
"""The table: an action, and the roles that may take it."""

MAY: dict[str, frozenset[Permission]] = {
    role: frozenset(action for action, roles in ROLES_OF.items() if role in roles) for role in Role
}
"""The same table read the other way: a role, and what it may do."""

_WRITING = frozenset({P.UPLOAD, P.PROCESS, P.RERUN, P.CANCEL})

PLATFORM_STAFF = MAY[Role.OWNER] - _WRITING - {P.DRAFT, P.APPROVE}
"""Platform staff hold no role in a tenant; this is for the admin only, where the choice of a tenant is audited."""

SCOPES: dict[str, frozenset[Permission]] = {
    "read": frozenset({P.READ}),
    "write": _WRITING,
}
"""What each scope of an API key allows."""


def may_give(allowed: Set[Permission], role: str) -> bool:
    """Whether who may do this makes members of that role, or ends them.

    Owners come and go by owners only, or an administrator could become one with the help of another.
    """
    return P.CONFIGURE_PEOPLE in allowed and (role != Role.OWNER or P.CHANGE_OWNERS in allowed)
