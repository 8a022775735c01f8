"""What a pack may hold and one run may use. Each limit is named in the message of the error it causes."""

from __future__ import annotations

from dataclasses import dataclass, field

MIB = 1024 * 1024


@dataclass(frozen=True)
class PackLimits:
    """Bounds of a pack, kept when it is loaded.

    Files: how many, and how large in bytes, one YAML file and all together; `values` and `depth` of a YAML file.
    `chain` bounds how many derived fields, joins or needed rules follow one from another.
    Expressions: characters, words, levels of nesting, `nodes` once it is written out, values of an `in` and fields
    of a pattern; `text_growth` bounds how much longer than a cell a text may become.
    """

    files: int = 2_000
    folder_bytes: int = 64_000_000
    file_bytes: int = 4_000_000
    values: int = 400_000
    depth: int = 40
    rules: int = 2_000
    joins: int = 200
    chain: int = 100
    list_rows: int = 500_000
    expression_characters: int = 8_000
    expression_words: int = 3_000
    expression_depth: int = 48
    expression_nodes: int = 20_000
    text_characters: int = 1_000
    pattern_characters: int = 200
    options: int = 1_000
    columns: int = 200
    text_growth: int = 1_000

    def said(self, name: str, message: str) -> str:
        """A message with the value of a limit in it, and its name."""
        return f"{message.format(getattr(self, name))} (limit {name})"


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
    pack: PackLimits = field(default_factory=PackLimits)
