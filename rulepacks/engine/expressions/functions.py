"""The functions of the expression language: signature, DuckDB form, meaning.

NULL policy: a function is NULL when an argument is NULL, unless its entry says otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rulepacks.engine.expressions.tree import Literal, Node
from rulepacks.engine.expressions.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    MAX_DIGITS,
    TEXT,
    Type,
    common,
    comparable_exactly,
    fits,
    number,
)

MAX_PAD = 1000
BLANKS = " \t\r\n\f\v"
BLANKS_SQL = f"'{BLANKS}'"


class SignatureError(Exception):
    """A call does not fit the function; the message says what was expected."""


@dataclass(frozen=True)
class Function:
    """One function: `typing` gives the result type or raises SignatureError, `sql` the DuckDB text."""

    typing: Callable[[Sequence[Node]], Type]
    sql: Callable[[Sequence[str]], str]
    meaning: str


def _arguments(given: Sequence[Node], *wanted: Type) -> None:
    if len(given) != len(wanted):
        raise SignatureError(f"takes {len(wanted)} argument{'s' if len(wanted) != 1 else ''}, not {len(given)}")
    for index, (node, kind) in enumerate(zip(given, wanted, strict=True), start=1):
        if not fits(node.type, kind):
            raise SignatureError(f"argument {index} must be {kind.kind}, not {node.type}")


def _whole_literal(node: Node, low: int, high: int, what: str) -> int:
    if isinstance(node, Literal) and isinstance(node.value, int) and low <= node.value <= high:
        return node.value
    raise SignatureError(f"{what} must be a whole number from {low} to {high}, written out")


def _fixed(result: Type, *wanted: Type) -> Callable[[Sequence[Node]], Type]:
    def typing(given: Sequence[Node]) -> Type:
        _arguments(given, *wanted)
        return result

    return typing


def _same_kind(given: Sequence[Node]) -> Type:
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


def _nullif(given: Sequence[Node]) -> Type:
    if len(given) != 2:
        raise SignatureError("takes two arguments")
    _same_kind(given)
    return given[0].type


def _numeric(given: Sequence[Node]) -> Type:
    if len(given) != 1 or not (given[0].type.numeric or given[0].type.kind == "unknown"):
        raise SignatureError("takes one number")
    return given[0].type


def _texts(least: int) -> Callable[[Sequence[Node]], Type]:
    def typing(given: Sequence[Node]) -> Type:
        if len(given) < least:
            raise SignatureError(f"takes {least} or more arguments")
        _arguments(given, *[TEXT] * len(given))
        return TEXT

    return typing


def _some(given: Sequence[Node]) -> Type:
    if not given:
        raise SignatureError("takes one or more arguments")
    return INTEGER


def _round(given: Sequence[Node]) -> Type:
    if len(given) != 2 or not given[0].type.numeric:
        raise SignatureError("takes a number and a number of decimals")
    kept = _whole_literal(given[1], 0, max(0, given[0].type.scale), "the number of decimals")
    return number(given[0].type.whole_digits + 1, kept, integer=given[0].type.kind == "integer")


def _cut(given: Sequence[Node]) -> Type:
    _arguments(given, TEXT, INTEGER)
    _whole_literal(given[1], 0, MAX_PAD, "the length")
    return TEXT


def _substr(given: Sequence[Node]) -> Type:
    _arguments(given, TEXT, INTEGER, INTEGER)
    _whole_literal(given[1], 1, MAX_PAD, "the start")
    _whole_literal(given[2], 0, MAX_PAD, "the length")
    return TEXT


def _lpad(given: Sequence[Node]) -> Type:
    _arguments(given, TEXT, INTEGER, TEXT)
    _whole_literal(given[1], 1, MAX_PAD, "the length")
    if not (isinstance(given[2], Literal) and isinstance(given[2].value, str) and len(given[2].value) == 1):
        raise SignatureError("the padding must be one character, written out")
    return TEXT


def _replace(given: Sequence[Node]) -> Type:
    _arguments(given, TEXT, TEXT, TEXT)
    if not all(isinstance(node, Literal) and isinstance(node.value, str) for node in given[1:]):
        raise SignatureError("what to replace and what with must be texts, written out")
    if given[1] == Literal(value="", type=TEXT):
        raise SignatureError("the text to replace must not be empty")
    return TEXT


def _plain(name: str) -> Callable[[Sequence[str]], str]:
    return lambda args: f"{name}({', '.join(args)})"


def _given_sql(args: Sequence[str]) -> str:
    return "(" + " + ".join(f"CASE WHEN {arg} IS NULL THEN 0 ELSE 1 END" for arg in args) + ")"


FUNCTIONS: dict[str, Function] = {
    "lower": Function(_fixed(TEXT, TEXT), _plain("lower"), "The text in lower case."),
    "upper": Function(_fixed(TEXT, TEXT), _plain("upper"), "The text in upper case."),
    "trim": Function(
        _fixed(TEXT, TEXT), lambda args: f"trim({args[0]}, {BLANKS_SQL})", "The text without blanks at either end."
    ),
    "length": Function(_fixed(INTEGER, TEXT), _plain("length"), "Number of characters (code points)."),
    "left": Function(_cut, _plain('"left"'), "The first n characters."),
    "right": Function(_cut, _plain('"right"'), "The last n characters."),
    "substr": Function(_substr, _plain("substr"), "n characters from a position counted from 1."),
    "lpad": Function(_lpad, _plain("lpad"), "Padded on the left to a length; a longer text is cut on the right."),
    "replace": Function(_replace, _plain("replace"), "Every occurrence of one text replaced by another."),
    "contains": Function(_fixed(BOOLEAN, TEXT, TEXT), _plain("contains"), "Whether the first text holds the second."),
    "starts_with": Function(_fixed(BOOLEAN, TEXT, TEXT), _plain("starts_with"), "Whether the text begins so."),
    "ends_with": Function(_fixed(BOOLEAN, TEXT, TEXT), _plain("ends_with"), "Whether the text ends so."),
    "concat_ws": Function(
        _texts(2),
        _plain("concat_ws"),
        "The texts after the first, joined by the first; NULL ones are left out, and only a NULL separator gives NULL.",
    ),
    "coalesce": Function(_same_kind, _plain("coalesce"), "The first argument that is not NULL."),
    "nullif": Function(
        _nullif,
        _plain("nullif"),
        "NULL when both are equal, otherwise the first.",
    ),
    "zero_if_blank": Function(_numeric, lambda args: f"coalesce({args[0]}, 0)", "The number, 0 when it is NULL."),
    "given": Function(_some, _given_sql, "How many of the arguments are not NULL; never NULL itself."),
    "abs": Function(_numeric, _plain("abs"), "The number without its sign."),
    "round": Function(_round, _plain("round"), "Rounded to n decimals, halves away from zero."),
    "year": Function(_fixed(INTEGER, DATE), _plain("year"), "The year of a date."),
    "month": Function(_fixed(INTEGER, DATE), _plain("month"), "The month of a date, 1 to 12."),
    "day": Function(_fixed(INTEGER, DATE), _plain("day"), "The day of the month of a date, 1 to 31."),
}

OWN_NULLS = frozenset({"concat_ws", "coalesce", "nullif", "zero_if_blank", "given"})
"""Functions that say themselves what they do with NULL."""

AGGREGATES = frozenset({"sum", "count", "min", "max", "any", "every"})

REFUSED: dict[str, str] = {
    "avg": "an average of amounts is not exact; compare sum(…) with a multiple of count(…)",
    "mean": "an average of amounts is not exact; compare sum(…) with a multiple of count(…)",
    "random": "the result would differ from run to run",
    "now": "the result would differ from run to run; use a parameter for the date",
    "today": "the result would differ from run to run; use a parameter for the date",
    "current_date": "the result would differ from run to run; use a parameter for the date",
    "current_timestamp": "the result would differ from run to run; use a parameter for the date",
    "uuid": "the result would differ from run to run",
    "first": "which row comes first is not fixed; use min or max",
    "last": "which row comes last is not fixed; use min or max",
    "any_value": "which row is taken is not fixed; use min or max",
}
