"""Types of the results of operators, casts and aggregates."""

import re

from sqlglot import exp

from rulepacks.engine.cell_values import text_reader
from rulepacks.engine.expressions.tree import Literal, Node
from rulepacks.engine.expressions.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    MAX_DIGITS,
    TEXT,
    TIMESTAMP,
    Type,
    common,
    comparable_exactly,
    decimal,
    number,
)

_TIMES = {"date", "timestamp"}
ROWS_DIGITS = 12
"""Digits a sum may grow by: 10^12 rows."""

_CAST_WORDS = {
    "text": TEXT, "varchar": TEXT, "int": INTEGER, "integer": INTEGER, "bigint": INTEGER, "date": DATE,
    "timestamp": TIMESTAMP,
}  # fmt: skip


def comparison_problem(left: Type, right: Type) -> str | None:
    """Why two types cannot be compared, or None."""
    if "list" in {left.kind, right.kind}:
        return "a list stands only after in"
    if common(left, right) is None:
        return f"compares {left} with {right}"
    if not comparable_exactly(left, right):
        return f"{left} and {right} together need more than {MAX_DIGITS} digits"
    return None


def arithmetic(op: str, left: Type, right: Type) -> tuple[Type, bool] | str:
    """Type of `left op right` and whether it may need more than 38 digits; or what is wrong."""
    if {left.kind, right.kind} & {"null"}:
        return f"{op} with null is always null"
    if not (left.numeric and right.numeric):
        return f"{op} needs two numbers, not {left} and {right}"
    integer = left.kind == right.kind == "integer"
    if op == "%":
        if not integer:
            return "% needs two whole numbers"
        return number(max(left.whole_digits, right.whole_digits), 0, integer=True), False
    if op == "*":
        whole, scale = left.whole_digits + right.whole_digits, left.scale + right.scale
    else:
        whole, scale = max(left.whole_digits, right.whole_digits) + 1, max(left.scale, right.scale)
    if scale > MAX_DIGITS:
        return f"the result needs {scale} decimals; {MAX_DIGITS} is the most"
    return number(whole, scale, integer=integer), whole + scale > MAX_DIGITS


def aggregate_type(name: str, operand: Type) -> Type | str:
    """Type of an aggregate, or what is wrong with its operand."""
    if operand.kind == "unknown":
        return operand
    if name == "count":
        return number(18, 0, integer=True)
    if name in {"any", "every"}:
        return BOOLEAN if operand.kind == "boolean" else f"{name} takes a condition, not {operand}"
    if name == "sum":
        if not operand.numeric:
            return f"sum takes numbers, not {operand}"
        return number(operand.whole_digits + ROWS_DIGITS, operand.scale, integer=operand.kind == "integer")
    return operand


def type_from_text(text: str) -> Type | None:
    """A type as packs write it: text, integer, decimal(p,s), boolean, date, timestamp; None when it is none of them."""
    plain = {"text": TEXT, "integer": INTEGER, "boolean": BOOLEAN, "date": DATE, "timestamp": TIMESTAMP}.get(text)
    if plain is not None:
        return plain
    match = re.fullmatch(r"decimal\(\s*([0-9]{1,2})\s*,\s*([0-9]{1,2})\s*\)", text)
    if match and 1 <= int(match[1]) <= MAX_DIGITS and int(match[2]) <= int(match[1]):
        return decimal(int(match[1]), int(match[2]))
    return None


def cast_target(operand: Node, to: exp.Expr) -> Type | Literal | str:
    """The type cast to; a Literal for `date '2025-01-31'`; or what is wrong."""
    written = to.sql("duckdb").lower()
    target = _CAST_WORDS.get(written) or type_from_text(written)
    if target is None:
        wrong = "float" if written in {"double", "float", "real"} else written
        return f"{wrong} is not a type here; text, integer, decimal(p,s), date and timestamp are"
    source = operand.type
    if target.kind in _TIMES and isinstance(operand, Literal) and isinstance(operand.value, str):
        return _time_literal(operand, target)
    if source.kind in {"null", "unknown"} or target == TEXT:
        return target
    if source.kind == "text" or {source.kind, target.kind} <= _TIMES:
        return target
    if not (source.numeric and target.numeric):
        return f"{source} cannot be cast to {target}"
    if target.scale < source.scale:
        return f"a cast from {source} to {target} would drop decimals; use round"
    return target


def _time_literal(operand: Literal, kind: Type) -> Literal | str:
    value = text_reader(kind)(str(operand.value))
    if value is None:
        example = "2025-01-31" if kind == DATE else "2025-01-31T14:30:00Z"
        return f"{operand.value!r} is not a {kind}; write it as {example}"
    return Literal(value=value, type=kind, at=operand.at)
