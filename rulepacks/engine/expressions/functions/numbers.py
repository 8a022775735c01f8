"""Functions of exact numbers."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from rulepacks.engine.expressions.functions.base import (
    Arguments,
    Fault,
    Function,
    SignatureError,
    let,
    whole_literal,
)
from rulepacks.engine.expressions.functions.nulls import same_kind
from rulepacks.engine.expressions.tree import Call, Node
from rulepacks.engine.expressions.types import INTEGER, MAX_DIGITS, Type, number

WIDE = Context(prec=4 * MAX_DIGITS)
MAX_SCALE = 12
_LAST_DIGIT = [Decimal(1).scaleb(-decimals) for decimals in range(MAX_DIGITS + 1)]
_NUMBERS = {"integer", "decimal", "null", "unknown"}


def _numbers(given: Arguments, count: int) -> None:
    if len(given) < count or any(node.type.kind not in _NUMBERS for node in given[:count]):
        raise SignatureError(f"takes {'one number' if count == 1 else 'two numbers'}")


def _same(given: Arguments) -> Type:
    _numbers(given, 1)
    if len(given) != 1:
        raise SignatureError("takes one number")
    return given[0].type


def _round(given: Arguments) -> Type:
    if len(given) != 2 or not given[0].type.numeric:
        raise SignatureError("takes a number and a number of decimals")
    kept = whole_literal(given[1], 0, max(0, given[0].type.scale), "the number of decimals")
    return number(given[0].type.whole_digits + 1, kept, integer=given[0].type.kind == "integer")


def _whole(given: Arguments) -> Type:
    _same(given)
    return number(given[0].type.whole_digits + 1, 0, integer=True)


def _sign(given: Arguments) -> Type:
    _same(given)
    return INTEGER


def _divide(given: Arguments) -> Type:
    if len(given) != 3:
        raise SignatureError("takes two numbers and a number of decimals")
    _numbers(given, 2)
    scale = whole_literal(given[2], 0, MAX_SCALE, "the number of decimals")
    top, below = given[0].type, given[1].type
    return _quotient(top, below, scale)


def _quotient(top: Type, below: Type, scale: int) -> Type:
    """The type of a quotient. Both sides are brought to whole numbers, which must fit into 37 digits."""
    shift = scale + below.scale - top.scale
    if max(top.precision + max(0, shift), below.precision + max(0, -shift)) > MAX_DIGITS - 1:
        raise SignatureError(
            f"of {top} by {below} with {scale} decimals needs more than {MAX_DIGITS - 1} digits; cast to fewer first"
        )
    return number(top.whole_digits + below.scale + 1, scale, integer=scale == 0)


def _whole_quotient(given: Arguments) -> Type:
    if len(given) != 2:
        raise SignatureError("takes two numbers")
    _numbers(given, 2)
    return _quotient(given[0].type, given[1].type, 0)


def _as_whole(text: str, node: Node, shift: int) -> str:
    """SQL of a number times a power of ten, as a whole number."""
    digits = node.type.scale + shift
    if node.type.kind == "integer":
        return f"CAST({text} AS HUGEINT) * {10**digits}"
    exact = f"CAST({text} AS DECIMAL({MAX_DIGITS},{node.type.scale}))"
    return f"CAST({exact} * CAST({10**node.type.scale} AS DECIMAL({MAX_DIGITS},0)) AS HUGEINT) * {10**shift}"


def _division(args: Sequence[str], call: Call, scale: int, whole: str) -> str:
    """SQL of a quotient as a whole number of its last decimals; `whole` rounds n / d, both positive, s their sign."""
    top, below = call.arguments[:2]
    shift = scale + below.type.scale - top.type.scale
    n, d = _as_whole(args[0], top, max(0, shift)), _as_whole(args[1], below, max(0, -shift))
    return let(f"CASE WHEN v.d <> 0 THEN {whole} END", n=n, d=d)


_S = "(sign(v.n) * sign(v.d))"
_HALF_UP = f"{_S} * ((2 * abs(v.n) + abs(v.d)) // (2 * abs(v.d)))"
_UP = f"CASE WHEN {_S} > 0 THEN (abs(v.n) + abs(v.d) - 1) // abs(v.d) ELSE -(abs(v.n) // abs(v.d)) END"
_DOWN = f"CASE WHEN {_S} < 0 THEN -((abs(v.n) + abs(v.d) - 1) // abs(v.d)) ELSE abs(v.n) // abs(v.d) END"


def _divide_sql(args: Sequence[str], call: Call) -> str:
    scale = call.type.scale
    whole = _division(args, call, scale, _HALF_UP)
    if call.type.kind == "integer":
        return f"CAST({whole} AS {_integer(call.type)})"
    wide = f"CAST({whole} AS DECIMAL({MAX_DIGITS},0))"
    return (
        f"CAST({wide} * CAST({Decimal(1).scaleb(-scale):f} AS DECIMAL({scale + 1},{scale})) AS {_decimal(call.type)})"
    )


def _decimal(kind: Type) -> str:
    return f"DECIMAL({kind.width},{kind.scale})"


def _integer(kind: Type) -> str:
    return "BIGINT" if kind.precision <= INTEGER.precision else "HUGEINT"


def _rounded_quotient(whole: str) -> Any:
    return lambda args, call: f"CAST({_division(args, call, 0, whole)} AS {_integer(call.type)})"


def _exact(top: Any, below: Any) -> Fraction:
    if below == 0:
        raise Fault
    return Fraction(top) / Fraction(below)


def _divided(top: Any, below: Any, scale: int) -> Any:
    exact = abs(_exact(top, below)) * 10**scale
    whole = int((2 * exact.numerator + exact.denominator) // (2 * exact.denominator))
    whole = whole if (top < 0) == (below < 0) else -whole
    return whole if scale == 0 else Decimal(whole).scaleb(-scale, WIDE)


def _rounded(value: Any, decimals: int) -> Any:
    if isinstance(value, int):
        return value
    return value.quantize(_LAST_DIGIT[decimals], ROUND_HALF_UP, WIDE)


def _to_whole(rounding: str) -> Any:
    return lambda value: int(Decimal(value).to_integral_value(rounding, WIDE))


def _extreme(name: str, choose: Any) -> Function:
    def run(*values: Any) -> Any:
        return choose((value for value in values if value is not None), default=None)

    word = "greatest" if name == "greatest" else "least"
    return Function(
        f"{name}(x, …)", f"The {word} of the arguments that are not NULL; NULL when all are.", same_kind,
        lambda args, _: f"{name}({', '.join(args)})", run, own_nulls=True,
    )  # fmt: skip


FUNCTIONS = {
    "abs": Function(
        "abs(number)", "The number without its sign.", _same, lambda args, _: f"abs({args[0]})",
        lambda value: value.copy_abs() if isinstance(value, Decimal) else abs(value),
    ),
    "sign": Function(
        "sign(number)", "-1, 0 or 1.", _sign, lambda args, _: f"CAST(sign({args[0]}) AS BIGINT)",
        lambda value: (value > 0) - (value < 0),
    ),
    "round": Function(
        "round(number, decimals)", "Rounded to a number of decimals, halves away from zero.", _round,
        lambda args, _: f"round({', '.join(args)})", _rounded,
    ),
    "floor": Function(
        "floor(number)", "The greatest whole number that is not above.", _whole,
        lambda args, call: f"CAST(floor({args[0]}) AS {_integer(call.type)})", _to_whole(ROUND_FLOOR),
    ),
    "ceil": Function(
        "ceil(number)", "The least whole number that is not below.", _whole,
        lambda args, call: f"CAST(ceil({args[0]}) AS {_integer(call.type)})", _to_whole(ROUND_CEILING),
    ),
    "divide": Function(
        "divide(x, y, decimals)", "x / y, exact, rounded half away from zero; faults when y is 0.", _divide,
        _divide_sql, _divided, faults=True,
    ),
    "ceil_div": Function(
        "ceil_div(x, y)", "The least whole number that is not below x / y: “per y or fraction of it”.",
        _whole_quotient, _rounded_quotient(_UP), lambda top, below: -int(-_exact(top, below) // 1), faults=True,
    ),
    "floor_div": Function(
        "floor_div(x, y)", "The greatest whole number that is not above x / y.",
        _whole_quotient, _rounded_quotient(_DOWN), lambda top, below: int(_exact(top, below) // 1), faults=True,
    ),
    "greatest": _extreme("greatest", max),
    "least": _extreme("least", min),
}  # fmt: skip
