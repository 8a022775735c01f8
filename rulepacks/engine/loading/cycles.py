"""Derived fields and joins, which must be computable one after another."""

import itertools
from collections.abc import Iterable, Iterator, Mapping

from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, walk
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Document
from rulepacks.engine.spec import JoinSpec

Item = tuple[str, str]
"""An input and its derived field, or "" and a join."""


def check_cycles(context: Context, document: Document, nodes: Iterable[Node]) -> None:
    """Refuse derived fields and joins that need each other; `nodes` are all of the pack, but for its queries."""
    waiting = _wants(context, nodes)
    for step in itertools.count():
        if not waiting:
            return
        done = {item for item, wants in waiting.items() if not wants & waiting.keys()}
        if not done:
            names = sorted(name if owner else f"join {name}" for owner, name in waiting)
            owners = [name for name in context.inputs if any(owner == name for owner, _ in waiting)]
            context.problems.add(document.place(("inputs", *owners[:1])), f"{', '.join(names)} need each other")
            return
        if step == context.limits.chain:
            problem = context.limits.said("chain", "more than {} derived fields and joins follow one from another")
            context.problems.add(document.place(("inputs",), key=True), problem)
            return
        waiting = {item: wants for item, wants in waiting.items() if item not in done}


def _wants(context: Context, nodes: Iterable[Node]) -> dict[Item, set[Item]]:
    """What each derived field and join needs."""
    columns: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, JoinField):
            columns.setdefault(node.join, set()).add(node.name)
    wants = {
        (name, field): set(_read(name, [node]))
        for name, source in context.inputs.items() for field, node in source.derived.items()
    }  # fmt: skip
    return wants | {("", join.name): set(_joined(context, join, columns)) for join in context.joins.values()}


def _read(owner: str, nodes: Iterable[Node]) -> Iterator[Item]:
    """What expressions over the rows of an input read."""
    for node in (part for tree in nodes for part in walk(tree)):
        if isinstance(node, Field):
            yield owner, node.name
        elif isinstance(node, JoinField | Found):
            yield "", node.join


def _joined(context: Context, join: JoinSpec, columns: Mapping[str, set[str]]) -> Iterator[Item]:
    """What a join needs: of the row that looks, and, of the rows of an input, all that is read of them anywhere."""
    yield from _read(join.source, [node for _, node in join.on] + ([join.as_of] if join.as_of is not None else []))
    if join.kind != "input":
        return
    target = context.inputs[join.target]
    names = {key for key, _ in join.on} | columns.get(join.name, set()) | set(target.effective or ())
    if any(stage.gate_unit for stage in context.stages.values()):
        names |= set(next(iter(context.inputs.values())).unit)
    yield from ((target.name, name) for name in names)
    yield from _read(target.name, [join.where] if join.where is not None else [])
    yield from _read(target.name, [*join.values.values(), *(node for node, _ in join.order)])
