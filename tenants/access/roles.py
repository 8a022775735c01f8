"""Who may do what in a tenant: the one table that the API, the pages and the admin ask."""

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
    CONFIGURE_PEOPLE = "configure_people"
    CONFIGURE_TENANT = "configure_tenant"
    READ_AUDIT = "read_audit"


_WRITING = {Permission.UPLOAD, Permission.PROCESS, Permission.RERUN, Permission.CANCEL}
_CONFIGURING = {
    Permission.ACTIVATE,
    Permission.INSTALL,
    Permission.CONFIGURE_PEOPLE,
    Permission.CONFIGURE_TENANT,
    Permission.READ_AUDIT,
}

MAY: dict[str, frozenset[Permission]] = {
    Role.OWNER: frozenset({Permission.READ} | _WRITING | _CONFIGURING),
    Role.ADMIN: frozenset({Permission.READ} | _WRITING | _CONFIGURING),
    Role.ANALYST: frozenset({Permission.READ} | _WRITING),
    Role.REVIEWER: frozenset({Permission.READ}),
    Role.AUDITOR: frozenset({Permission.READ, Permission.READ_AUDIT}),
}

PLATFORM_STAFF = frozenset({Permission.READ} | _CONFIGURING)
"""Platform staff hold no role in a tenant; this is for the admin only, where the choice of a tenant is audited."""

SCOPES: dict[str, frozenset[Permission]] = {
    "read": frozenset({Permission.READ}),
    "write": frozenset(_WRITING),
}
"""What each scope of an API key allows."""
