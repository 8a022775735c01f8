"""What a pack that loads may still have wrong: conditions that can come out one way only, and parts without a use."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from rulepacks.engine.evaluation.output_rows import output_nodes
from rulepacks.engine.evaluation.reads import inputs_joined, inputs_read, rule_nodes
from rulepacks.engine.expressions.tree import Binary, Literal, Logical, Node, walk
from rulepacks.engine.expressions.written import written
from rulepacks.engine.loader import PACK_FILE
from rulepacks.engine.loading.document import read_document
from rulepacks.engine.problems import Problem, ProblemList
from rulepacks.engine.spec import Pack, Rule

SAME = {"=", "<>", "<", "<=", ">", ">="}


def advice(folder: Path, pack: Pack) -> tuple[Problem, ...]:
    """What its author may want to look at, in the order of the pack's lines. No reason to refuse the pack."""
    found = ProblemList()
    for rule in pack.rules:
        for message in dict.fromkeys(_of_rule(rule)):
            found.add(rule.place, message, rule.code)
    document = read_document(folder / PACK_FILE, PACK_FILE, ProblemList())
    judged = {rule.stage for rule in pack.rules}
    for index, stage in enumerate(pack.stages):
        if stage.name not in judged and ("stages", index) in document.marks:
            found.add(document.place(("stages", index)), f"stage {stage.name} has no rules")
    for name in set(pack.inputs) - _inputs_used(pack):
        found.add(document.place(("inputs", name), key=True), f"no rule, table or output reads input {name}")
    return found.all


def _inputs_used(pack: Pack) -> set[str]:
    """The records are always of use: they are counted, and have units."""
    used = {pack.first_input.name, *(table.source for table in pack.tables.values())}
    for rule in pack.rules:
        used |= inputs_read(pack, rule)
    for output in pack.outputs:
        if output.kind == "input":
            used |= {output.source} | inputs_joined(pack, output.source, output_nodes(output))
    return used


def _of_rule(rule: Rule) -> Iterator[str]:
    for node in (part for tree in rule_nodes(rule) for part in walk(tree)):
        if isinstance(node, Binary) and node.op in SAME:
            if isinstance(node.left, Literal) and isinstance(node.right, Literal):
                yield f"{written(node)} comes out the same for every row"
            elif written(node.left) == written(node.right):
                yield f"{written(node)} compares a value with itself"
        elif isinstance(node, Logical) and node.op == "and":
            yield from _contradictions(node)


def _contradictions(node: Logical) -> Iterator[str]:
    """Bounds on one value between which nothing lies."""
    low: dict[str, tuple[Decimal, bool]] = {}
    high: dict[str, tuple[Decimal, bool]] = {}
    for name, op, bound in filter(None, map(_bound, node.operands)):
        closed = op in {"=", "<=", ">="}
        if op in {"=", ">", ">="}:
            low[name] = max(low.get(name, (bound, False)), (bound, not closed))
        if op in {"=", "<", "<="}:
            high[name] = min(high.get(name, (bound, True)), (bound, closed))
    for name in low.keys() & high.keys():
        (least, above), (most, closed) = low[name], high[name]
        if least > most or (least == most and (above or not closed)):
            yield f"{written(node)} is never true"


def _bound(node: Node) -> tuple[str, str, Decimal] | None:
    """What a comparison bounds, how and by which number; None when it is no such comparison."""
    if not (isinstance(node, Binary) and node.op in SAME - {"<>"} and isinstance(node.right, Literal)):
        return None
    value = node.right.value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return written(node.left), node.op, Decimal(value)
