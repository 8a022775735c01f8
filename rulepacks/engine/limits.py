"""What a pack may hold and one run may use. Each limit is named in the message of the error it causes."""

from __future__ import annotations

from dataclasses import dataclass, field

MIB = 1024 * 1024


class Named:
    """Limits whose names stand in messages."""

    def said(self, name: str, message: str) -> str:
        """A message with the value of a limit in it, and its name."""
        return f"{message.format(getattr(self, name))} (limit {name})"


@dataclass(frozen=True)
class PackLimits(Named):
    """Bounds of a pack, kept when it is loaded.

    Files: how many, and how large in bytes, one YAML file and all together; `values` and `depth` of a YAML file,
    `entries` of one of its sections, fields of an input, delivered and derived, and texts that stand for no value.
    `chain` bounds how many derived fields, joins or needed rules follow one from another.
    Expressions: characters, words, levels of nesting, `nodes` once it is written out, values of an `in` and fields
    of a pattern; `text_growth` bounds how much longer than a cell a text may become. Queries: selects and joins.
    """

    files: int = 2_000
    folder_bytes: int = 64_000_000
    file_bytes: int = 4_000_000
    values: int = 400_000
    depth: int = 40
    entries: int = 500
    fields: int = 1_000
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
    query_selects: int = 24
    query_joins: int = 12


@dataclass(frozen=True)
class Limits(Named):
    """Bounds of one run: time in seconds, sizes in bytes.

    `memory_bytes` bounds the child process, `engine_memory_bytes` what DuckDB takes of it before it spills to disk.
    `statement_seconds` bounds one statement: the rules of a stage together, or a rule that is tried by itself.
    `output_bytes` bounds each file that a pack puts out.
    An input: `input_bytes` as it is delivered and once it is unpacked, `record_bytes` a row; in a workbook `parts` of
    the archive and `shared_characters` in the texts its cells share.
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
    rejected_rows: int = 1_000_000
    columns: int = 1000
    parts: int = 10_000
    shared_characters: int = 256 * MIB
    pack: PackLimits = field(default_factory=PackLimits)

    def memory(self, name: str = "memory_bytes") -> str:
        """That more memory was needed than a limit allows."""
        return f"it needed more memory than {getattr(self, name) // MIB} MiB (limit {name})"
