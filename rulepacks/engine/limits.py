"""What one run may use. Each limit is named in the message of the error it causes."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds of one run: time in seconds, sizes in bytes.

    `memory_bytes` bounds the child process, `engine_memory_bytes` what DuckDB takes of it before it spills to disk.
    `statement_seconds` bounds one statement: the rules of a stage together, or a rule that is tried by itself.
    `output_bytes` bounds each file that a pack puts out.
    """

    seconds: float = 900.0
    statement_seconds: float = 120.0
    memory_bytes: int = 1024 * MIB
    engine_memory_bytes: int = 400 * 1000 * 1000
    spill_bytes: int = 16 * 1024 * MIB
    threads: int = 1
    input_bytes: int = 8 * 1024 * MIB
    unpacked_ratio: int = 200
    output_bytes: int = 4 * 1024 * MIB
    record_bytes: int = MIB
    rows: int = 100_000_000
    columns: int = 1000
