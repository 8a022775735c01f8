"""Fixed width as `formats.fixed_width` reads it: each value at its place, counted in characters, blanks between."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from rulepacks.engine.formats.writers.base import Cell, Misfit, OutputColumn, TextWriter, first_row
from rulepacks.engine.spec import LayoutField

SHOWN = 60
_NUMBER = r"^[-+]?[0-9]+(?:\.[0-9]+)?$"


class FixedWidthWriter(TextWriter):
    """Writes fixed width. A value that is too long or breaks the line is a misfit, never cut."""

    def __init__(self, path: Path, columns: Sequence[OutputColumn]) -> None:
        super().__init__(path, columns)
        self.places = [column.place for column in columns if column.place is not None]

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows. Raises Misfit."""
        values = [pc.fill_null(texts.cast(pa.string()), "") for texts in batch.columns]
        self._refuse(values)
        cells: list[Cell] = []
        end = 1
        for texts, place in zip(values, self.places, strict=True):
            if place.start > end:
                cells.append(pa.scalar(" " * (place.start - end)))
            cells.append(_padded(texts, place))
            end = place.start + place.length
        self.put_lines(cells, "")
        self.rows += batch.num_rows

    def _refuse(self, values: Sequence[pa.Array]) -> None:
        """Name the first value that has no room."""
        misfits = []
        for texts, place in zip(values, self.places, strict=True):
            lengths = pc.utf8_length(texts)
            breaks = pc.match_substring_regex(texts, "[\r\n]")
            at = first_row(pc.or_(pc.greater(lengths, place.length), breaks))
            if at is not None:
                misfits.append((at, place, texts[at].as_py(), breaks[at].as_py()))
        if misfits:
            at, place, text, broken = min(misfits, key=lambda misfit: misfit[0])
            said = "holds a line break" if broken else f"has {len(text)} characters; its field has {place.length}"
            raise Misfit(self.rows + at, f"{place.name} {text[:SHOWN]!r} {said}")


def _padded(texts: pa.Array, place: LayoutField) -> pa.Array:
    pad = pc.utf8_rpad if place.justify == "left" else pc.utf8_lpad
    blank = pad(texts, place.length, " ")
    if place.fill == "blank":
        return blank
    # The sign stays in front: of what is padded to the full length behind it, the first zero gives way.
    signed = pc.match_substring_regex(texts, "^[-+]")
    behind = pc.utf8_slice_codeunits(pc.utf8_lpad(pc.utf8_ltrim(texts, "-+"), place.length, "0"), 1)
    sign = pc.utf8_slice_codeunits(texts, 0, 1)
    zeros = pc.if_else(signed, pc.binary_join_element_wise(sign, behind, ""), pc.utf8_lpad(texts, place.length, "0"))
    return pc.if_else(pc.match_substring_regex(texts, _NUMBER), zeros, blank)
