"""CSV as `formats.csv` reads it: commas, LF, values in double quotes where they need them, a header first.

A text that a spreadsheet would run as a formula gets an apostrophe in front, so that it stays a text there.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from rulepacks.engine.expressions.types import TEXT, Type
from rulepacks.engine.formats.writers.base import OutputColumn, TextWriter, held, like_formula


class CsvWriter(TextWriter):
    """Writes CSV."""

    def __init__(self, path: Path, columns: Sequence[OutputColumn]) -> None:
        super().__init__(path, columns)
        self.put_lines([_cells(pa.array([column.name]), TEXT) for column in columns], ",")

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        cells = [_cells(texts, column.type) for texts, column in zip(batch.columns, self.columns, strict=True)]
        if len(cells) == 1:
            # A blank line would be no row.
            cells = [pc.if_else(pc.equal(cells[0], ""), '""', cells[0])]
        self.put_lines(cells, ",")


def _cells(texts: pa.Array, kind: Type) -> pa.Array:
    texts = pc.fill_null(texts.cast(pa.string()), "")
    if kind.kind != "text":
        return texts
    formulas = like_formula(texts)
    if pc.any(formulas).as_py():
        texts = pc.if_else(formulas, pc.binary_join_element_wise("'", texts, ""), texts)
    if not held(texts, '",\r\n'):
        return texts
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(texts, '[",\r\n]'), quoted, texts)
