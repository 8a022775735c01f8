"""Registers the admin screens of this app."""

from rulepacks.catalog import admin as catalog

__all__ = ["catalog"]
