"""Sequences: what each row sees of the rows around it, as a table by row number.

A partition with a cell that cannot be read, or a derived field that cannot be computed, in what its order or its
windows read is `blocked` or `faulted` as a whole: any row of it might come out otherwise.
"""

from collections.abc import Sequence

from rulepacks.engine.compile_sql import Compiler, quoted, sql_type
from rulepacks.engine.evaluation.reads import BLOCKED, FAULTED, FOUND, unreadable_fields
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.expressions.types import INTEGER
from rulepacks.engine.expressions.windows import WINDOWS, WindowSpec, WindowSql
from rulepacks.engine.spec import SequenceSpec


def sequence_nodes(sequence: SequenceSpec) -> list[Node]:
    """All a sequence reads of its rows."""
    nodes = [*sequence.by, *(node for node, _ in sequence.order), sequence.where]
    nodes += [window.operand for window in sequence.windows.values()]
    return [node for node in nodes if node is not None]


def windows_of(source: Source, sequence: SequenceSpec, rows: str) -> str:
    """SELECT of row_number, the windows under their texts, `blocked`, `faulted`, and `found`: whether it takes part."""
    to = source.compiler()
    prepared = f"SELECT {', '.join(_prepared(source, to, sequence))} FROM ({rows})"
    partition = _partition(sequence)
    blocked, faulted, found = map(quoted, (BLOCKED, FAULTED, FOUND))
    noted = ", ".join(
        f"coalesce(bool_or({cause}) OVER ({partition}), false) AS {mark}"
        for cause, mark in (("block", blocked), ("fault", faulted))
    )
    windows = "".join(
        f", {_window(to, sequence, index, window)} AS {quoted(text)}"
        for index, (text, window) in enumerate(sequence.windows.items())
    )
    noted_rows = f"SELECT *, {noted} FROM ({prepared})"
    members = f"SELECT row_number, {blocked}, {faulted}{windows}, true AS {found} FROM ({noted_rows}) WHERE member"
    if not unreadable_fields(source.session.pack, source.input, _membership(sequence)):
        return members
    # Whether such a row takes part cannot be told, so the rule cannot be evaluated for it.
    marks = f"true AS {blocked}, false AS {faulted}, false AS {found}"
    unclear = f"SELECT row_number, {marks} FROM ({prepared}) WHERE unclear"
    return f"{members} UNION ALL BY NAME {unclear}"


def _membership(sequence: SequenceSpec) -> list[Node]:
    return [sequence.where] if sequence.where is not None else []


def _prepared(source: Source, to: Compiler, sequence: SequenceSpec) -> list[str]:
    """The columns windows are made of, each computed once."""
    columns = [f"{to.value(node)} AS {quoted(f'by{index}')}" for index, node in enumerate(sequence.by)]
    columns += [f"{to.value(node)} AS {quoted(f'order{index}')}" for index, (node, _) in enumerate(sequence.order)]
    columns += [
        f"{to.value(window.operand)} AS {quoted(f'value{index}')}"
        for index, window in enumerate(sequence.windows.values()) if window.operand is not None
    ]  # fmt: skip
    nodes = sequence_nodes(sequence)
    faults = [fault for node in nodes if (fault := to.fault(node))]
    member = to.value(sequence.where) if sequence.where is not None else "true"
    return [
        "row_number", *columns, f"({member}) IS TRUE AS member",
        f"{_bad(source, nodes)} AS block", f"({' OR '.join(faults) or 'false'}) AS fault",
        f"{_bad(source, _membership(sequence))} AS unclear",
    ]  # fmt: skip


def _bad(source: Source, nodes: Sequence[Node]) -> str:
    names = sorted(unreadable_fields(source.session.pack, source.input, nodes))
    return f"({' OR '.join(quoted(f'bad:{name}') for name in names) or 'false'})"


def _partition(sequence: SequenceSpec) -> str:
    keys = ", ".join(quoted(f"by{index}") for index in range(len(sequence.by)))
    return f"PARTITION BY {keys}" if keys else ""


def ordered(value: str, falls: bool) -> str:
    """A part of an ORDER BY clause: NULL is below all else."""
    return f"{value} {'DESC NULLS LAST' if falls else 'ASC NULLS FIRST'}"


def _window(to: Compiler, sequence: SequenceSpec, index: int, window: WindowSpec) -> str:
    order = [ordered(quoted(f"order{place}"), falls) for place, (_, falls) in enumerate(sequence.order)]
    first, _ = sequence.order[0]
    return WINDOWS[window.function].sql(
        WindowSql(
            value=quoted(f"value{index}") if window.operand is not None else "",
            partition=_partition(sequence),
            order=", ".join([*order, "row_number"]),
            reach=f"CAST({to.value(window.reach)} AS {sql_type(INTEGER)})" if window.reach is not None else "1",
            clock=quoted("order0"),
            clock_type=first.type,
            type=sql_type(window.type),
        )
    )
