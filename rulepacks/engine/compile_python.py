"""Typed tree -> Python source over exact values, with the meaning `expressions.tree` gives; twin of `compile_sql`.

The text of a node is one Python expression: its value, None for NULL; a fault raises `Fault`. A condition has two
more texts, whether it is TRUE and whether it is FALSE, which do without the third value and so are quick. All names
are made here (v3 is slot 3, t3 a value on the way, k3 a constant, part3 a function of its own), so nothing that
stands in a pack becomes part of the source.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from rulepacks.engine.cell_values import conversion
from rulepacks.engine.expressions.functions import FUNCTIONS
from rulepacks.engine.expressions.functions.base import Fault
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
)
from rulepacks.engine.python_numbers import arithmetic, negated
from rulepacks.engine.python_patterns import full_match, like
from rulepacks.engine.python_places import FAULTED, Places

Slots = Sequence[Any]
Read = Callable[[Slots], Any]
DEEP = 10
LONG = 8
"""Levels of a tree, and branches of a case, that one text holds; Python's parser has limits."""


def compile_node(node: Node, places: Places) -> Read:
    """A function of the slots of a row: the value of a node. Aggregates have none: they need other rows."""
    source = Source(places)
    reads = [f"    v{at} = slots[{at}]" for at in places.slots(node)]
    return source.function("read", "slots", [*reads, f"    return {source.value(node)}"])


@dataclass(frozen=True)
class Strict:
    """A text that counts where none of its operands is NULL: `null` says that one is, `given` that none is."""

    text: str
    null: str
    given: str


class Source:
    """The texts of nodes, and of the functions and constants they name, which grow as nodes are compiled."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._names: dict[str, Any] = {
            "__builtins__": {"bool": bool},
            "Fault": Fault,
            "FAULTED": FAULTED,
            "fault": _fault,
        }
        self._waiting: list[tuple[str, Node, bool | None, bool]] = []
        self._numbers = itertools.count()
        self._depth = 0

    def value(self, node: Node) -> str:
        """Text of the value of a node."""
        return self._text(node, None)

    def truth(self, node: Node, *, wanted: bool = True) -> str:
        """Text that Python takes for true where a condition is TRUE (or, if `wanted` is not, FALSE), else not."""
        return self._text(node, wanted)

    def constant(self, value: object) -> str:
        """Name of a value that never changes."""
        name = self._name("k")
        self._names[name] = value
        return name

    def temporary(self) -> str:
        """Name of a value on the way."""
        return self._name("t")

    def function(self, name: str, parameters: str, lines: Sequence[str]) -> Callable[..., Any]:
        """A function with this body, compiled."""
        text = [f"def {name}({parameters}):", *lines]
        while self._waiting:
            text += self._part(*self._waiting.pop())
        names = self._names
        exec(compile("\n".join(text), "<rules>", "exec"), names)  # noqa: S102 - the text is made of own names only
        return cast("Callable[..., Any]", names[name])

    def strict(self, operands: Sequence[Node], work: Callable[..., str]) -> Strict:
        """What `work` makes of the texts of operands. An operand is not skipped where it may fault: faults win."""
        texts, tested = [], []
        for operand in operands:
            text, faulty = self.value(operand), self.places.may_fault(operand)
            if _never_null(operand) and not faulty:
                texts.append(text)
                continue
            name = text if text.isidentifier() else self.temporary()
            tested.append((text if name == text else f"({name} := {text})", faulty))
            texts.append(name)
        every = any(faulty for _, faulty in tested[1:])
        null = (" | " if every else " or ").join(f"({text} is None)" for text, _ in tested)
        given = (" & " if every else " and ").join(f"({text} is not None)" for text, _ in tested)
        return Strict(work(*texts), null, given)

    def guarded(self, node: Node) -> str:
        """Text of the value of a node, or `FAULTED`."""
        return self._apart(node, None, guarded=True) if self.places.may_fault(node) else self.value(node)

    def _name(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"

    def _text(self, node: Node, wanted: bool | None) -> str:
        if self._depth == DEEP:
            return self._apart(node, wanted)
        self._depth += 1
        text = _VALUES[type(node)](self, node) if wanted is None else self._truth(node, wanted)
        self._depth -= 1
        return text

    def _truth(self, node: Node, wanted: bool) -> str:
        match node:
            case Unary(op="not"):
                return self.truth(node.operand, wanted=not wanted)
            case Logical() if not self.places.may_fault(node):
                both = " and " if (node.op == "and") == wanted else " or "
                return f"({both.join(self.truth(operand, wanted=wanted) for operand in node.operands)})"
            case IsNull():
                return f"({self.value(node.operand)} is {'' if wanted else 'not '}None)"
            case Case():
                return _chain(self, node, lambda part: self.truth(part, wanted=wanted))
        if (make := _STRICT.get(type(node))) and (strict := make(self, node)):
            text = strict.text if wanted else f"{strict.text} is False"
            return f"({strict.given} and {text})" if strict.given else f"({text})"
        return f"({self.value(node)} is {wanted})"

    def _apart(self, node: Node, wanted: bool | None, *, guarded: bool = False) -> str:
        """A call of a function of its own for a part of a tree."""
        name = self._name("part")
        self._waiting.append((name, node, wanted, guarded))
        return f"{name}({self._parameters(node)})"

    def _part(self, name: str, node: Node, wanted: bool | None, guarded: bool) -> list[str]:
        head, text = f"def {name}({self._parameters(node)}):", self._text(node, wanted)
        if not guarded:
            return [head, f"    return {text}"]
        return [head, "    try:", f"        return {text}", "    except Fault:", "        return FAULTED"]

    def _parameters(self, node: Node) -> str:
        return ", ".join(f"v{at}" for at in self.places.slots(node))


def _fault() -> None:
    raise Fault


def _never_null(node: Node) -> bool:
    match node:
        case Literal(value=value):
            return value is not None
        case Binary(op=op):
            return op in {"is", "is not"}
        case Call(name=name):
            return name in {"given", "zero_if_blank"}
    return isinstance(node, IsNull | Found | Holidays)


def _literal(to: Source, node: Literal) -> str:
    return repr(node.value) if node.value is None or isinstance(node.value, bool) else to.constant(node.value)


def _slot(to: Source, node: Node) -> str:
    at = to.places.slot(node)
    return f"(v{at} if v{at} is not FAULTED else fault())" if at in to.places.uncertain else f"v{at}"


def _join_field(to: Source, node: JoinField) -> str:
    column = to.places.columns[node.join][node.name]
    return f"(None if {_slot(to, node)} is None else v{to.places.joins[node.join]}[{column}])"


def _case(to: Source, node: Case) -> str:
    return _chain(to, node, to.value)


def _chain(to: Source, node: Case, text: Callable[[Node], str]) -> str:
    otherwise = node.otherwise
    if len(node.branches) > LONG:
        otherwise = replace(node, branches=node.branches[LONG:])
    branches = "".join(f"{text(value)} if {to.truth(test)} else " for test, value in node.branches[:LONG])
    return f"({branches}{text(otherwise)})"


def _logical(to: Source, node: Logical) -> str:
    decided = node.op == "or"
    names, tests = [], []
    for operand in node.operands:
        text = to.guarded(operand)
        name = text if text.isidentifier() else to.temporary()
        names.append(name)
        tests.append(f"{name if name == text else f'({name} := {text})'} is {decided}")
    faulted = [name for name, operand in zip(names, node.operands, strict=True) if to.places.may_fault(operand)]
    fault = f"fault() if {' or '.join(f'{name} is FAULTED' for name in faulted)} else " if faulted else ""
    unknown = " or ".join(f"{name} is None" for name in names)
    return f"({decided} if {' or '.join(tests)} else {fault}None if {unknown} else {not decided})"


_SIGNS = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "is": "==", "is not": "!="}


def _binary(to: Source, node: Binary) -> Strict | None:
    if node.op in {"is", "is not"}:
        return None
    if sign := _SIGNS.get(node.op) or ("+" if node.op == "||" else None):
        return to.strict(_alike(node.left, node.right), lambda left, right: f"({left} {sign} {right})")
    return to.strict(node.children, _called(to, arithmetic(node)))


def _alike(*sides: Node) -> list[Node]:
    """The sides of a comparison, with whole numbers beside decimals written as such: Python compares like with like
    quicker."""
    decimal = any(side.type.kind == "decimal" for side in sides)
    return [
        replace(side, value=Decimal(side.value)) if decimal and isinstance(side, Literal) and type(side.value) is int
        else side for side in sides
    ]  # fmt: skip


def _same(to: Source, node: Binary) -> str:
    return f"({to.value(node.left)} {_SIGNS[node.op]} {to.value(node.right)})"


def _unary(to: Source, node: Unary) -> Strict:
    work = (lambda operand: f"(not {operand})") if node.op == "not" else _called(to, negated)
    return to.strict(node.children, work)


def _called(to: Source, function: Callable[..., Any]) -> Callable[..., str]:
    name = to.constant(function)
    return lambda *arguments: f"{name}({', '.join(arguments)})"


def _in(to: Source, node: In) -> Strict | None:
    if len(node.options) == 1 and node.options[0].type.kind == "list":
        return to.strict(node.children, lambda value, options: f"({value} in {options})")
    if not all(isinstance(option, Literal) for option in node.options):
        return None
    values = {cast("Literal", option).value for option in node.options}
    known = to.constant(frozenset(values - {None}))
    missing = " or None" if None in values else ""
    return to.strict([node.operand], lambda value: f"({value} in {known}{missing})")


def _among(to: Source, node: In) -> str:
    options = ", ".join(to.value(option) for option in node.options)
    return f"{to.constant(_is_among)}({to.value(node.operand)}, ({options},))"


def _is_among(value: Any, options: Sequence[Any]) -> bool | None:
    if value is None:
        return None
    return any(option == value for option in options) or (None if None in options else False)


def _like(to: Source, node: Like) -> Strict:
    return to.strict([node.operand], _called(to, like(node.pattern)))


def _matches(to: Source, node: Matches) -> Strict:
    return to.strict([node.operand], _called(to, full_match(node.pattern)))


def _cast(to: Source, node: Cast) -> Strict:
    convert = conversion(node.operand.type, node.type)
    if not node.can_fault:
        return to.strict(node.children, _called(to, convert))

    def must(value: Any) -> Any:
        result = convert(value)
        if result is None:
            raise Fault
        return result

    return to.strict(node.children, _called(to, must))


def _call(to: Source, node: Call) -> Strict | None:
    function = FUNCTIONS[node.name]
    return None if function.own_nulls else to.strict(node.arguments, _called(to, function.python))


def _own_call(to: Source, node: Call) -> str:
    if node.name == "coalesce":
        *firsts, last = [to.value(argument) for argument in node.arguments]
        names = [to.temporary() for _ in firsts]
        parts = [f"{name} if ({name} := {text}) is not None else " for name, text in zip(names, firsts, strict=True)]
        return f"({''.join(parts)}{last})"
    return _called(to, FUNCTIONS[node.name].python)(*map(to.value, node.arguments))


def _nullable(to: Source, node: Node) -> str:
    """The value of a node that is NULL where an operand is."""
    strict = _STRICT[type(node)](to, node)
    if strict is None:
        return _OTHERS[type(node)](to, node)
    return f"(None if {strict.null} else {strict.text})" if strict.null else strict.text


_STRICT: dict[type[Node], Callable[..., Strict | None]] = {
    Unary: _unary,
    Binary: _binary,
    In: _in,
    Like: _like,
    Matches: _matches,
    Cast: _cast,
    Call: _call,
}
_OTHERS: dict[type[Node], Callable[..., str]] = {Binary: _same, In: _among, Call: _own_call}
"""Nodes of those types that are not NULL merely because an operand is."""

_VALUES: dict[type[Node], Callable[..., str]] = {
    **dict.fromkeys(_STRICT, _nullable),
    Literal: _literal,
    Field: _slot,
    Raw: _slot,
    Parameter: _slot,
    JoinField: _join_field,
    Found: lambda to, node: f"({_slot(to, node)} is not None)",
    Logical: _logical,
    IsNull: lambda to, node: f"({to.value(node.operand)} is None)",
    Case: _case,
    Holidays: lambda to, node: to.constant(node.days),
}
