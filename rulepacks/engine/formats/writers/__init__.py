"""One writer per file format: batches of columns in, a file out, in bounded memory.

The bytes of a file depend on its values alone: no times, no names of machines, however the rows are cut into batches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rulepacks.engine.formats.writers.base import OutputColumn, Writer
from rulepacks.engine.formats.writers.csv import CsvWriter
from rulepacks.engine.formats.writers.excel import ExcelWriter
from rulepacks.engine.formats.writers.fixed_width import FixedWidthWriter
from rulepacks.engine.formats.writers.json import JsonWriter, NdjsonWriter
from rulepacks.engine.formats.writers.parquet import ParquetWriter


@dataclass(frozen=True)
class FileFormat:
    """A format of output files. A `typed` one takes values as their types, the others take them as texts."""

    open: Callable[[Path, Sequence[OutputColumn]], Writer]
    typed: bool = False


FILE_FORMATS: Mapping[str, FileFormat] = {
    "csv": FileFormat(CsvWriter),
    "excel": FileFormat(ExcelWriter),
    "fixed_width": FileFormat(FixedWidthWriter),
    "json": FileFormat(JsonWriter),
    "ndjson": FileFormat(NdjsonWriter),
    "parquet": FileFormat(ParquetWriter, typed=True),
}
