"""What a typed tree means, looked at from somewhere that knows fields, joins and aggregates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from rulepacks.engine.expressions.tree import (
    Aggregate,
    Binary,
    Call,
    Case,
    Cast,
    Field,
    Found,
    Holidays,
    In,
    IsNull,
    JoinField,
    Like,
    Literal,
    Logical,
    Matches,
    Node,
    Parameter,
    Raw,
    Unary,
)
from rulepacks.engine.expressions.types import MAX_DIGITS, Type
from rulepacks.engine.tests.oracle.functions import FUNCTIONS, found, like
from rulepacks.engine.tests.oracle.values import Fault, Unreadable, Value, holds, parsed, plain, text_of

COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": lambda left, right: left == right, "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right, "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right, ">=": lambda left, right: left >= right,
}  # fmt: skip


class View(Protocol):
    """What an expression looks at: a row, a group, a pair, the findings of a unit."""

    def field(self, name: str) -> Value: ...

    def raw(self, name: str) -> str | None: ...

    def parameter(self, name: str) -> Value: ...

    def joined(self, join: str, name: str) -> Value: ...

    def finds(self, join: str) -> bool: ...

    def aggregate(self, node: Aggregate) -> Value: ...


def value_of(node: Node, view: View) -> Value:
    """The value of an expression. Raises Fault."""
    match node:
        case Literal(value=value):
            return plain(value)
        case Holidays(days=days):
            return days
        case Field() | Raw() | Parameter() | JoinField() | Found() | Aggregate():
            return named(node, view)
        case Logical():
            return logical(node, view)
        case Case(branches=branches, otherwise=otherwise):
            chosen = next((part for test, part in branches if value_of(test, view) is True), otherwise)
            return value_of(chosen, view)
        case Call(name="coalesce", arguments=arguments):
            values = (value_of(argument, view) for argument in arguments)
            return next((value for value in values if value is not None), None)
    return combined(node, [value_of(child, view) for child in node.children])


def named(node: Node, view: View) -> Value:
    """What the view knows."""
    match node:
        case Field(name=name):
            return view.field(name)
        case Raw(name=name):
            return view.raw(name)
        case Parameter(name=name):
            return view.parameter(name)
        case JoinField(join=join, name=name):
            return view.joined(join, name)
        case Found(join=join):
            return view.finds(join)
        case Aggregate():
            return view.aggregate(node)
    raise TypeError(f"{type(node).__name__} has no name")


def combined(node: Node, values: Sequence[Value]) -> Value:
    """The value of a node from those of its parts, which it has all looked at."""
    match node:
        case IsNull():
            return values[0] is None
        case Call():
            return called(node, values)
        case In():
            return among(values[0], values[1:])
        case Binary(op="is"):
            return values[0] == values[1]
        case Binary(op="is not"):
            return values[0] != values[1]
    return None if None in values else strict(node, values)


def strict(node: Node, values: Sequence[Value]) -> Value:
    """The value of a node that is NULL when a part of it is."""
    match node:
        case Unary(op="not"):
            return not values[0]
        case Unary():
            return -values[0]
        case Binary(op=op) if op in COMPARISONS:
            return COMPARISONS[op](*values)
        case Binary(op="||"):
            return values[0] + values[1]
        case Binary():
            return computed(node, *values)
        case Like(pattern=pattern):
            return like(values[0], pattern)
        case Matches(pattern=pattern):
            return found(pattern, values[0], whole=True) is not None
        case Cast(operand=operand, type=target):
            return cast(values[0], operand.type, target)
    raise TypeError(f"{type(node).__name__} has no meaning")


def logical(node: Logical, view: View) -> bool | None:
    """FALSE decides `and`, TRUE decides `or`, whatever the others are; then a fault; then NULL."""
    deciding, seen = node.op == "or", set()
    for operand in node.operands:
        try:
            seen.add(value_of(operand, view))
        except Fault:
            seen.add(Fault)
    if deciding in seen:
        return deciding
    if Fault in seen:
        raise Fault
    return None if None in seen else not deciding


def among(value: Value, options: Sequence[Value]) -> bool | None:
    if len(options) == 1 and (isinstance(options[0], list) or options[0] is None):
        return None if value is None or options[0] is None else value in options[0]
    if value is None:
        return None
    return True if value in options else None if None in options else False


def computed(node: Binary, left: Fraction, right: Fraction) -> Fraction:
    """+ - * %; a result that could have more than 38 digits must have no more, nor what is added up."""
    if node.op == "%":
        if right == 0:
            raise Fault
        rest = abs(left) % abs(right)
        return rest if left >= 0 else -rest
    result = {"+": left + right, "-": left - right, "*": left * right}[node.op]
    together = [result] if node.op == "*" else [result, left, right]
    room = node.type if node.type.kind == "decimal" else Type("integer", MAX_DIGITS)
    if node.overflows and not all(holds(room, value) for value in together):
        raise Fault
    return result


def cast(value: Value, source: Type, target: Type) -> Value:
    if target.kind == "text":
        return text_of(value, source)
    if source.kind == "text":
        try:
            return parsed(value, target)
        except Unreadable:
            raise Fault from None
    if target.numeric and not holds(target, value):
        raise Fault
    if (source.kind, target.kind) == ("timestamp", "date"):
        return value.date()
    if (source.kind, target.kind) == ("date", "timestamp"):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return value


def called(node: Call, values: Sequence[Value]) -> Value:
    """A function; these five have their own way with NULL."""
    known = [value for value in values if value is not None]
    match node.name:
        case "nullif":
            return None if values[0] == values[1] else values[0]
        case "zero_if_blank":
            return Fraction(0) if values[0] is None else values[0]
        case "given":
            return Fraction(len(known))
        case "greatest" | "least":
            return (max if node.name == "greatest" else min)(known) if known else None
        case "concat_ws":
            return None if values[0] is None else values[0].join(part for part in values[1:] if part is not None)
    return None if len(known) < len(values) else FUNCTIONS[node.name](*values)


def holds_true(node: Node | None, view: View) -> bool:
    """Whether a condition is TRUE; one that is not there always is, one that faults is not."""
    try:
        return node is None or value_of(node, view) is True
    except Fault:
        return False


def shown(node: Node, view: View) -> str | None:
    """A value as a finding shows it: blank where it faults."""
    try:
        return text_of(value_of(node, view), node.type)
    except Fault:
        return None


def aggregated(node: Aggregate, views: Sequence[View]) -> Value:
    """An aggregate over rows. Raises Fault when one of those it looks at does."""
    seen = [view for view in views if node.where is None or value_of(node.where, view) is True]
    if node.operand is None:
        return Fraction(len(seen))
    values = [value for view in seen if (value := value_of(node.operand, view)) is not None]
    match node.name:
        case "any":
            return True in values
        case "every":
            return False not in values
        case "count":
            return Fraction(len(set(values)) if node.distinct else len(values))
    return summed(node.name, values)


def summed(name: str, values: list[Value]) -> Value:
    """Of the values that are not NULL."""
    if name == "count":
        return Fraction(values.count(True))
    if name == "sum":
        return sum(values, Fraction(0))
    return (max if name == "max" else min)(values) if values else None
