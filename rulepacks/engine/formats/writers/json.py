"""JSON: an object for each row, one a line; `json` puts them into a list.

Decimals are texts, since most readers of JSON would take a number through a float.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from rulepacks.engine.formats.writers.base import Cell, OutputColumn, TextWriter, held

BARE = {"integer", "boolean", "null"}


class NdjsonWriter(TextWriter):
    """Writes NDJSON."""

    def __init__(self, path: Path, columns: Sequence[OutputColumn]) -> None:
        super().__init__(path, columns)
        names = [json.dumps(column.name, ensure_ascii=False) for column in columns]
        self._before = [pa.scalar(f"{'{' if not at else ','}{name}:") for at, name in enumerate(names)]

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        self.put_lines(self.objects(batch), "")

    def objects(self, batch: pa.RecordBatch) -> list[Cell]:
        """The parts of the objects."""
        parts: list[Cell] = []
        for before, texts, column in zip(self._before, batch.columns, self.columns, strict=True):
            parts += [before, _values(texts.cast(pa.string()), column)]
        return [*parts, pa.scalar("}")]


class JsonWriter(NdjsonWriter):
    """Writes a list of objects."""

    def __init__(self, path: Path, columns: Sequence[OutputColumn]) -> None:
        super().__init__(path, columns)
        self.put("[\n")

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows, a comma before all but the first of the file."""
        commas = pa.array(["," if self.rows + at else "" for at in range(batch.num_rows)], pa.string())
        self.put_lines([commas, *self.objects(batch)], "")
        self.rows += batch.num_rows

    def close(self) -> None:
        """Finish the list."""
        self.put("]\n")
        super().close()


def _values(texts: pa.Array, column: OutputColumn) -> pa.Array:
    kind = column.type.kind
    if column.holds == "list":
        texts = pc.binary_join_element_wise("[", texts, "]", "")
    elif column.holds == "value" and kind not in BARE:
        texts = pc.binary_join_element_wise('"', _escaped(texts) if kind == "text" else texts, '"', "")
    return pc.fill_null(texts, "null")


def _escaped(texts: pa.Array) -> pa.Array:
    """Texts with what JSON wants escaped, the backslash first."""
    for character in held(texts, ("\\", '"', *map(chr, range(32)))):
        texts = pc.replace_substring(texts, character, json.dumps(character)[1:-1])
    return texts
