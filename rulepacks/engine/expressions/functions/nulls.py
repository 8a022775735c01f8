"""Functions that say themselves what they do with NULL."""

from collections.abc import Sequence
from typing import Any

from rulepacks.engine.expressions.functions.base import Arguments, Function, SignatureError
from rulepacks.engine.expressions.types import INTEGER, MAX_DIGITS, Type, common, comparable_exactly


def same_kind(given: Arguments) -> Type:
    """The common type of two or more arguments. Raises SignatureError."""
    if len(given) < 2:
        raise SignatureError("takes two or more arguments")
    result = given[0].type
    for node in given[1:]:
        both = common(result, node.type)
        if both is None:
            raise SignatureError(f"mixes {result} and {node.type}")
        if not comparable_exactly(result, node.type):
            raise SignatureError(f"mixes {result} and {node.type}, which together need more than {MAX_DIGITS} digits")
        result = both
    return result


def _nullif(given: Arguments) -> Type:
    if len(given) != 2:
        raise SignatureError("takes two arguments")
    same_kind(given)
    return given[0].type


def _number(given: Arguments) -> Type:
    if len(given) != 1 or not (given[0].type.numeric or given[0].type.kind == "unknown"):
        raise SignatureError("takes one number")
    return given[0].type


def _some(given: Arguments) -> Type:
    if not given:
        raise SignatureError("takes one or more arguments")
    return INTEGER


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _given_sql(args: Sequence[str]) -> str:
    return "(" + " + ".join(f"CASE WHEN {arg} IS NULL THEN 0 ELSE 1 END" for arg in args) + ")"


def _same_type_sql(name: str) -> Any:
    return lambda args, _: f"{name}({', '.join(args)})"


FUNCTIONS = {
    "coalesce": Function(
        "coalesce(x, …)", "The first argument that is not NULL.", same_kind, _same_type_sql("coalesce"),
        _first, own_nulls=True,
    ),
    "nullif": Function(
        "nullif(x, y)", "NULL when both are equal, otherwise the first.", _nullif, _same_type_sql("nullif"),
        lambda value, other: None if value == other else value, own_nulls=True,
    ),
    "zero_if_blank": Function(
        "zero_if_blank(number)", "The number, 0 when it is NULL.", _number, _same_type_sql("coalesce"),
        lambda number: 0 if number is None else number, own_nulls=True,
    ),
    "given": Function(
        "given(x, …)", "How many of the arguments are not NULL; never NULL itself.", _some,
        lambda args, _: _given_sql(args), lambda *values: len(values) - values.count(None), own_nulls=True,
    ),
}  # fmt: skip
