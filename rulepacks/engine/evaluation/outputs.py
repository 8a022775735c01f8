"""Files made from what an evaluation found."""

from contextlib import closing
from pathlib import Path

from rulepacks.engine.evaluation.output_rows import Rows, missing_inputs, output_rows
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.watch import BREAKING, reason_of
from rulepacks.engine.formats.media import ENDINGS
from rulepacks.engine.formats.writers import FILE_FORMATS
from rulepacks.engine.formats.writers.base import Misfit, OutputColumn
from rulepacks.engine.spec import OutputSpec
from rulepacks.engine.summary import OutputSummary

BATCH = 20_000


def write_outputs(state: State, out: Path) -> tuple[OutputSummary, ...]:
    """Write the outputs of the pack into a folder; one that cannot be written says why, and the others go on."""
    folder = out / "outputs"
    if state.session.pack.outputs:
        folder.mkdir(parents=True, exist_ok=True)
    return tuple(write_output(state, output, folder) for output in state.session.pack.outputs)


def write_output(state: State, output: OutputSpec, folder: Path) -> OutputSummary:
    """Write one output."""
    session = state.session
    file = f"{output.name}.{ENDINGS[output.format]}"
    if missing := missing_inputs(session, output):
        return OutputSummary(output.name, file, 0, f"{', '.join(missing)} not delivered", failed=False)
    if output.kind == "table" and output.source not in state.tables:
        return OutputSummary(output.name, file, 0, f"{output.source} was not evaluated", failed=False)
    rows = output_rows(state, output)
    try:
        return OutputSummary(output.name, file, _write(session, rows, output, folder / file), "", failed=False)
    except BREAKING as error:
        reason = reason_of(error, session.budget.limits)
    except Misfit as misfit:
        reason = f"{_place(session, rows, output, misfit)}: {misfit.message}"
    (folder / file).unlink(missing_ok=True)
    return OutputSummary(output.name, file, 0, reason, failed=True)


def _write(session: Session, rows: Rows, output: OutputSpec, path: Path) -> int:
    """Write the file; returns the number of its rows. Raises Misfit."""
    file_format = FILE_FORMATS[output.format]
    places = {place.name: place for place in output.layout}
    columns = [OutputColumn(header, node.type, places.get(header)) for header, node in output.columns]
    count = 0
    with closing(file_format.open(path, columns)) as writer:
        for sql in rows.selects(output, typed=file_format.typed):
            for batch in session.batches(sql, BATCH):
                writer.write(batch)
                count += batch.num_rows
    return count


def _place(session: Session, rows: Rows, output: OutputSpec, misfit: Misfit) -> str:
    """Where a value stands that does not fit: the row delivered, or the row of the file."""
    if output.kind != "input":
        return f"row {misfit.row + 1} of the file"
    found = session.rows(rows.place(output, misfit.row))
    return f"{output.source} row {found[0][0]}"
