"""The files that make up a pack."""

from pathlib import Path


def counts(path: Path) -> bool:
    """Whether a file of a pack's folder is part of the pack, so that its content counts in the hash."""
    return path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
