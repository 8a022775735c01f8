"""Registers the admin screens of this app."""

from tenants.access import admin as access
from tenants.accounts import admin as accounts
from tenants.audit import admin as audit
from tenants.work import admin as work

__all__ = ["access", "accounts", "audit", "work"]
