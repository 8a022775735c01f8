"""Fixed width as `formats.fixed_width` reads it: each value at its place, counted in characters, blanks between."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from rulepacks.engine.formats.writers.base import Cell, Misfit, OutputColumn, TextWriter, first_row, held
from rulepacks.engine.spec import LayoutField

SHOWN = 60
BREAKS = "\r\n"
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
        misfits = [
            (at, place, texts[at].as_py())
            for texts, place in zip(values, self.places, strict=True) if (at := _misfit(texts, place)) is not None
        ]  # fmt: skip
        if misfits:
            at, place, text = min(misfits, key=lambda misfit: misfit[0])
            long = f"has {len(text)} characters; its field has {place.length}"
            said = "holds a line break" if set(text) & set(BREAKS) else long
            raise Misfit(self.rows + at, f"{place.name} {text[:SHOWN]!r} {said}")


def _misfit(texts: pa.Array, place: LayoutField) -> int | None:
    """The first value that is too long or breaks the line."""
    breaks = held(texts, BREAKS)
    # There are never more characters than bytes, which are quicker to count.
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest <= place.length and not breaks:
        return None
    long = pc.greater(pc.utf8_length(texts), place.length)
    return first_row(pc.or_(long, pc.match_substring_regex(texts, f"[{BREAKS}]")) if breaks else long)


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
