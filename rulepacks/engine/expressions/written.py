"""Typed tree -> text of the expression language, so that a part of an expression can be shown by itself."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

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

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OR, _AND, _NOT, _TEST, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)
_TIES = {"+": _SUM, "-": _SUM, "||": _SUM, "*": _PRODUCT, "%": _PRODUCT}
_TESTS = {"is": "is not distinct from", "is not": "is distinct from"}


def written(node: Node) -> str:
    """The expression as a pack would say it; reading it again gives the same tree.

    `between`, `case x when` and column patterns come out as what they stand for. Names a rule made for itself, which
    no pack can say, lose the rule's code.
    """
    return _FORMS[type(node)](node)


def _tie(node: Node) -> int:
    """How tightly the text of a node holds together."""
    if isinstance(node, Logical):
        return _OR if node.op == "or" else _AND
    if isinstance(node, Binary):
        return _TIES.get(node.op, _TEST)
    if isinstance(node, Unary):
        return _SIGN if node.op == "-" else _TEST if _negated(node.operand) else _NOT
    if isinstance(node, Literal) and isinstance(node.value, int | Decimal) and node.value < 0:
        return _SIGN
    return _TEST if isinstance(node, IsNull | In | Like) else _ATOM


def _inside(node: Node, least: int) -> str:
    """The text of a part, in parentheses where it would not hold together."""
    return written(node) if _tie(node) >= least else f"({written(node)})"


def name(word: str) -> str:
    """A name, quoted where it must be; what a rule made for itself without the rule's code."""
    plain = word.rpartition(":")[2]
    return plain if _PLAIN_NAME.fullmatch(plain) or word != plain else '"' + plain.replace('"', '""') + '"'


def _literal(node: Literal) -> str:
    value = node.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"timestamp '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return _text(value) if isinstance(value, str) else format(value, "f" if isinstance(value, Decimal) else "d")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _join_field(node: JoinField) -> str:
    # The columns of a rule's own sequence are called as they are written.
    return node.name if node.join.endswith(":") else f"{name(node.join)}.{name(node.name)}"


def _negated(node: Node) -> bool:
    return isinstance(node, IsNull | In | Like)


def _unary(node: Unary) -> str:
    if node.op == "-":
        return f"-{_inside(node.operand, _ATOM)}"
    if _negated(node.operand):
        return _FORMS[type(node.operand)](node.operand, " not")
    return f"not {_inside(node.operand, _ATOM)}"


def _binary(node: Binary) -> str:
    if node.op in _TIES:
        tie = _TIES[node.op]
        return f"{_inside(node.left, tie)} {node.op} {_inside(node.right, tie + 1)}"
    if node.op == "is" and isinstance(node.right, Literal) and isinstance(node.right.value, bool):
        return f"{_inside(node.left, _SUM)} is {written(node.right)}"
    return f"{_inside(node.left, _SUM)} {_TESTS.get(node.op, node.op)} {_inside(node.right, _SUM)}"


def _logical(node: Logical) -> str:
    return f" {node.op} ".join(_inside(operand, _tie(node) + 1) for operand in node.operands)


def _is_null(node: IsNull, negation: str = "") -> str:
    return f"{_inside(node.operand, _SUM)} is{negation} null"


def _case(node: Case) -> str:
    branches = " ".join(f"when {written(test)} then {written(value)}" for test, value in node.branches)
    nothing = isinstance(node.otherwise, Literal) and node.otherwise.value is None
    return f"case {branches}{'' if nothing else f' else {written(node.otherwise)}'} end"


def _in(node: In, negation: str = "") -> str:
    return f"{_inside(node.operand, _SUM)}{negation} in ({', '.join(map(written, node.options))})"


def _like(node: Like, negation: str = "") -> str:
    return f"{_inside(node.operand, _SUM)}{negation} like {_text(node.pattern)}"


def _call(node: Call) -> str:
    return f"{node.name}({', '.join(written(part) for part in node.arguments if not isinstance(part, Holidays))})"


def _aggregate(node: Aggregate) -> str:
    operand = "*" if node.operand is None else ("distinct " if node.distinct else "") + written(node.operand)
    return f"{node.name}({operand})" + (f" filter (where {written(node.where)})" if node.where is not None else "")


_FORMS: dict[type[Node], Callable[..., str]] = {
    Literal: _literal,
    Field: lambda node: name(node.name),
    Raw: lambda node: f"raw({name(node.name)})",
    Parameter: lambda node: f"${node.name}",
    JoinField: _join_field,
    Found: lambda node: f"found({name(node.join.rstrip(':'))})",
    Unary: _unary,
    Binary: _binary,
    Logical: _logical,
    IsNull: _is_null,
    Case: _case,
    In: _in,
    Like: _like,
    Matches: lambda node: f"matches({written(node.operand)}, {_text(node.pattern)})",
    Call: _call,
    Cast: lambda node: f"cast({written(node.operand)} as {node.type})",
    Aggregate: _aggregate,
}
