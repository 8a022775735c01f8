"""Registers the admin screens of this app."""

from records.datasets import admin as datasets
from records.runs import admin as runs

__all__ = ["datasets", "runs"]
