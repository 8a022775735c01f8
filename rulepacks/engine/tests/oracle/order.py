"""Rows in order, and what each sees of the rows around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cmp_to_key
from typing import TYPE_CHECKING

from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.expressions.windows import WindowSpec
from rulepacks.engine.spec import SequenceSpec
from rulepacks.engine.tests.oracle.meaning import summed, value_of
from rulepacks.engine.tests.oracle.values import Fault, Value

if TYPE_CHECKING:
    from rulepacks.engine.tests.oracle.world import Row


class Ordered:
    """The rows of an input that take part, apart by `by`.

    Rows that cannot be placed or read spoil the partition they lie in: any row of it might come out otherwise.
    """

    def __init__(self, spec: SequenceSpec, rows: Sequence[Row]) -> None:
        self.spec = spec
        self.rows = rows

    def deciding(self) -> list[Node]:
        """What the partition, the order and the windows read of a row that takes part."""
        windows = [window.operand for window in self.spec.windows.values() if window.operand is not None]
        return [*self.spec.by, *(node for node, _ in self.spec.order), *windows]

    def takes_part(self, row: Row) -> bool:
        """Raises Fault when that, or anything in its partition, cannot be computed."""
        if not self._member(row):
            return False
        if any(map(self._faults, self._partition(row))):
            raise Fault
        return True

    def blocked(self, row: Row) -> bool:
        """Whether a cell that cannot be read keeps the row from being judged."""
        if self._unclear(row):
            return True
        return self._member(row, fault=True) and any(map(self._unreadable, self._partition(row)))

    def window(self, row: Row, text: str) -> Value:
        """The value of a window, by the text it is written as."""
        if not self.takes_part(row):
            return None
        rows = [other for other in self._partition(row) if self._member(other)]
        rows = in_order(rows, self.spec.order)
        return self._value(self.spec.windows[text], rows, row)

    def _member(self, row: Row, *, fault: bool | None = None) -> bool:
        try:
            return self.spec.where is None or value_of(self.spec.where, row) is True
        except Fault:
            if fault is None:
                raise
            return fault

    def _partition(self, row: Row) -> list[Row]:
        return [other for other in self.rows if self._by(other) == self._by(row)]

    def _by(self, row: Row) -> list[Value]:
        return [quiet(node, row) for node in self.spec.by]

    def _faults(self, row: Row) -> bool:
        try:
            return self._member(row) and bool([value_of(node, row) for node in self.deciding()] and False)
        except Fault:
            return True

    def _unclear(self, row: Row) -> bool:
        return self.spec.where is not None and row.misreads([self.spec.where])

    def _unreadable(self, row: Row) -> bool:
        return self._unclear(row) or (self._member(row, fault=False) and row.misreads(self.deciding()))

    def _value(self, window: WindowSpec, rows: list[Row], row: Row) -> Value:
        at = rows.index(row)
        values = [value_of(window.operand, other) if window.operand is not None else None for other in rows]
        name, reach = window.function, value_of(window.reach, row) if window.reach is not None else None
        if name in {"prev", "next"}:
            there = at + int(reach or 1) * (1 if name == "next" else -1)
            return values[there] if 0 <= there < len(rows) else None
        if name == "position":
            return Fraction(at + 1)
        if name == "first_of":
            return values[0]
        seen = values[:at] if name.endswith("_before") else values[: at + 1]
        if name.endswith("_within"):
            now = self._clock(row)
            if now is None or reach is None:
                return None
            step: Value = {Fraction: Fraction(1), date: timedelta(days=1), datetime: timedelta(seconds=1)}[type(now)]
            limit = now - int(reach) * step
            clocks = map(self._clock, rows[: at + 1])
            seen = [value for value, clock in zip(seen, clocks, strict=True) if clock is not None and clock >= limit]
        return summed(name.split("_")[0], [value for value in seen if value is not None])

    def _clock(self, row: Row) -> Value:
        return value_of(self.spec.order[0][0], row)


def in_order(rows: Sequence[Row], order: Sequence[tuple[Node, bool]]) -> list[Row]:
    """Rows by expressions that rise, blanks first, or fall, blanks last; then by row number."""

    def compare(one: Row, other: Row) -> int:
        for node, falls in order:
            left, right = value_of(node, one), value_of(node, other)
            if left != right:
                first = left is None or (right is not None and left < right)
                return -1 if first != falls else 1
        return one.row_number - other.row_number

    return sorted(rows, key=cmp_to_key(compare))


def quiet(node: Node, row: Row) -> Value:
    """The value of an expression, NULL where it faults."""
    try:
        return value_of(node, row)
    except Fault:
        return None
