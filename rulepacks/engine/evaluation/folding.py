"""Rows of a list whose keys are one when case is folded, as one: a lookup would meet each of them otherwise."""

from collections.abc import Sequence
from typing import Any

from rulepacks.engine.expressions.letters import upper
from rulepacks.engine.expressions.tree import Value

Row = tuple[Value, ...]


def folded(rows: Sequence[Row], keys: Sequence[int], span: Sequence[int]) -> list[Row]:
    """The rows with folded keys, each key once, or once for each time that it holds without a break.

    `keys` and `span` are the places of the key and of the first and last time. What else a row says is that of its
    key's first row: of a lookup that folds case nobody asks more than whether it finds something.
    """
    found: dict[Row, list[list[Any]]] = {}
    for row in _by_beginning(rows, span):
        cells = [upper(value) if at in keys and isinstance(value, str) else value for at, value in enumerate(row)]
        same = found.setdefault(tuple(cells[at] for at in keys), [])
        if not same or (span and not _begins_within(cells, same[-1], *span)):
            same.append(cells)
        elif span:
            same[-1][span[1]] = _later(same[-1][span[1]], cells[span[1]])
    return [tuple(cells) for same in found.values() for cells in same]


def _by_beginning(rows: Sequence[Row], span: Sequence[int]) -> list[Row]:
    """A blank beginning is the earliest."""

    def beginning(row: Row) -> tuple[bool, Any]:
        return row[span[0]] is not None, row[span[0]] if row[span[0]] is not None else 0

    return sorted(rows, key=beginning) if span else list(rows)


def _begins_within(row: Sequence[Any], earlier: Sequence[Any], first: int, last: int) -> bool:
    return row[first] is None or earlier[last] is None or row[first] <= earlier[last]


def _later(one: Any, other: Any) -> Any:
    """A blank end is the latest."""
    return None if one is None or other is None else max(one, other)
