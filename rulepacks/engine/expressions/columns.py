"""Columns by pattern: `each('cpe_*')` stands for all fields of such names; `all_of` and `any_of` test each as `it`."""

import fnmatch
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from rulepacks.engine.expressions.names import grouped_field
from rulepacks.engine.expressions.parse import offset
from rulepacks.engine.expressions.tree import Field, Literal, Logical, Node
from rulepacks.engine.expressions.types import UNKNOWN

if TYPE_CHECKING:
    from rulepacks.engine.expressions.build import Builder

QUANTIFIERS = {"all_of": "and", "any_of": "or"}


def expanded(builder: "Builder", given: Sequence[exp.Expr]) -> tuple[Node, ...]:
    """The arguments of a call, with `each` replaced by the fields it stands for."""
    nodes: list[Node] = []
    for argument in given:
        if isinstance(argument, exp.Anonymous) and str(argument.this).lower() == "each":
            nodes += _matching(builder, argument, argument.expressions) or [_nothing(argument)]
        else:
            nodes.append(builder.node(argument))
    return tuple(nodes)


def quantified(builder: "Builder", source: exp.Expr, name: str) -> Node:
    """The condition over every field of a pattern, joined by and (`all_of`) or or (`any_of`)."""
    given = source.expressions
    if len(given) != 2:
        return builder.wrong(source, f"{name} takes a pattern of fields and a condition about it")
    if builder.it is not None:
        return builder.wrong(source, f"{name} does not stand inside another")
    fields = _matching(builder, source, given[:1])
    operands = []
    for builder.it in fields:
        before = len(builder.mistakes)
        operands.append(builder.boolean(given[1], "what follows the pattern"))
        if len(builder.mistakes) > before:
            break
    builder.it = None
    if not operands:
        return _nothing(source)
    return operands[0] if len(operands) == 1 else Logical(
        op=QUANTIFIERS[name], operands=tuple(operands), at=offset(source)
    )  # fmt: skip


def _matching(builder: "Builder", source: exp.Expr, given: Sequence[exp.Expr]) -> list[Node]:
    if len(given) != 1 or not (isinstance(given[0], exp.Literal) and given[0].is_string):
        builder.wrong(source, "a pattern of fields is a text such as 'cpe_*', written out")
        return []
    pattern = str(given[0].this)
    found = [name for name in builder.scope.fields if fnmatch.fnmatchcase(name, pattern)]
    if not found or len(found) > builder.limits.columns:
        expected = builder.limits.said("columns", "1 to {} are expected")
        builder.wrong(given[0], f"{len(found)} fields match {pattern}; {expected}")
        return []
    at = offset(source)
    fields = builder.scope.fields
    return [grouped_field(builder, source, Field(name=name, type=fields[name], at=at), name) for name in found]


def _nothing(source: exp.Expr) -> Node:
    return Literal(value=None, type=UNKNOWN, at=offset(source))
