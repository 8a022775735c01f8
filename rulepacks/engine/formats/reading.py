"""Read one delivered file once: a snapshot of the accepted rows, and every rejected row handed over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rulepacks.engine.formats.blocks import Block, Rejected
from rulepacks.engine.formats.csv import read_csv
from rulepacks.engine.formats.delivery import Delivery
from rulepacks.engine.formats.detect import EXCEL, FIXED_WIDTH, NDJSON, PARQUET, detect_format
from rulepacks.engine.formats.excel import read_excel
from rulepacks.engine.formats.fixed_width import read_fixed_width
from rulepacks.engine.formats.ndjson import read_ndjson
from rulepacks.engine.formats.parquet import read_parquet
from rulepacks.engine.limits import Limits
from rulepacks.engine.progress import Progress, Report
from rulepacks.engine.refusals import BadInput, InputProblem
from rulepacks.engine.snapshot import SnapshotWriter
from rulepacks.engine.spec import LayoutField


@dataclass(frozen=True)
class InputFile:
    """A delivered file for one input. Without `format` it is detected; `encoding` is UTF-8 unless it is declared or a
    byte order mark says otherwise."""

    name: str
    path: Path
    filename: str
    format: str | None = None
    encoding: str | None = None


@dataclass(frozen=True)
class InputSummary:
    """What came in: rows read = accepted + rejected; hashes of the delivered bytes and of the snapshot."""

    rows_read: int
    accepted: int
    rejected: int
    sha256: str
    snapshot_sha256: str
    columns: tuple[str, ...]
    format: str
    encoding: str
    size: int


@dataclass
class Stopwatch:
    """Seconds spent reading and writing snapshots."""

    read: float = 0.0
    snapshot: float = 0.0


def read_input(
    file: InputFile,
    fixed_width: Sequence[LayoutField],
    snapshot: Path,
    on_rejected: Callable[[Rejected], None],
    limits: Limits,
    watch: Stopwatch,
    report: Report,
) -> InputSummary:
    """Read `file` into `snapshot`; raises `BadInput` when the file as a whole cannot be read."""
    with Delivery(file.name, file.path, encoding=file.encoding, limits=limits) as delivery:
        if delivery.total > limits.input_bytes:
            message = limits.said("input_bytes", f"the file has {delivery.total} bytes, more than {{}}")
            raise BadInput(InputProblem(file.name, message))
        found = detect_format(delivery, file.filename, file.format, fixed_width)
        columns, blocks = _open(found, delivery, limits, fixed_width)
        writer = SnapshotWriter(snapshot, columns())
        rejected = _copy(delivery, _bounded(blocks, file.name, limits), writer, on_rejected, watch, report)
        begun = time.perf_counter()
        digest, size = writer.finish()
        watch.snapshot += time.perf_counter() - begun
        report(Progress("snapshot", file.name, writer.rows, writer.rows, f"{writer.rows:,} rows, {size:,} bytes"))
        return InputSummary(
            rows_read=writer.rows + rejected,
            accepted=writer.rows,
            rejected=rejected,
            sha256=delivery.sha256,
            snapshot_sha256=digest,
            columns=columns(),
            format=found,
            encoding=delivery.encoding,
            size=delivery.size,
        )


def _open(
    found: str, delivery: Delivery, limits: Limits, fixed_width: Sequence[LayoutField]
) -> tuple[Callable[[], tuple[str, ...]], Iterator[Block]]:
    """The columns known so far, asked again at the end, and the blocks."""
    if found == NDJSON:
        objects, blocks = read_ndjson(delivery, limits)
        return lambda: objects.columns, blocks
    if found == FIXED_WIDTH:
        records, blocks = read_fixed_width(delivery, limits, fixed_width)
        return lambda: records.columns, blocks
    if found == EXCEL:
        sheet, blocks = read_excel(delivery, limits)
        return lambda: sheet.columns, blocks
    if found == PARQUET:
        file, blocks = read_parquet(delivery, limits)
        return lambda: file.columns, blocks
    table, blocks = read_csv(delivery, limits)
    return lambda: table.columns, blocks


def _bounded(blocks: Iterator[Block], name: str, limits: Limits) -> Iterator[Block]:
    """The blocks, as long as they hold no more than a run may read."""
    rows = rejected = size = 0
    for block in blocks:
        rows += block.table.num_rows + len(block.rejected)
        rejected += len(block.rejected)
        size += block.table.nbytes
        for limit, value, what in (
            ("rows", rows, "more than {} rows"),
            ("rejected_rows", rejected, "more than {} rows cannot be read"),
            ("input_bytes", size, "the file unpacks to more than {} bytes"),
        ):
            if value > getattr(limits, limit):
                raise BadInput(InputProblem(name, limits.said(limit, what)))
        yield block


def _copy(
    delivery: Delivery,
    blocks: Iterator[Block],
    writer: SnapshotWriter,
    on_rejected: Callable[[Rejected], None],
    watch: Stopwatch,
    report: Report,
) -> int:
    """Write every block; returns the number of rejected rows."""
    rejected = 0
    begun = time.perf_counter()
    for block in blocks:
        for row in block.rejected:
            on_rejected(row)
        rejected += len(block.rejected)
        read = time.perf_counter()
        writer.write(block.table)
        written = time.perf_counter()
        watch.read += read - begun
        watch.snapshot += written - read
        report(Progress("read", delivery.name, delivery.size, delivery.total, f"{writer.rows + rejected:,} rows"))
        report(Progress("snapshot", delivery.name, writer.rows, None, f"{writer.rows:,} rows"))
        begun = time.perf_counter()
    watch.read += time.perf_counter() - begun
    return rejected
