"""Sequences: what each row sees of the rows around it, as a table by row number.

A partition with a cell that cannot be read, or an expression that cannot be computed, in what its order or its
windows read of the rows that take part is `blocked` or `faulted` as a whole: any row of it might come out otherwise.
So it is by a row of which it cannot be told whether it takes part.
"""

from rulepacks.engine.compile_sql import Compiler, quoted, sql_type
from rulepacks.engine.evaluation.reads import BLOCKED, FAULTED, FOUND, blocking, either, faults_of
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
    taking_part = f"SELECT * FROM ({prepared}) WHERE member OR unread OR lost"
    partition = _partition(sequence)
    blocked, faulted, found = map(quoted, (BLOCKED, FAULTED, FOUND))
    noted = ", ".join(
        f"coalesce(bool_or({cause}) OVER ({partition}), false) AS {mark}"
        for cause, mark in (("unread", blocked), ("lost", faulted))
    )
    windows = "".join(
        f", {_window(to, sequence, index, window)} AS {quoted(text)}"
        for index, (text, window) in enumerate(sequence.windows.items())
    )
    return f"SELECT row_number, {noted}{windows}, true AS {found} FROM ({taking_part})"


def _prepared(source: Source, to: Compiler, sequence: SequenceSpec) -> list[str]:
    """The columns windows are made of, each computed once."""
    columns = [f"{to.shown(node)} AS {quoted(f'by{index}')}" for index, node in enumerate(sequence.by)]
    columns += [f"{to.value(node)} AS {quoted(f'order{index}')}" for index, (node, _) in enumerate(sequence.order)]
    columns += [
        f"{to.value(window.operand)} AS {quoted(f'value{index}')}"
        for index, window in enumerate(sequence.windows.values()) if window.operand is not None
    ]  # fmt: skip
    where = [sequence.where] if sequence.where is not None else []
    nodes = [node for node in sequence_nodes(sequence) if node is not sequence.where]
    member = f"(({to.shown(where[0])}) IS TRUE)" if where else "true"
    pack, given = source.session.pack, source.input
    return [
        "row_number", *columns, f"{member} AS member",
        f"{either(blocking(pack, given, where), member, blocking(pack, given, nodes))} AS unread",
        f"{either(faults_of(to, where), member, faults_of(to, nodes))} AS lost",
    ]  # fmt: skip


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
