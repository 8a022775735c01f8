"""Syntax tree of sqlglot -> typed tree, or the mistakes in it. What is not named here is refused."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import re2
from sqlglot import exp

from rulepacks.engine.expressions import columns, names, over, windows
from rulepacks.engine.expressions.functions import AGGREGATES, BUSINESS, FUNCTIONS, REFUSED
from rulepacks.engine.expressions.functions.base import SignatureError
from rulepacks.engine.expressions.parse import Mistake, offset, parse
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.size import too_large
from rulepacks.engine.expressions.tree import (
    Aggregate,
    Binary,
    Call,
    Case,
    Cast,
    Found,
    Holidays,
    In,
    IsNull,
    Like,
    Literal,
    Logical,
    Matches,
    Node,
    Raw,
    Unary,
)
from rulepacks.engine.expressions.types import (
    BOOLEAN,
    MAX_DIGITS,
    NULL,
    TEXT,
    UNKNOWN,
    Type,
    common,
    comparable_exactly,
    fits,
    number,
)
from rulepacks.engine.expressions.typing import aggregate_type, arithmetic, cast_target, comparison_problem
from rulepacks.engine.limits import PackLimits

DEFAULTS = PackLimits()
COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "is", exp.NullSafeNEQ: "is not",
}  # fmt: skip
ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Mod: "%"}
ALLOWED_ARGS: dict[type[exp.Expr], set[str]] = {
    exp.Column: {"this", "table"}, exp.Identifier: {"this", "quoted"}, exp.In: {"this", "expressions", "negate"},
    exp.Between: {"this", "low", "high", "negate"}, exp.Like: {"this", "expression", "negate"},
    exp.Case: {"this", "ifs", "default"}, exp.If: {"this", "true"}, exp.Filter: {"this", "expression"},
    exp.Cast: {"this", "to"}, exp.Anonymous: {"this", "expressions"}, exp.Distinct: {"expressions"},
    exp.Literal: {"this", "is_string"}, exp.Placeholder: {"this"}, exp.DPipe: {"this", "expression", "safe"},
    exp.Is: {"this", "expression"},
}  # fmt: skip


def build(
    text: str, scope: Scope, wanted: Type | None = None, limits: PackLimits = DEFAULTS
) -> tuple[Node, list[Mistake]]:
    """The typed tree of an expression and everything wrong with it; the tree counts only without mistakes."""
    parsed = parse(text, limits)
    if isinstance(parsed, Mistake):
        return Literal(value=None, type=UNKNOWN), [parsed]
    builder = Builder(scope, text, limits)
    try:
        node = builder.node(parsed)
    except RecursionError:
        return Literal(value=None, type=UNKNOWN), [Mistake(0, "nested too deeply")]
    if not builder.mistakes and wanted is not None and not fits(node.type, wanted):
        builder.mistakes.append(Mistake(node.at, f"must be {wanted.kind}, not {node.type}"))
    if not builder.mistakes and (problem := too_large(node, limits, scope.growths)):
        builder.mistakes.append(Mistake(node.at, problem))
    return node, builder.mistakes


class Builder:
    """Builds one expression; collects mistakes and goes on with an unknown type."""

    def __init__(self, scope: Scope, text: str, limits: PackLimits) -> None:
        self.scope = scope
        self.limits = limits
        self.text = text
        self.mistakes: list[Mistake] = []
        self.in_aggregate = False
        self.it: Node | None = None

    def wrong(self, source: exp.Expr, message: str) -> Node:
        self.mistakes.append(Mistake(offset(source), message))
        return Literal(value=None, type=UNKNOWN, at=offset(source))

    def node(self, source: exp.Expr) -> Node:
        """The typed node of a syntax node."""
        kind = type(source)
        if kind in ALLOWED_ARGS and (odd := self._odd_argument(source)):
            return self.wrong(source, f"{odd.replace('_', ' ')} is not part of the language here")
        if kind in COMPARISONS:
            return self.comparison(source, COMPARISONS[kind], self.node(source.this), self.node(source.expression))
        if kind in ARITHMETIC:
            return self._arithmetic(source, ARITHMETIC[kind])
        handler = HANDLERS.get(kind)
        if handler is None:
            return self.wrong(source, names.refusal(source))
        return handler(self, source)

    @staticmethod
    def _odd_argument(source: exp.Expr) -> str | None:
        allowed = ALLOWED_ARGS[type(source)]
        return next((name for name, value in source.args.items() if value and name not in allowed), None)

    def boolean(self, source: exp.Expr, what: str) -> Node:
        node = self.node(source)
        if not fits(node.type, BOOLEAN):
            return self.wrong(source, f"{what} must be a condition, not {node.type}")
        return node

    def comparison(self, source: exp.Expr, op: str, left: Node, right: Node) -> Node:
        if problem := comparison_problem(left.type, right.type):
            return self.wrong(source, problem)
        if "null" in {left.type.kind, right.type.kind} and not op.startswith("is"):
            return self.wrong(source, f"{op} null is never true; write is null or is not null")
        return Binary(op=op, left=left, right=right, type=BOOLEAN, at=offset(source))

    def _arithmetic(self, source: exp.Expr, op: str) -> Node:
        left, right = self.node(source.this), self.node(source.expression)
        if "unknown" in {left.type.kind, right.type.kind}:
            return Literal(value=None, type=UNKNOWN, at=left.at)
        result = arithmetic(op, left.type, right.type)
        if isinstance(result, str):
            return self.wrong(source, result)
        return Binary(op=op, left=left, right=right, type=result[0], overflows=result[1], at=left.at)

    def negation(self, node: Node, negate: object) -> Node:
        return Unary(op="not", operand=node, type=BOOLEAN, at=node.at) if negate else node

    def literal(self, source: exp.Expr) -> Node:
        text, at = str(source.this), offset(source)
        if source.is_string:
            if len(text) > self.limits.text_characters:
                return self.wrong(source, self.limits.said("text_characters", "a text longer than {} characters"))
            return Literal(value=text, type=TEXT, at=at)
        whole, point, decimals = text.partition(".")
        if not (whole + decimals).isdigit() or not text.isascii() or len(whole + decimals) > 38:
            return self.wrong(source, f"{text} is not a plain number of up to 38 digits")
        if point:
            kind = number(len(whole.lstrip("0")), len(decimals), integer=False)
            return Literal(value=Decimal(text), type=kind, at=at)
        return Literal(value=int(text), type=number(len(text.lstrip("0")) or 1, 0, integer=True), at=at)

    def logical(self, source: exp.Expr) -> Node:
        op = "and" if isinstance(source, exp.And) else "or"
        operands = tuple(self.boolean(part, f"each side of {op}") for part in source.flatten(unnest=False))
        return Logical(op=op, operands=operands, at=min(part.at for part in operands))

    def negate(self, source: exp.Expr) -> Node:
        operand = self.boolean(source.this, "what follows not")
        return Unary(op="not", operand=operand, type=BOOLEAN, at=offset(source))

    def minus(self, source: exp.Expr) -> Node:
        operand = self.node(source.this)
        if isinstance(operand, Literal) and isinstance(operand.value, int | Decimal) and operand.type.numeric:
            return Literal(value=-operand.value, type=operand.type, at=operand.at)
        if not operand.type.numeric and operand.type.kind != "unknown":
            return self.wrong(source, f"- needs a number, not {operand.type}")
        return Unary(op="-", operand=operand, type=operand.type, at=operand.at)

    def is_test(self, source: exp.Expr) -> Node:
        if isinstance(source.expression, exp.Null):
            operand = self.node(source.this)
            return IsNull(operand=operand, at=operand.at)
        right = source.expression
        if isinstance(right, exp.Boolean):
            return self.comparison(source, "is", self.boolean(source.this, "what is tested"), self.node(right))
        return self.wrong(source, "is takes null, true, false or distinct from")

    def between(self, source: exp.Expr) -> Node:
        operand, low, high = self.node(source.this), self.node(source.args["low"]), self.node(source.args["high"])
        parts = (self.comparison(source, ">=", operand, low), self.comparison(source, "<=", operand, high))
        return self.negation(Logical(op="and", operands=parts, at=operand.at), source.args.get("negate"))

    def membership(self, source: exp.Expr) -> Node:
        operand, listed = self.node(source.this), source.expressions
        if not listed or len(listed) > self.limits.options:
            return self.wrong(source, self.limits.said("options", "in takes 1 to {} values in parentheses"))
        options = tuple(self.node(option) for option in listed)
        for option, text in zip(options, listed, strict=True):
            one = Type(option.type.element) if option.type.kind == "list" and len(options) == 1 else option.type
            if problem := comparison_problem(operand.type, one):
                self.wrong(text, problem)
        return self.negation(In(operand=operand, options=options, at=operand.at), source.args.get("negate"))

    def pattern(self, source: exp.Expr, text: exp.Expr) -> str | None:
        longest = self.limits.pattern_characters
        if not (isinstance(text, exp.Literal) and text.is_string and len(text.this) <= longest):
            what = "the pattern must be a text of up to {} characters, written out"
            self.wrong(source, self.limits.said("pattern_characters", what))
            return None
        return str(text.this)

    def like(self, source: exp.Expr) -> Node:
        operand, text = self.node(source.this), self.pattern(source, source.expression)
        if not fits(operand.type, TEXT):
            return self.wrong(source, f"like needs a text, not {operand.type}")
        if text is not None and "\\" in text:
            return self.wrong(source.expression, "a backslash has no meaning in like; use matches")
        return self.negation(Like(operand=operand, pattern=text or "", at=operand.at), source.args.get("negate"))

    def case(self, source: exp.Expr) -> Node:
        subject = self.node(source.this) if source.this else None
        branches = []
        for branch in source.args["ifs"]:
            if subject is None:
                condition = self.boolean(branch.this, "each when")
            else:
                condition = self.comparison(branch, "=", subject, self.node(branch.this))
            branches.append((condition, self.node(branch.args["true"])))
        default = source.args.get("default")
        otherwise = self.node(default) if default else Literal(value=None, type=NULL, at=offset(source))
        result = self._one_type(source, [value for _, value in branches] + [otherwise])
        return Case(branches=tuple(branches), otherwise=otherwise, type=result, at=offset(source))

    def _one_type(self, source: exp.Expr, values: Sequence[Node]) -> Type:
        result: Type = NULL
        for value in values:
            both = common(result, value.type)
            if both is None:
                self.wrong(source, f"the branches mix {result} and {value.type}")
                return UNKNOWN
            if not comparable_exactly(result, value.type):
                both_types = f"the branches {result} and {value.type}"
                self.wrong(source, f"{both_types} together need more than {MAX_DIGITS} digits")
                return UNKNOWN
            result = both
        return result

    def joined_text(self, source: exp.Expr) -> Node:
        left, right = self.node(source.this), self.node(source.expression)
        for side in (left, right):
            if not fits(side.type, TEXT):
                return self.wrong(source, f"|| joins texts, not {side.type}; use cast(x as text)")
        return Binary(op="||", left=left, right=right, type=TEXT, at=left.at)

    def cast(self, source: exp.Expr) -> Node:
        operand = self.node(source.this)
        target = cast_target(operand, source.args["to"])
        if isinstance(target, str):
            return self.wrong(source, target)
        if isinstance(target, Literal):
            return target
        return Cast(operand=operand, type=target, at=operand.at)

    def call(self, source: exp.Expr) -> Node:
        name = str(source.this).lower()
        if name in AGGREGATES:
            return self.aggregate(source, None)
        if name in {"raw", "found"}:
            return self._named(source, name)
        if name == "matches":
            return self._matches(source)
        if name in columns.QUANTIFIERS:
            return columns.quantified(self, source, name)
        if name in windows.WINDOWS:
            return windows.window(self, source, name)
        if name not in FUNCTIONS:
            return self.wrong(source, REFUSED.get(name) or names.unknown("function", name, FUNCTIONS))
        arguments = columns.expanded(self, source.expressions)
        if name in BUSINESS:
            if self.scope.holidays is None:
                return self.wrong(source, f"{name} needs a calendar with holidays in the pack")
            arguments = (*arguments, Holidays(days=self.scope.holidays))
        if any(argument.type.kind == "unknown" for argument in arguments):
            return Literal(value=None, type=UNKNOWN, at=offset(source))
        try:
            result = FUNCTIONS[name].typing(arguments)
        except SignatureError as error:
            return self.wrong(source, f"{name} {error}")
        return Call(name=name, arguments=arguments, type=result, faults=FUNCTIONS[name].faults, at=offset(source))

    def _named(self, source: exp.Expr, name: str) -> Node:
        given = source.expressions
        if len(given) != 1 or not isinstance(given[0], exp.Column) or given[0].table:
            return self.wrong(source, f"{name} takes one name")
        word = given[0].name
        if name == "found":
            if word not in self.scope.joins:
                return self.wrong(given[0], names.unknown("join", word, self.scope.joins))
            return names.grouped_join(self, source, Found(join=word, at=offset(source)), word)
        if word not in self.scope.raws:
            return self.wrong(given[0], names.unknown("delivered field", word, self.scope.raws))
        return names.grouped_field(self, source, Raw(name=word, at=offset(source)), word)

    def _matches(self, source: exp.Expr) -> Node:
        if len(source.expressions) != 2:
            return self.wrong(source, "matches takes a text and a pattern")
        operand = self.node(source.expressions[0])
        text = self.pattern(source, source.expressions[1])
        if not fits(operand.type, TEXT):
            return self.wrong(source, f"matches needs a text, not {operand.type}")
        if text is None:
            return Literal(value=None, type=UNKNOWN, at=offset(source))
        try:
            re2.compile(text, _re2_options())
        except re2.error as error:
            return self.wrong(source.expressions[1], f"not an RE2 pattern: {names.re2_message(error)}")
        return Matches(operand=operand, pattern=text, at=offset(source))

    def aggregate(self, source: exp.Expr, where: exp.Expr | None) -> Node:
        name = str(source.this).lower()
        if not self.scope.aggregates or self.in_aggregate:
            place = "inside another aggregate" if self.in_aggregate else "here"
            return self.wrong(source, f"{name} over rows has no meaning {place}")
        self.in_aggregate = True
        try:
            return self._aggregate(source, name, where)
        finally:
            self.in_aggregate = False

    def _aggregate(self, source: exp.Expr, name: str, where: exp.Expr | None) -> Node:
        given = list(source.expressions)
        distinct = len(given) == 1 and isinstance(given[0], exp.Distinct)
        if distinct:
            given = list(given[0].expressions)
        condition = self.boolean(where, "the filter") if where is not None else None
        if name == "count" and len(given) == 1 and isinstance(given[0], exp.Star):
            return Aggregate(name=name, operand=None, where=condition, type=number(18, 0, integer=True))
        if len(given) != 1 or (distinct and name != "count"):
            return self.wrong(source, f"{name} takes one argument")
        operand = self.node(given[0])
        result = aggregate_type(name, operand.type)
        if isinstance(result, str):
            return self.wrong(source, result)
        return Aggregate(name=name, operand=operand, where=condition, distinct=distinct, type=result, at=offset(source))

    def filtered(self, source: exp.Expr) -> Node:
        inner, where = source.this, source.expression
        if not (isinstance(inner, exp.Anonymous) and str(inner.this).lower() in AGGREGATES):
            return self.wrong(source, "filter follows sum, count, min, max, any or every")
        return self.aggregate(inner, where.this)


def _re2_options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return options


HANDLERS: dict[type[exp.Expr], Callable[[Builder, exp.Expr], Node]] = {
    exp.Literal: Builder.literal, exp.And: Builder.logical, exp.Or: Builder.logical, exp.Not: Builder.negate,
    exp.Neg: Builder.minus, exp.Is: Builder.is_test, exp.Between: Builder.between, exp.In: Builder.membership,
    exp.Like: Builder.like, exp.Case: Builder.case, exp.DPipe: Builder.joined_text, exp.Cast: Builder.cast,
    exp.Anonymous: Builder.call, exp.Filter: Builder.filtered, exp.Column: names.column,
    exp.Placeholder: names.parameter, exp.Paren: lambda builder, source: builder.node(source.this),
    exp.Null: lambda _, source: Literal(value=None, type=NULL, at=offset(source)),
    exp.Window: over.over,
    exp.Boolean: lambda _, source: Literal(value=bool(source.this), type=BOOLEAN, at=offset(source)),
}  # fmt: skip
