"""All tables of this app; each lives in its own room."""

from rulepacks.catalog.models import Pack, PackVersion

__all__ = ["Pack", "PackVersion"]
