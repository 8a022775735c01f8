"""Columns a pack echoes into findings without judging them."""

from fnmatch import fnmatchcase

from rulepacks.engine.evaluation.columns import header_key
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.spec import Input


def carried_columns(session: Session, source: Input) -> list[str]:
    """Delivered columns that match `carry` and are no declared field."""
    declared = set(session.columns[source.name].values())
    patterns = [pattern.lower() for pattern in source.carry]
    return [
        name for name in session.delivered[source.name]
        if name not in declared and any(fnmatchcase(header_key(name), pattern) for pattern in patterns)
    ]  # fmt: skip
