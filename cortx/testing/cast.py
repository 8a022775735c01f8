"""Fixture: the cast of tenants and people, made in the ground floor and wanted on every floor."""

from tenants.tests.cast import cast

__all__ = ["cast"]
