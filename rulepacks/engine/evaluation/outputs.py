"""Files made from what an evaluation found."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal

import pyarrow as pa

from rulepacks.engine.evaluation.output_rows import Rows, missing_inputs, output_rows, uncomputed
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.watch import BREAKING, Broke, reason_of
from rulepacks.engine.expressions.tree import Field, Node
from rulepacks.engine.expressions.types import TEXT
from rulepacks.engine.formats.media import ENDINGS
from rulepacks.engine.formats.writers import FILE_FORMATS
from rulepacks.engine.formats.writers.base import Holds, Misfit, OutputColumn
from rulepacks.engine.spec import OutputSpec
from rulepacks.engine.summary import OutputSummary

BATCH = 20_000
STRUCTURED: Mapping[str, Holds] = {"key": "object", "fields": "object", "rows": "list"}
"""Columns of findings that have parts: texts in a table, objects and lists in JSON."""


def write_outputs(state: State, out: Path, broken: Mapping[str, str]) -> tuple[OutputSummary, ...]:
    """Write the outputs of the pack into a folder; one that cannot be written says why, and the others go on.

    `broken` gives the reasons of tables that broke.
    """
    folder = out / "outputs"
    if state.session.pack.outputs:
        folder.mkdir(parents=True, exist_ok=True)
    return tuple(write_output(state, output, folder, broken) for output in state.session.pack.outputs)


def write_output(state: State, output: OutputSpec, folder: Path, broken: Mapping[str, str]) -> OutputSummary:
    """Write one output; a file that cannot be written is not left behind."""
    session, path = state.session, folder / f"{output.name}.{ENDINGS[output.format]}"
    if unmade := _unmade(state, output, broken):
        return OutputSummary(output.name, path.name, 0, *unmade)
    try:
        rows = output_rows(state, output)
        count, lost = _write(session, rows, output, path), uncomputed(session, rows, output)
    except BREAKING as error:
        reason = reason_of(error, session.budget.limits)
    except Misfit as misfit:
        reason = misfit.message
    else:
        return OutputSummary(output.name, path.name, count, "incomplete" if lost else "written", lost)
    path.unlink(missing_ok=True)
    return OutputSummary(output.name, path.name, 0, "failed", reason)


def _unmade(
    state: State, output: OutputSpec, broken: Mapping[str, str]
) -> tuple[Literal["failed", "not_evaluated"], str] | None:
    """Why what an output is made from is not there."""
    if missing := missing_inputs(state.session, output):
        return "not_evaluated", f"{', '.join(missing)} not delivered"
    if output.kind != "table" or output.source in state.tables:
        return None
    rule = state.session.tallies.get(output.source)
    if rule is None:
        return "failed", f"the table {output.source}: {broken.get(output.source, 'it could not be made')}"
    return "failed" if rule.errored else "not_evaluated", rule.reason


def _write(session: Session, rows: Rows, output: OutputSpec, path: Path) -> int:
    """Write the file; returns the number of its rows. Raises Misfit, and Broke for a file that grows too large."""
    file_format, count = FILE_FORMATS[output.format], 0
    places = {place.name: place for place in output.layout}
    columns = [
        OutputColumn(header, node.type, places.get(header), _holds(output, node)) for header, node in output.columns
    ]
    columns += [OutputColumn(name, TEXT) for name in rows.carried]
    limits = session.budget.limits
    try:
        with closing(file_format.open(path, columns)) as writer:
            for sql in rows.selects(output, typed=file_format.typed):
                for batch in session.batches(sql, BATCH):
                    writer.write(batch)
                    count += batch.num_rows
                    if path.stat().st_size > limits.output_bytes:
                        raise Broke(limits.said("output_bytes", "the file is larger than {} bytes"))
    except Misfit as misfit:
        raise Misfit(misfit.row, f"{_place(session, rows, output, misfit)}: {misfit.message}") from misfit
    except pa.ArrowCapacityError as error:
        raise Broke("the texts of some of its rows are too long together") from error
    return count


def _holds(output: OutputSpec, node: Node) -> Holds:
    """Whether a column of the findings is no single value."""
    if output.kind != "findings" or not isinstance(node, Field):
        return "value"
    return STRUCTURED.get(node.name, "value")


def _place(session: Session, rows: Rows, output: OutputSpec, misfit: Misfit) -> str:
    """Where a value stands that does not fit: the row delivered, or the row of the file."""
    if output.kind != "input":
        return f"row {misfit.row + 1} of the file"
    found = session.rows(rows.place(output, misfit.row))
    return f"{output.source} row {found[0][0]}"
