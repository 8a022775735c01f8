"""What an explanation shares with a finding: key, sides, values and message, also where nothing was found."""

from __future__ import annotations

import json
from typing import TypedDict

from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.findings import Shown, statement
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.spec import Rule

_COLUMNS = (
    "severity", "label", "unit", "left", "right", "difference", "tolerance", "message", "key", "fields",
)  # fmt: skip


class Told(TypedDict, total=False):
    """Fields of an explanation."""

    severity: str
    label: str
    unit: str | None
    left: str | None
    right: str | None
    difference: str | None
    tolerance: str | None
    message: str
    key: dict[str, str | None]
    values: dict[str, str | None]


def told(session: Session, rule: Rule, shown: Shown) -> Told:
    """What a finding about the one row or key of `shown` would say; nothing when there is none."""
    columns = ", ".join(map(quoted, _COLUMNS))
    rows = session.rows(f"SELECT {columns} FROM ({statement(session, rule, shown)})")
    if not rows:
        return {}
    *plain, key, fields = rows[0]
    found: Told = {"key": json.loads(key), "values": json.loads(fields)}
    found.update(zip(_COLUMNS, plain, strict=False))  # type: ignore[typeddict-item]
    return found
