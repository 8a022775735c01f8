"""Typed tree -> Python closures over exact values, with the meaning `expressions.tree` gives; twin of `compile_sql`.

A closure takes the slots of one row and returns a value, None for NULL, or raises `Fault`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any, cast

import re2

from rulepacks.engine.cell_values import as_text, text_reader
from rulepacks.engine.expressions.functions import FUNCTIONS
from rulepacks.engine.expressions.functions.base import Closure, Fault, Slots
from rulepacks.engine.expressions.tree import (
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
    walk,
)
from rulepacks.engine.expressions.types import Type
from rulepacks.engine.python_numbers import arithmetic, fits_type


class Faulted:
    """What stands in the slot of a derived field or a join that could not be computed."""


FAULTED = Faulted()


@dataclass(frozen=True)
class Places:
    """Slots of what expressions name: fields (declared and derived), raw texts, parameters, joins.

    `uncertain` are the slots that may hold `FAULTED`; `columns` gives for each join the position of each column.
    """

    fields: Mapping[str, int]
    raws: Mapping[str, int]
    parameters: Mapping[str, int]
    joins: Mapping[str, int]
    columns: Mapping[str, Mapping[str, int]]
    uncertain: frozenset[int]

    def with_uncertain(self, at: int) -> Places:
        """The same with one more slot that may hold `FAULTED`."""
        return replace(self, uncertain=self.uncertain | {at})

    def slot(self, node: Node) -> int | None:
        """The slot a node reads; None when it reads none."""
        match node:
            case Field(name=name):
                return self.fields[name]
            case Raw(name=name):
                return self.raws[name]
            case Parameter(name=name):
                return self.parameters[name]
            case JoinField(join=join) | Found(join=join):
                return self.joins[join]
        return None


def compile_node(node: Node, places: Places) -> Closure:
    """The closure of a node. Aggregates have none: they need other rows."""
    return _COMPILERS[type(node)](node, places)


def _literal(node: Literal, _: Places) -> Closure:
    value = node.value
    return lambda slots: value


def _slot(at: int, places: Places) -> Closure:
    if at not in places.uncertain:
        return operator.itemgetter(at)

    def read(slots: Slots) -> Any:
        value = slots[at]
        if value is FAULTED:
            raise Fault
        return value

    return read


def _join_field(node: JoinField, places: Places) -> Closure:
    row = _slot(places.joins[node.join], places)
    at = places.columns[node.join][node.name]

    def read(slots: Slots) -> Any:
        found = row(slots)
        return None if found is None else found[at]

    return read


def _found(node: Found, places: Places) -> Closure:
    row = _slot(places.joins[node.join], places)
    return lambda slots: row(slots) is not None


def _unary(node: Unary, places: Places) -> Closure:
    operand = compile_node(node.operand, places)
    if node.op == "not":

        def negate(slots: Slots) -> bool | None:
            value = operand(slots)
            return None if value is None else not value

        return negate

    def minus(slots: Slots) -> Any:
        value = operand(slots)
        return None if value is None else value.copy_negate() if isinstance(value, Decimal) and value else -value

    return minus


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "is": operator.eq, "is not": operator.ne,
}  # fmt: skip


def _binary(node: Binary, places: Places) -> Closure:
    left, right = compile_node(node.left, places), compile_node(node.right, places)
    if node.op in {"is", "is not"}:
        compare = _COMPARE[node.op]
        return lambda slots: compare(left(slots), right(slots))
    if node.op in {"=", "<>"} and isinstance(node.right, Literal) and node.right.value is not None:
        return _against(left, node.right.value, _COMPARE[node.op])
    work = _COMPARE.get(node.op) or arithmetic(node)

    def both(slots: Slots) -> Any:
        first, second = left(slots), right(slots)
        return None if first is None or second is None else work(first, second)

    return both


def _against(left: Closure, value: Any, compare: Callable[[Any, Any], bool]) -> Closure:
    def test(slots: Slots) -> bool | None:
        found = left(slots)
        return None if found is None else compare(found, value)

    return test


def _logical(node: Logical, places: Places) -> Closure:
    operands = [compile_node(operand, places) for operand in node.operands]
    decided: bool = node.op == "or"
    if not any(may_fault(operand, places) for operand in node.operands):
        return _plain_logical(operands, decided=decided)

    def test(slots: Slots) -> bool | None:
        result: bool | None = not decided
        faulted = False
        for operand in operands:
            try:
                value: bool | None = operand(slots)
            except Fault:
                faulted = True
                continue
            if value is decided:
                return decided
            if value is None:
                result = None
        if faulted:
            raise Fault
        return result

    return test


def _plain_logical(operands: Sequence[Closure], *, decided: bool) -> Closure:
    def test(slots: Slots) -> bool | None:
        result: bool | None = not decided
        for operand in operands:
            value: bool | None = operand(slots)
            if value is decided:
                return decided
            if value is None:
                result = None
        return result

    return test


def may_fault(node: Node, places: Places) -> bool:
    """Whether evaluating the tree can end in a fault, its own or one that stands in a slot."""
    return any(part.can_fault or places.slot(part) in places.uncertain for part in walk(node))


def _is_null(node: IsNull, places: Places) -> Closure:
    operand = compile_node(node.operand, places)
    return lambda slots: operand(slots) is None


def _case(node: Case, places: Places) -> Closure:
    branches = [(compile_node(test, places), compile_node(value, places)) for test, value in node.branches]
    otherwise = compile_node(node.otherwise, places)

    def choose(slots: Slots) -> Any:
        for test, value in branches:
            if test(slots) is True:
                return value(slots)
        return otherwise(slots)

    return choose


def _in(node: In, places: Places) -> Closure:
    operand = compile_node(node.operand, places)
    if len(node.options) == 1 and node.options[0].type.kind == "list":
        return _in_list(operand, compile_node(node.options[0], places))
    if all(isinstance(option, Literal) for option in node.options):
        values = [cast("Literal", option).value for option in node.options]
        known, missing = frozenset(value for value in values if value is not None), None if None in values else False

        def among(slots: Slots) -> bool | None:
            value = operand(slots)
            return None if value is None else True if value in known else missing

        return among
    options = [compile_node(option, places) for option in node.options]

    def any_equal(slots: Slots) -> bool | None:
        value, given = operand(slots), [option(slots) for option in options]
        if value is None:
            return None
        return True if any(option == value for option in given) else None if None in given else False

    return any_equal


def _in_list(operand: Closure, listed: Closure) -> Closure:
    def among(slots: Slots) -> bool | None:
        value, options = operand(slots), listed(slots)
        return None if value is None or options is None else value in options

    return among


def _like(node: Like, places: Places) -> Closure:
    pattern = node.pattern
    body = pattern.rstrip("%")
    if "%" not in body and "_" not in body:
        return _text_test(compile_node(node.operand, places), body.__eq__ if body == pattern else _starts(body))
    parts = "".join({"%": ".*", "_": "."}.get(letter) or re2.escape(letter) for letter in pattern)
    return _text_test(compile_node(node.operand, places), _full_match(f"(?s:{parts})"))


def _starts(body: str) -> Callable[[str], bool]:
    return lambda text: text.startswith(body)


def _matches(node: Matches, places: Places) -> Closure:
    return _text_test(compile_node(node.operand, places), _full_match(node.pattern))


def _full_match(pattern: str) -> Callable[[str], bool]:
    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    match = re2.compile(pattern, options).fullmatch
    return lambda text: match(text) is not None


def _text_test(operand: Closure, test: Callable[[str], bool]) -> Closure:
    def run(slots: Slots) -> bool | None:
        value = operand(slots)
        return None if value is None else test(value)

    return run


def _cast(node: Cast, places: Places) -> Closure:
    operand = compile_node(node.operand, places)
    convert = _conversion(node.operand.type, node.type)

    def run(slots: Slots) -> Any:
        value = operand(slots)
        if value is None:
            return None
        result = convert(value)
        if result is None:
            raise Fault
        return result

    return run


def _conversion(source: Type, target: Type) -> Callable[[Any], Any]:
    if target.kind == "text":
        return lambda value: as_text(value, source)
    if source.kind == "text":
        return text_reader(target)
    if target.kind == "date":
        return datetime.date if source.kind == "timestamp" else lambda value: value
    if target.kind == "timestamp":
        return lambda value: datetime.combine(value, time.min) if source.kind == "date" else value

    def number(value: Any) -> Any:
        if not fits_type(value, target):
            return None
        return int(value) if target.kind == "integer" else value

    return number


def _call(node: Call, places: Places) -> Closure:
    arguments = [compile_node(argument, places) for argument in node.arguments]
    function = FUNCTIONS[node.name]
    if function.own_nulls:
        return cast("Closure", function.python(arguments))
    compute = function.python

    def run(slots: Slots) -> Any:
        values = [argument(slots) for argument in arguments]
        return None if None in values else compute(*values)

    return run


def _holidays(node: Holidays, _: Places) -> Closure:
    days = node.days
    return lambda slots: days


_COMPILERS: dict[type[Node], Callable[..., Closure]] = {
    Literal: _literal,
    Field: lambda node, places: _slot(places.fields[node.name], places),
    Raw: lambda node, places: _slot(places.raws[node.name], places),
    Parameter: lambda node, places: _slot(places.parameters[node.name], places),
    JoinField: _join_field,
    Found: _found,
    Unary: _unary,
    Binary: _binary,
    Logical: _logical,
    IsNull: _is_null,
    Case: _case,
    In: _in,
    Like: _like,
    Matches: _matches,
    Call: _call,
    Cast: _cast,
    Holidays: _holidays,
}
