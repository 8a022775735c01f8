"""How large a typed tree is, and how much longer than a cell its texts may be: what it costs to run, before it runs."""

from collections.abc import Callable, Mapping
from math import ceil

from rulepacks.engine.expressions.tree import Aggregate, Binary, Call, Case, Field, JoinField, Literal, Node
from rulepacks.engine.limits import PackLimits

CUT = {"left", "right", "substr", "lpad"}
"""Functions whose result has a length that is written out."""


def too_large(node: Node, limits: PackLimits, growths: Mapping[str, int]) -> str | None:
    """What is too large about a tree, or None."""
    if nodes(node) > limits.expression_nodes:
        return limits.said("expression_nodes", "is written out to more than {} parts")
    if growth(node, growths) > limits.text_growth:
        return limits.said("text_growth", "may make texts more than {} times as long as a cell")
    return None


def nodes(node: Node) -> int:
    """Nodes of a tree as compilers write it out: a part that stands in two places counts twice."""

    def measure(part: Node, below: list[int]) -> int:
        return 1 + sum(below)

    return _measured(node, measure)


def growth(node: Node, growths: Mapping[str, int]) -> int:
    """The longest text anywhere in a tree, in cells; `growths` tells it of the fields and join.columns that grow."""
    longest = 1

    def measure(part: Node, below: list[int]) -> int:
        nonlocal longest
        length = 1 if part.type.kind not in {"text", "list"} else _length(part, below, growths)
        longest = max(longest, length)
        return length

    _measured(node, measure)
    return longest


def _length(node: Node, below: list[int], growths: Mapping[str, int]) -> int:
    if isinstance(node, Field):
        return growths.get(node.name, 1)
    if isinstance(node, JoinField):
        return growths.get(f"{node.join}.{node.name}", 1)
    if isinstance(node, Binary):
        return sum(below)
    if isinstance(node, Case | Aggregate):
        return max(below)
    if isinstance(node, Call):
        return _made(node, below)
    return 1


def _made(node: Call, below: list[int]) -> int:
    if node.name == "concat_ws":
        return sum(below) + below[0] * len(below)
    if node.name in CUT:
        return 1
    if node.name == "replace":
        old, new = (len(str(part.value)) for part in node.arguments[1:] if isinstance(part, Literal))
        return below[0] * max(1, ceil(new / max(1, old)))
    return max(below, default=1)


def _measured(node: Node, measure: Callable[[Node, list[int]], int]) -> int:
    """`measure` of a node, given it of its children; a part that stands in many places is measured once."""
    known: dict[int, int] = {}

    def visit(part: Node) -> int:
        found = known.get(id(part))
        if found is None:
            found = known[id(part)] = measure(part, [visit(child) for child in part.children])
        return found

    return visit(node)
