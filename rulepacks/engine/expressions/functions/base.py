"""What a function of the expression language is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rulepacks.engine.expressions.tree import Call, Literal, Node
from rulepacks.engine.expressions.types import Type, fits

Arguments = Sequence[Node]
MAX_PAD = 1000


class SignatureError(Exception):
    """A call does not fit the function; the message says what was expected."""


class Fault(Exception):
    """A value could not be computed: neither a value nor NULL."""


@dataclass(frozen=True)
class Function:
    """One function: how it is written, its result type, and its two twins.

    `typing` gives the result type or raises SignatureError. `sql` makes DuckDB text of the arguments' texts. `python`
    takes the arguments' values, none of them NULL unless the function has `own_nulls`; otherwise the result is NULL
    when an argument is. With `faults` the SQL is NULL, and the Python twin
    raises Fault, where the function has no value. An argument that `sql` needs twice is bound by `let`, or nested
    calls would grow without bounds.
    """

    usage: str
    meaning: str
    typing: Callable[[Arguments], Type]
    sql: Callable[[Sequence[str], Call], str]
    python: Callable[..., Any]
    faults: bool = False
    own_nulls: bool = False


def arguments(given: Arguments, *wanted: Type) -> None:
    """Check number and types of arguments. Raises SignatureError."""
    if len(given) != len(wanted):
        raise SignatureError(f"takes {len(wanted)} argument{'s' if len(wanted) != 1 else ''}, not {len(given)}")
    for index, (node, kind) in enumerate(zip(given, wanted, strict=True), start=1):
        if not fits(node.type, kind) or (kind.kind, node.type.kind) == ("integer", "decimal"):
            raise SignatureError(f"argument {index} must be {kind}, not {node.type}")


def whole_literal(node: Node, low: int, high: int, what: str) -> int:
    """The value of an argument that must be a whole number written out. Raises SignatureError."""
    if isinstance(node, Literal) and isinstance(node.value, int) and low <= node.value <= high:
        return node.value
    raise SignatureError(f"{what} must be a whole number from {low} to {high}, written out")


def text_literal_of(node: Node, what: str, limit: int) -> str:
    """The value of an argument that must be a text written out. Raises SignatureError."""
    if isinstance(node, Literal) and isinstance(node.value, str) and 0 < len(node.value) <= limit:
        return node.value
    raise SignatureError(f"{what} must be a text of 1 to {limit} characters, written out")


def fixed(result: Type, *wanted: Type) -> Callable[[Arguments], Type]:
    """Typing of a function with these argument types and this result."""

    def typing(given: Arguments) -> Type:
        arguments(given, *wanted)
        return result

    return typing


def plain(name: str) -> Callable[[Sequence[str], Call], str]:
    """SQL of a function DuckDB has under a name."""
    return lambda args, _: f"{name}({', '.join(args)})"


def form(template: str) -> Callable[[Sequence[str], Call], str]:
    """SQL from a template with {0}, {1} …; each may stand in it once."""
    return lambda args, _: template.format(*args)


def let(body: str, **values: str) -> str:
    """SQL of `body`, in which v.name stands for a value that is written once.

    The body names nothing else of the row: a lambda over a constant list that looks at a column outside gives, in
    DuckDB 2.0, every row the result of the first.
    """
    bound = ", ".join(f"{name} := {value}" for name, value in values.items())
    return f"list_transform([struct_pack({bound})], lambda v: {body})[1]"
