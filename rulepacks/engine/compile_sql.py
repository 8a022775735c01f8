"""Typed tree -> DuckDB SQL. Text is made only here, from the checked tree, with every name and literal quoted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rulepacks.engine.cells import parsed
from rulepacks.engine.expressions.functions import FUNCTIONS
from rulepacks.engine.expressions.functions.base import let
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
    Over,
    Parameter,
    Raw,
    Unary,
    Value,
)
from rulepacks.engine.expressions.types import MAX_DIGITS, Type, common

_OPERATORS = {"is": "IS NOT DISTINCT FROM", "is not": "IS DISTINCT FROM"}
_COMPARISONS = {"=", "<>", "<", "<=", ">", ">=", "is", "is not"}
WIDE = 18
"""Digits DuckDB keeps in 64 bits."""
_SAME_TYPE_CALLS = {"coalesce", "nullif", "greatest", "least"}


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_type(kind: Type) -> str:
    """The DuckDB type of a type. Whole numbers beyond 18 digits are 128 bits wide."""
    if kind.kind == "decimal":
        return f"DECIMAL({kind.width},{kind.scale})"
    if kind.kind == "list":
        return f"{sql_type(Type(kind.element, 18))}[]"
    if kind.kind == "integer":
        return "BIGINT" if kind.precision <= 18 else "HUGEINT"
    return {"boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}.get(kind.kind, "VARCHAR")


def literal(value: Value) -> str:
    """A literal value."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


BROKEN = "a value cannot be computed"


@dataclass(frozen=True)
class Compiler:
    """Compiles nodes; `resolve` says what fields, joins and aggregates are called where the SQL will stand.

    `resolve` returns None for nodes it has no name for. `resolve_fault` gives, for the same nodes, the SQL of
    "this value could not be computed", or None when that cannot be.
    """

    resolve: Callable[[Node], str | None]
    resolve_fault: Callable[[Node], str | None] = lambda _: None

    def value(self, node: Node) -> str:
        """SQL of the node's value; NULL where it faults."""
        named = self.resolve(node)
        if named is not None:
            return named
        handler = _VALUES.get(type(node))
        if handler is None:
            raise TypeError(f"{type(node).__name__} has no name here")
        return handler(self, node)

    def strict(self, node: Node) -> str:
        """SQL of the node's value that ends the statement where it faults: what is left out then cannot be told."""
        fault, value = self.fault(node), self.value(node)
        return f"(CASE WHEN {fault} THEN error({text_literal(BROKEN)}) ELSE {value} END)" if fault else value

    def fault(self, node: Node) -> str | None:
        """SQL (TRUE or FALSE) of whether the node faults; None when it never does."""
        if self.resolve(node) is not None:
            return self.resolve_fault(node)
        if isinstance(node, Logical):
            return self._logical_fault(node)
        if isinstance(node, Case):
            return self._case_fault(node)
        if isinstance(node, Call) and node.name == "coalesce":
            return self._coalesce_fault(node)
        parts = [fault for child in node.children if (fault := self.fault(child))]
        if node.can_fault:
            given = " AND ".join(f"{self.value(child)} IS NOT NULL" for child in node.children)
            parts.append(f"({given} AND {self.value(node)} IS NULL)")
        return f"({' OR '.join(parts)})" if parts else None

    def shown(self, node: Node) -> str:
        """SQL of the node's value, surely NULL where it faults: `value` may have looked past a fault there."""
        fault = self.fault(node)
        return f"(CASE WHEN NOT {fault} THEN {self.value(node)} END)" if fault else self.value(node)

    def as_type(self, node: Node, kind: Type) -> str:
        """SQL of the value, cast where its type differs in more than room for digits."""
        value = self.value(node)
        same = node.type.kind == kind.kind and node.type.scale == kind.scale
        if node.type.kind in {"null", "unknown"} or not kind.numeric or (same and kind.kind == "decimal"):
            return value
        return value if same and sql_type(node.type) == sql_type(kind) else f"CAST({value} AS {sql_type(kind)})"

    def _logical_fault(self, node: Logical) -> str | None:
        """An operand faults, and none that does not decides: the value beside a fault counts for nothing.

        Each operand is written once for its value and once for its fault, or nested conditions would double at each
        level: 1 is a fault, 2 decides.
        """
        faults = [self.fault(operand) for operand in node.operands]
        if not any(faults):
            return None
        decided = "FALSE" if node.op == "and" else "TRUE"
        weights = ", ".join(
            f"CASE {f'WHEN {fault} THEN 1 ' if fault else ''}WHEN {self.value(operand)} IS {decided} THEN 2 ELSE 0 END"
            for operand, fault in zip(node.operands, faults, strict=True)
        )
        return f"(greatest({weights}) = 1)"

    def _case_fault(self, node: Case) -> str | None:
        faults = [(self.fault(condition), self.fault(value)) for condition, value in node.branches]
        otherwise = self.fault(node.otherwise)
        if not otherwise and not any(part for pair in faults for part in pair):
            return None
        text = ""
        for (condition, _), (broken, fault) in zip(node.branches, faults, strict=True):
            text += f" WHEN {broken} THEN true" if broken else ""
            text += f" WHEN {self.value(condition)} THEN {fault or 'false'}"
        return f"(CASE{text} ELSE {otherwise or 'false'} END)"

    def _coalesce_fault(self, node: Call) -> str | None:
        parts, before = [], ""
        for argument in node.arguments:
            if fault := self.fault(argument):
                parts.append(f"({before}{fault})")
            before += f"{self.value(argument)} IS NULL AND "
        return f"({' OR '.join(parts)})" if parts else None


def _unary(to: Compiler, node: Unary) -> str:
    return f"(NOT {to.value(node.operand)})" if node.op == "not" else f"(-{to.value(node.operand)})"


def _binary(to: Compiler, node: Binary) -> str:
    if node.op in _COMPARISONS:
        both = common(node.left.type, node.right.type) or node.left.type
        left, right = (_comparable(to, side, both) for side in (node.left, node.right))
        return f"({left} {_OPERATORS.get(node.op, node.op)} {right})"
    if node.op == "||":
        return f"({to.value(node.left)} || {to.value(node.right)})"
    if node.op == "%":
        return f"({to.value(node.left)} % nullif({to.value(node.right)}, 0))"
    if node.overflows and node.type.kind == "integer":
        # 128 bits hold some numbers of 39 digits; decimals stop at 38, as the language does.
        left, right = (f"TRY_CAST({to.value(side)} AS DECIMAL({MAX_DIGITS},0))" for side in (node.left, node.right))
        return f"CAST(TRY({left} {node.op} {right}) AS HUGEINT)"
    left, right = (_term(to, side, node) for side in (node.left, node.right))
    result = f"({left} {node.op} {right})"
    return f"TRY{result}" if node.overflows else result


def _term(to: Compiler, side: Node, node: Binary) -> str:
    """An operand of + - *. Beyond 18 digits its room is asked for: DuckDB would keep to 18 and break on overflow.

    A cast that may fail is tried by itself, since DuckDB shares casts between expressions, out of their TRY.
    """
    if node.type.kind != "decimal" or node.type.precision <= WIDE:
        return _operand(to, side, node.type)
    kind = node.type if node.op != "*" else Type("decimal", max(side.type.precision, WIDE + 1), side.type.scale)
    return f"{'TRY_CAST' if node.overflows else 'CAST'}({to.value(side)} AS {sql_type(kind)})"


def _comparable(to: Compiler, node: Node, kind: Type) -> str:
    """Decimals of different scale compare exactly by themselves; a whole number beside one is made a decimal."""
    if kind.kind == "decimal" and node.type.kind == "integer":
        return _operand(to, node, kind)
    return to.value(node)


def _operand(to: Compiler, node: Node, kind: Type) -> str:
    value = to.value(node)
    if kind.kind == "decimal":
        return f"CAST({value} AS DECIMAL({node.type.precision},0))" if node.type.kind == "integer" else value
    return value if sql_type(node.type) == sql_type(kind) else f"CAST({value} AS {sql_type(kind)})"


def _case(to: Compiler, node: Case) -> str:
    branches = " ".join(f"WHEN {to.value(test)} THEN {to.as_type(value, node.type)}" for test, value in node.branches)
    return f"(CASE {branches} ELSE {to.as_type(node.otherwise, node.type)} END)"


def _in(to: Compiler, node: In) -> str:
    operand = to.value(node.operand)
    if len(node.options) == 1 and node.options[0].type.kind == "list":
        listed = to.value(node.options[0])
        return f"(CASE WHEN {operand} IS NOT NULL THEN list_contains({listed}, {operand}) END)"
    kind = node.operand.type
    for option in node.options:
        kind = common(kind, option.type) or kind
    options = ", ".join(_comparable(to, option, kind) for option in node.options)
    return f"({_comparable(to, node.operand, kind)} IN ({options}))"


def _call(to: Compiler, node: Call) -> str:
    if node.name == "zero_if_blank":
        return f"coalesce({to.value(node.arguments[0])}, CAST(0 AS {sql_type(node.type)}))"
    if node.name in _SAME_TYPE_CALLS:
        kind = node.type
        for argument in node.arguments:
            kind = common(kind, argument.type) or kind
        same = f"{node.name}({', '.join(to.as_type(argument, kind) for argument in node.arguments)})"
        # nullif compares in the common type, but what it gives is its first argument.
        return same if sql_type(kind) == sql_type(node.type) else f"CAST({same} AS {sql_type(node.type)})"
    return FUNCTIONS[node.name].sql([to.value(argument) for argument in node.arguments], node)


def _cast(to: Compiler, node: Cast) -> str:
    value = to.value(node.operand)
    if node.operand.type.kind == "text" and node.type.kind != "text":
        # A longer text is written once, or casts of casts would grow without bounds.
        plain = to.resolve(node.operand) is not None
        return f"({parsed(node.type, value)})" if plain else let(parsed(node.type, "v.t"), t=value)
    return f"TRY_CAST({value} AS {sql_type(node.type)})"


def _over(to: Compiler, node: Over) -> str:
    partition = f"PARTITION BY {', '.join(map(to.value, node.partition))} " if node.partition else ""
    order = ", ".join(f"{to.value(part)} {'DESC' if falls else 'ASC'} NULLS LAST" for part, falls in node.order)
    window = f"OVER ({partition}{f'ORDER BY {order}' if order else ''})"
    operand = to.value(node.operand) if node.operand is not None else ""
    if node.name == "count":
        return f"count({operand or '*'}) {window}"
    if node.name == "sum":
        return f"CAST(coalesce(sum({operand}) {window}, 0) AS {sql_type(node.type)})"
    if node.name in {"lag", "lead"}:
        return f"{node.name}({operand}, {node.steps}) {window}"
    function = {"any": "bool_or", "every": "bool_and"}.get(node.name)
    if function is not None:
        return f"coalesce({function}({operand}) {window}, {'false' if node.name == 'any' else 'true'})"
    return f"{node.name}({operand}) {window}"


def aggregate(to: Compiler, node: Aggregate) -> str:
    """SQL of an aggregate inside a GROUP BY."""
    where = f" FILTER (WHERE {to.value(node.where)})" if node.where is not None else ""
    if node.operand is None:
        return f"count(*){where}"
    operand = ("DISTINCT " if node.distinct else "") + to.value(node.operand)
    if node.name == "sum":
        return f"CAST(coalesce(sum({operand}){where}, 0) AS {sql_type(node.type)})"
    if node.name in {"any", "every"}:
        function, empty = ("bool_or", "false") if node.name == "any" else ("bool_and", "true")
        return f"coalesce({function}({operand}){where}, {empty})"
    return f"{node.name}({operand}){where}"


def aggregate_fault(to: Compiler, node: Aggregate) -> str | None:
    """SQL of whether a row that an aggregate looks at faults, or whether it looks at one; None when none can."""
    picked = to.fault(node.where) if node.where is not None else None
    inside = to.fault(node.operand) if node.operand is not None else None
    if inside and node.where is not None:
        inside = f"({to.value(node.where)} AND {inside})"
    parts = [part for part in (picked, inside) if part]
    return f"coalesce(bool_or({' OR '.join(parts)}), false)" if parts else None


_VALUES: dict[type[Node], Callable[..., str]] = {
    Literal: lambda _, node: literal(node.value),
    Parameter: lambda _, node: f"CAST(${node.name} AS {sql_type(node.type)})",
    Unary: _unary,
    Binary: _binary,
    Logical: lambda to, node: "(" + f" {node.op.upper()} ".join(to.value(part) for part in node.operands) + ")",
    IsNull: lambda to, node: f"({to.value(node.operand)} IS NULL)",
    Case: _case,
    In: _in,
    Like: lambda to, node: f"({to.value(node.operand)} LIKE {text_literal(node.pattern)})",
    Matches: lambda to, node: f"regexp_full_match({to.value(node.operand)}, {text_literal(node.pattern)})",
    Call: _call,
    Cast: _cast,
    Over: _over,
    Holidays: lambda _, node: f"CAST([{', '.join(map(literal, node.days))}] AS DATE[])",
}

NAMED = (Field, Raw, JoinField, Found, Aggregate)
"""Nodes that only the place they stand in can name."""
