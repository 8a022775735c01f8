"""Conditions whose result is certain before any row is seen: never true, or true for every value that is not blank."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from rulepacks.engine.expressions.tree import (
    Aggregate,
    Binary,
    Call,
    Case,
    Field,
    In,
    IsNull,
    JoinField,
    Literal,
    Logical,
    Node,
    Unary,
    Value,
    walk,
)
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.expressions.written import written

NEVER, ALWAYS, CONSTANT = "never-true", "always-true", "constant"
NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "null": "not null", "not null": "null"}
MIRRORED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
NOT_NEGATIVE = {"abs", "length", "given", "count"}
Domains = Mapping[str, frozenset[Value]]


@dataclass(frozen=True)
class Remark:
    """What is certain of a part of an expression; `at` is where it stands."""

    at: int
    code: str
    message: str


@dataclass(frozen=True)
class _Fact:
    """That a value compares so with one of these; with `=` it is one of them, with `<>` none."""

    subject: Node
    op: str
    values: tuple[Any, ...] = ()

    def negated(self) -> "_Fact":
        return _Fact(self.subject, NEGATED[self.op], self.values)


def remarks(node: Node, domains: Domains) -> Iterator[Remark]:
    """What is certain in an expression; `domains` are the only values of what is written so."""
    if isinstance(node, Literal) and node.type == BOOLEAN:
        yield Remark(node.at, CONSTANT, f"{written(node)} comes out the same for every row")
    for part in walk(node):
        yield from _of(part, domains)


def _of(part: Node, domains: Domains) -> Iterator[Remark]:
    if isinstance(part, Binary) and part.op in NEGATED:
        if isinstance(part.left, Literal) and isinstance(part.right, Literal):
            yield Remark(_begins(part), CONSTANT, f"{written(part)} comes out the same for every row")
        elif written(part.left) == written(part.right):
            yield Remark(_begins(part), CONSTANT, f"{written(part)} compares a value with itself")
    if isinstance(part, Binary | In) and (fact := _fact(part)) is not None:
        yield from _verdict(part, [fact], domains, both=True)
    elif isinstance(part, Logical):
        facts = [fact for operand in part.operands if (fact := _fact(operand)) is not None]
        alone = [fact.negated() if part.op == "or" else fact for fact in facts]
        if not any(_impossible([fact], domains, blank=part.op == "or") for fact in alone):
            yield from _verdict(part, facts, domains, both=False)
        yield from _constants(part)
    elif isinstance(part, Case):
        yield from _unreached(part, domains)


def _begins(node: Node) -> int:
    """Where the text of a condition begins; comparisons keep the place of their operator."""
    if isinstance(node, Binary):
        return _begins(node.left)
    return min(map(_begins, node.operands)) if isinstance(node, Logical) else node.at


def _constants(part: Logical) -> Iterator[Remark]:
    for operand in part.operands:
        if isinstance(operand, Literal):
            yield Remark(_begins(part), CONSTANT, f"{written(operand)} stands beside {part.op} in {written(part)}")


def _verdict(part: Node, facts: Sequence[_Fact], domains: Domains, *, both: bool) -> Iterator[Remark]:
    either = isinstance(part, Logical) and part.op == "or"
    if not either and _impossible(facts, domains, blank=False):
        yield Remark(_begins(part), NEVER, f"{written(part)} is never true")
    elif (either or both) and _impossible([fact.negated() for fact in facts], domains, blank=True):
        yield Remark(_begins(part), ALWAYS, f"{written(part)} is true of every value that is not blank")


def _unreached(part: Case, domains: Domains) -> Iterator[Remark]:
    before: list[_Fact] = []
    for condition, _ in part.branches:
        fact = _fact(condition)
        if fact is None:
            continue
        if _impossible([*before, fact], domains, blank=False) and not _impossible([fact], domains, blank=False):
            yield Remark(_begins(condition), NEVER, f"the branch {written(condition)} is never reached")
        before.append(fact.negated())


def _fact(node: Node) -> _Fact | None:
    """What a condition says of one value; None when it is no such condition."""
    if isinstance(node, Unary) and node.op == "not":
        inner = _fact(node.operand)
        return inner.negated() if inner is not None else None
    if isinstance(node, IsNull):
        return _Fact(node.operand, "null")
    if isinstance(node, In):
        values = [option.value for option in node.options if isinstance(option, Literal) and option.value is not None]
        return _Fact(node.operand, "=", tuple(values)) if len(values) == len(node.options) else None
    if isinstance(node, Binary) and node.op in MIRRORED:
        left, right, op = node.left, node.right, node.op
        if isinstance(left, Literal):
            left, right, op = right, left, MIRRORED[op]
        if isinstance(left, Literal) or not isinstance(right, Literal) or right.value is None:
            return None
        return _Fact(left, op, (right.value,))
    return _Fact(node, "=", (True,)) if isinstance(node, Field | JoinField) and node.type == BOOLEAN else None


def _impossible(facts: Iterable[_Fact], domains: Domains, *, blank: bool) -> bool:
    """Whether no value fulfils the facts together. With `blank`, a blank one is let be by every comparison."""
    by_subject: dict[str, list[_Fact]] = defaultdict(list)
    for fact in facts:
        by_subject[written(fact.subject)].append(fact)
    return any(_clash(known, domains.get(name), blank=blank) for name, known in by_subject.items())


def _clash(facts: list[_Fact], domain: frozenset[Value] | None, *, blank: bool) -> bool:
    ops = {fact.op for fact in facts}
    if {"null", "not null"} <= ops or ("null" in ops and len(ops) > 1 and not blank):
        return True
    if "null" in ops:
        return False
    allowed: set[Any] | None = set(domain) if domain is not None else None
    if facts[0].subject.type == BOOLEAN:
        allowed = {True, False}
    for fact in facts:
        if fact.op == "=":
            allowed = set(fact.values) if allowed is None else allowed & set(fact.values)
    if allowed is not None:
        return not any(all(_fulfils(value, fact) for fact in facts) for value in allowed)
    return _empty(facts)


def _fulfils(value: Any, fact: _Fact) -> bool:
    if fact.op == "not null":
        return True
    if fact.op in {"=", "<>"}:
        return (value in fact.values) == (fact.op == "=")
    bound = fact.values[0]
    return bool({"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[fact.op])


def _empty(facts: list[_Fact]) -> bool:
    """Whether nothing lies between the bounds."""
    subject = facts[0].subject
    low: tuple[Any, bool] | None = None
    high: tuple[Any, bool] | None = None
    for op, bound in (*_of_type(subject), *((fact.op, fact.values[0]) for fact in facts if fact.op[0] in "<>")):
        if op in {">", ">="}:
            one = _from(bound, op == ">") if subject.type.kind == "integer" else (bound, op == ">")
            low = one if low is None else max(low, one)
        elif op in {"<", "<="}:
            one = _to(bound, op == "<") if subject.type.kind == "integer" else (bound, op != "<")
            high = one if high is None else min(high, one)
    if low is None or high is None:
        return False
    excluded = {value for fact in facts if fact.op == "<>" for value in fact.values}
    return low[0] > high[0] or (low[0] == high[0] and (low[1] or not high[1] or low[0] in excluded))


def _from(bound: Any, above: bool) -> tuple[Decimal, bool]:
    """The least whole number above a bound, or not below it; the flag says that it is itself left out: never."""
    whole = Decimal(bound).to_integral_value(ROUND_FLOOR if above else ROUND_CEILING)
    return whole + above, False


def _to(bound: Any, below: bool) -> tuple[Decimal, bool]:
    """The greatest whole number below a bound, or not above it; the flag says that it is itself let in: always."""
    whole = Decimal(bound).to_integral_value(ROUND_CEILING if below else ROUND_FLOOR)
    return whole - below, True


def _of_type(subject: Node) -> list[tuple[str, Decimal]]:
    """Bounds a value has by its type, or by what it is made with."""
    named = subject.name if isinstance(subject, Call | Aggregate) else ""
    bounds = [(">=", Decimal(0))] if named in NOT_NEGATIVE else []
    if isinstance(subject, Field | JoinField) and subject.type.numeric:
        most = Decimal(10) ** subject.type.whole_digits
        bounds += [("<", most), (">", -most)]
    return bounds
