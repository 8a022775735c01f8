"""Read bytes the way a run does, and look at all that came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet

from rulepacks.engine.formats.blocks import Rejected
from rulepacks.engine.formats.csv import CsvFormat, read_csv
from rulepacks.engine.formats.delivery import Delivery
from rulepacks.engine.formats.fixed_width import FixedWidthFormat, read_fixed_width
from rulepacks.engine.formats.ndjson import NdjsonFormat, read_ndjson
from rulepacks.engine.formats.reading import InputFile, InputSummary, Stopwatch, read_input
from rulepacks.engine.limits import Limits
from rulepacks.engine.progress import silent
from rulepacks.engine.spec import LayoutField

SMALL = Limits(record_bytes=4096, columns=50)


@dataclass(frozen=True)
class Outcome:
    """Accepted rows by row number, and the rejected ones."""

    columns: tuple[str, ...]
    rows: dict[int, tuple[str | None, ...]]
    rejected: tuple[Rejected, ...]

    @property
    def values(self) -> list[tuple[str | None, ...]]:
        return list(self.rows.values())

    def adds_up(self) -> bool:
        """Every row number from 1 on is either accepted or rejected, once, and both come in order."""
        accepted, rejected = list(self.rows), [row.row_number for row in self.rejected]
        together = sorted(accepted + rejected)
        return (
            together == list(range(1, len(together) + 1))
            and accepted == sorted(accepted)
            and rejected == sorted(rejected)
        )


def read_as(
    kind: str,
    content: bytes,
    *,
    chunk: int = 1 << 22,
    limits: Limits = SMALL,
    fixed_width: Sequence[LayoutField] = (),
    encoding: str | None = None,
) -> Outcome:
    """Read `content` with the reader of one format."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "delivered"
        path.write_bytes(content)
        with Delivery("data", path, encoding=encoding, chunk=chunk) as delivery:
            layout: NdjsonFormat | FixedWidthFormat | CsvFormat
            if kind == "ndjson":
                layout, blocks = read_ndjson(delivery, limits)
            elif kind == "fixed_width":
                layout, blocks = read_fixed_width(delivery, limits, fixed_width)
            else:
                layout, blocks = read_csv(delivery, limits)
            rows: dict[int, tuple[str | None, ...]] = {}
            rejected: list[Rejected] = []
            tables = []
            for block in blocks:
                block.table.validate(full=True)
                tables.append(block.table)
                rejected.extend(block.rejected)
        columns = layout.columns
        for table in tables:
            for row in table.to_pylist():
                rows[row["row_number"]] = tuple(row.get(name) for name in columns)
        return Outcome(columns, rows, tuple(rejected))


def read_file(
    folder: Path, content: bytes, filename: str = "data.csv", fixed_width: Sequence[LayoutField] = (), **given: str
) -> tuple[InputSummary, list[dict[str, object]], list[Rejected]]:
    """Deliver a file and read it into a snapshot: what was counted, the snapshot's rows, the rejected rows."""
    path = folder / "delivered"
    path.write_bytes(content)
    rejected: list[Rejected] = []
    file = InputFile("data", path, filename, given.get("format"), given.get("encoding"))
    snapshot = folder / "data.parquet"
    summary = read_input(file, fixed_width, snapshot, rejected.append, Limits(), Stopwatch(), silent)
    return summary, pyarrow.parquet.read_table(snapshot).to_pylist(), rejected
