"""The files that make up a pack."""

from pathlib import Path, PurePath


def counts(path: Path) -> bool:
    """Whether a file of a pack's folder is part of the pack, so that its content counts in the hash."""
    return path.is_file() and belongs(path)


def belongs(path: PurePath) -> bool:
    """Whether a file of that name is part of a pack."""
    return "__pycache__" not in path.parts and not path.name.startswith(".")
