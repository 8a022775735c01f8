"""What rows are ordered by, in sequences and in joins."""

from collections.abc import Callable, Mapping
from typing import Any

from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.loading.document import Path_

AS_DELIVERED = ("row_number", ["row_number"])


def read_order(given: Mapping[str, Any], read: Callable[[Path_], Node]) -> tuple[tuple[Node, bool], ...]:
    """The expressions under `order` and `ties`, with whether they fall; `read` takes the way to one."""
    parts = []
    for key in ("order", "ties"):
        for index, part in enumerate(given[key] if given[key] not in AS_DELIVERED else ()):
            falls = isinstance(part, dict)
            parts.append((read((key, index, "falling") if falls else (key, index)), falls))
    return tuple(parts)
