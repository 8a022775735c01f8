"""Delivered headers and the fields they are."""

import re
from collections.abc import Iterable

from rulepacks.engine.spec import Input


def header_key(text: str) -> str:
    """What two headers are compared by: case, blanks, - and _ make no difference."""
    return re.sub(r"[\s_-]+", "_", text.strip().lower())


def bind_columns(source: Input, delivered: Iterable[str]) -> dict[str, str | None]:
    """For each declared field the delivered column it is, or None. A field's own name goes before its aliases."""
    by_key: dict[str, str] = {}
    for column in delivered:
        by_key.setdefault(header_key(column), column)
    return {
        field.name: next(
            (by_key[key] for name in (field.name, *field.aliases) if (key := header_key(name)) in by_key), None
        )
        for field in source.fields.values()
    }


def missing_fields(source: Input, delivered: Iterable[str]) -> list[str]:
    """Declared fields that must be delivered and are not."""
    bound = bind_columns(source, delivered)
    return [name for name, column in bound.items() if column is None and not source.fields[name].optional]
