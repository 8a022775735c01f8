"""One rule while it is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from rulepacks.engine.expressions.certain import CONSTANT
from rulepacks.engine.expressions.functions.base import SignatureError
from rulepacks.engine.expressions.functions.nulls import same_kind
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import (
    Binary,
    Call,
    Field,
    Found,
    JoinField,
    Literal,
    Logical,
    Node,
    Raw,
    walk,
)
from rulepacks.engine.expressions.types import BOOLEAN, Type, common, number
from rulepacks.engine.expressions.typing import arithmetic, comparison_problem
from rulepacks.engine.expressions.written import written
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Document, Path_
from rulepacks.engine.problems import Place
from rulepacks.engine.spec import JoinSpec, Tolerance


@dataclass(frozen=True)
class Draft:
    """The checked YAML of a rule, and the pack read so far."""

    context: Context
    document: Document
    path: Path_
    data: dict[str, Any]
    code: str
    input: str

    def place(self, *way: str | int, key: bool = False) -> Place:
        return self.document.place((*self.path, *way), key=key)

    def problem(self, message: str, *way: str | int) -> None:
        self.context.problems.add(self.place(*way), message, self.code)

    def expression(self, *way: str | int, scope: Scope, wanted: Type | None = None) -> Node:
        """The tree of the expression at a path below the rule."""
        return self.context.expression(self.document, (*self.path, *way), scope, wanted, self.code)

    def optional(self, key: str, scope: Scope, wanted: Type | None = None) -> Node | None:
        """The tree of a key, or None when the key is not given."""
        return self.expression(key, scope=scope, wanted=wanted) if key in self.data else None

    def row_scope(self) -> Scope:
        return self.context.row_scope(self.input)

    def group_scope(self, input_name: str, by: tuple[str, ...]) -> Scope:
        """Names over a group: aggregates, the fields of `by`, and joins whose key is made of them."""
        scope = self.context.row_scope(input_name)
        whole = {name for name, join in self.context.joins.items() if name in scope.joins and _made_of(join, by)}
        whole |= scope.joins.keys() - self.context.joins.keys()
        return replace(scope, aggregates=True, grouped=frozenset(by), grouped_joins=frozenset(whole))

    def tolerance(self) -> Tolerance | None:
        """The declared tolerance."""
        given = self.data.get("tolerance")
        if given is None:
            return None
        parts = given if isinstance(given, dict) else {"absolute": given}
        return Tolerance(Decimal(str(parts.get("absolute", 0))), Decimal(str(parts.get("relative", 0))))

    def comparison(self, scope: Scope) -> tuple[Node | None, Node | None, Node | None]:
        """Left, right and the condition of a rule that compares or requires (None after a problem)."""
        left, right = self.optional("left", scope), self.optional("right", scope)
        if "require" not in self.data and "tolerance" in self.data and self.data.get("op", "=") != "=":
            self.problem("tolerance applies to equal numbers", "tolerance")
        if (left is None) != (right is None):
            self.problem("left and right stand together")
        require = self.optional("require", scope, BOOLEAN)
        if require is not None:
            for key in ("op", "tolerance"):
                if key in self.data:
                    self.problem(f"{key} has no meaning beside require", key)
            return left, right, require
        if left is None or right is None or "unknown" in {left.type.kind, right.type.kind}:
            return left, right, None
        if problem := comparison_problem(left.type, right.type):
            self.problem(problem, "left")
            return left, right, None
        if written(left) == written(right):
            self.context.advise(self.place("left"), CONSTANT, f"{written(left)} is compared with itself", self.code)
        return left, right, self._compared(left, right)

    def _compared(self, left: Node, right: Node) -> Node:
        op, tolerance = self.data.get("op", "="), self.tolerance()
        plain = Binary(op=op, left=left, right=right, type=BOOLEAN)
        if tolerance is None:
            return plain
        if not (left.type.numeric and right.type.numeric):
            self.problem("tolerance applies to equal numbers", "tolerance")
            return plain
        return within(left, right, tolerance)

    def one_type(self, nodes: Sequence[Node], *way: str | int) -> Type:
        """The common type of numbers that stand for one another."""
        try:
            return same_kind(nodes)
        except SignatureError as error:
            self.problem(str(error), *way)
            return nodes[-1].type

    def derive(self, name: str, node: Node) -> Field:
        """A derived field of the rule's own, `CODE:name`, that holds the node."""
        full = f"{self.code}:{name}"
        self.context.derive(self.input, full, node)
        return Field(name=full, type=node.type)

    def add_join(self, join: JoinSpec) -> str:
        """Add a join the rule makes for itself, unless the pack has the same; returns the name to use."""
        for other in self.context.joins.values():
            if replace(other, name=join.name) == join:
                return other.name
        self.context.joins[join.name] = join
        return join.name

    def fields_known(self, key: str, input_name: str) -> bool:
        """Whether the names listed under a key are fields of an input."""
        source = self.context.inputs[input_name]
        fields = {**source.fields, **source.derived}
        known = [
            self.context.known("field", name, fields, self.place(key, index), self.code)
            for index, name in enumerate(self.data[key])
        ]
        return all(known)


def within(left: Node, right: Node, tolerance: Tolerance) -> Node:
    """The condition that two numbers differ by no more than a tolerance."""
    difference = Call(name="abs", arguments=(computed("-", left, right),), type=_difference_type(left, right))
    limits: list[Node] = [amount(tolerance.absolute)]
    if tolerance.relative:
        share = Call(name="abs", arguments=(right,), type=right.type)
        limits.append(computed("*", share, amount(tolerance.relative)))
    tests = tuple(Binary(op="<=", left=difference, right=limit, type=BOOLEAN) for limit in limits)
    return tests[0] if len(tests) == 1 else Logical(op="or", operands=tests)


def difference_node(left: Node, right: Node) -> Node | None:
    """left - right where both are numbers; None otherwise."""
    return computed("-", left, right) if left.type.numeric and right.type.numeric else None


def _difference_type(left: Node, right: Node) -> Type:
    return computed("-", left, right).type


def computed(op: str, left: Node, right: Node) -> Node:
    """left op right, for numbers."""
    result = arithmetic(op, left.type, right.type)
    if isinstance(result, str):
        fallback = common(left.type, right.type) or left.type
        return Binary(op=op, left=left, right=right, type=fallback, overflows=True)
    return Binary(op=op, left=left, right=right, type=result[0], overflows=result[1])


def amount(value: Decimal) -> Literal:
    """A number as a literal."""
    scale = max(0, -int(value.as_tuple().exponent))
    whole = len(str(abs(int(value))))
    if scale == 0:
        return Literal(value=int(value), type=number(whole, 0, integer=True))
    return Literal(value=value, type=number(whole, scale, integer=False))


def _made_of(join: JoinSpec, by: tuple[str, ...]) -> bool:
    """Whether the key of a join is made of grouped fields only."""
    trees = [node for _, node in join.on] + ([join.as_of] if join.as_of is not None else [])
    nodes = [part for tree in trees for part in walk(tree)]
    if any(isinstance(node, JoinField | Found) for node in nodes):
        return False
    return all(node.name in by for node in nodes if isinstance(node, Field | Raw))
