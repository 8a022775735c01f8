"""Exact arithmetic in Python, with the bounds DuckDB's types have."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Context, Decimal, Inexact
from typing import Any

from rulepacks.engine.expressions.functions.base import Fault
from rulepacks.engine.expressions.tree import Binary
from rulepacks.engine.expressions.types import MAX_DIGITS, Type

EXACT = Context(prec=4 * MAX_DIGITS, traps=[Inexact])
_HUGE = 2**127
_BIG = 2**63


def arithmetic(node: Binary) -> Callable[[Any, Any], Any]:
    """What `+ - * % ||` do with two values that are not NULL."""
    if node.op == "||":
        return operator.add
    if node.op == "%":
        return _remainder
    exact: dict[str, Callable[[Any, Any], Any]] = (
        {"+": operator.add, "-": operator.sub, "*": operator.mul}
        if node.type.kind == "integer"
        else {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply}
    )
    work = exact[node.op]
    if not node.overflows:
        return work
    operands_too = node.op != "*"

    def bounded(left: Any, right: Any) -> Any:
        result = work(left, right)
        if not fits_type(result, node.type) or (
            operands_too and not (fits_type(left, node.type) and fits_type(right, node.type))
        ):
            raise Fault
        return result

    return bounded


def negated(value: int | Decimal) -> int | Decimal:
    """The number with the other sign; zero has none."""
    return value.copy_negate() if isinstance(value, Decimal) and value else -value


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise Fault
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def fits_type(value: int | Decimal, kind: Type) -> bool:
    """Whether DuckDB's type of this type holds the value."""
    if kind.kind == "integer":
        whole = _BIG if kind.precision <= 18 else _HUGE
        return -whole <= value < whole
    limit = int(10 ** (kind.width - kind.scale))
    return -limit < value < limit
