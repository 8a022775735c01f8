"""CSV: text with a header, one delimiter, and values in double quotes where they need them.

Grammar as in RFC 4180, with two liberties: any of LF, CRLF and CR ends a record, and a quote inside an unquoted value
is an ordinary character. A quoted value that goes on after its closing quote is refused, never guessed at.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv
import re2

from rulepacks.engine.formats.blocks import EXACT, Block, Defect, Parsed, read_blocks
from rulepacks.engine.formats.columns import check_header
from rulepacks.engine.formats.delivery import Delivery
from rulepacks.engine.formats.pieces import count_lines, cut, end_of_line, end_of_lines
from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput, InputProblem

DELIMITERS = ",\t;|"
SAMPLE_RECORDS = 20
_DFA_BYTES = 64 * 1024 * 1024


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.longest_match = True
    options.never_capture = True
    options.max_mem = _DFA_BYTES
    return re2.compile(pattern.encode(), options)


class CsvGrammar:
    """Where CSV records end, for one delimiter."""

    def __init__(self, delimiter: str) -> None:
        mark = rf"\x{ord(delimiter):02x}"
        plain = rf'(?:[^"\r\n{mark}][^\r\n{mark}]*)?'
        value = rf'(?:"(?:[^"]|"")*"|{plain})'
        record = rf"(?:{value}{mark})*{value}(?:\r\n|\n|\r)"
        self._value = _compile(value)
        self._record = _compile(record)
        self._records = _compile(f"(?:{record})*")
        self._open = _compile(rf'(?:{value}{mark})*(?:"(?:[^"]|"")*"?|{plain})')

    def complete(self, data: bytes, at: int) -> int:
        if data.find(b'"', at) < 0:
            return end_of_lines(data, at)
        return int(self._records.match(data, at).end())

    def pending(self, data: bytes, at: int) -> bool:
        return self._open.fullmatch(data, at) is not None

    def complaint(self, data: bytes, at: int) -> str:
        return "a quote is opened and not closed, or a closing quote is followed by text"

    def record_end(self, data: bytes, at: int) -> int:
        """Offset after the record at `at`, which must be whole; `at` when there is none."""
        found = self._record.match(data, at)
        return at if found is None else int(found.end())

    def value_end(self, record: bytes, at: int) -> int:
        """Offset after the value that begins at `at`."""
        return int(self._value.match(record, at).end())


@dataclass(frozen=True)
class CsvFormat:
    """A CSV file whose delimiter and columns are known."""

    delimiter: str
    columns: tuple[str, ...]
    grammar: CsvGrammar

    def starts(self, data: bytes) -> list[int]:
        starts, at = [], 0
        step = self.grammar.record_end if b'"' in data else end_of_line
        while at < len(data):
            if data[at] not in b"\r\n":
                starts.append(at)
            at = step(data, at)
        return starts

    def parse(self, data: bytes) -> Parsed:
        ragged: dict[int, Defect] = {}

        def on_ragged(row: pa.csv.InvalidRow) -> str:
            found, expected = row.actual_columns, row.expected_columns
            ragged[row.number - 1] = Defect(
                f"{found} {'value' if found == 1 else 'values'} where {expected} are expected"
            )
            return "skip" if len(ragged) <= EXACT else "error"

        try:
            table = self._table(data, on_ragged)
        except pa.ArrowInvalid:
            if len(ragged) <= EXACT:
                raise
            # Hardly a record is in order: what is read of so many at once would not be used.
            return Parsed({}, 0, ragged)
        return Parsed(dict(zip(self.columns, table.columns, strict=True)), table.num_rows, ragged)

    def _table(self, data: bytes, on_ragged: Callable[[pa.csv.InvalidRow], str]) -> pa.Table:
        return pa.csv.read_csv(
            pa.py_buffer(data or b"\n"),
            read_options=pa.csv.ReadOptions(
                use_threads=False, block_size=len(data) + 1, column_names=list(self.columns)
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=on_ragged
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(self.columns, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )

    def column_at(self, record: bytes, offset: int) -> str | None:
        at = 0
        for column in self.columns:
            at = self.grammar.value_end(record, at)
            if offset < at:
                return column
            at += 1
        return None


def read_csv(delivery: Delivery, limits: Limits) -> tuple[CsvFormat, Iterator[Block]]:
    """The columns of a CSV file and its rows in blocks; raises `BadInput` when there is no usable header."""
    chunks = delivery.chunks()
    head = b""
    while len(head) < limits.record_bytes and (chunk := next(chunks, None)) is not None:
        head += chunk
    layout, header_end, lines = _read_header(delivery.name, head, limits)
    pieces = cut(itertools.chain([head[header_end:]], chunks), layout.grammar, limits.record_bytes, lines + 1)
    return layout, read_blocks(pieces, layout, limits.record_bytes)


def _read_header(name: str, head: bytes, limits: Limits) -> tuple[CsvFormat, int, int]:
    """The format, the offset after the header and the number of lines up to there."""
    begin = len(head) - len(head.lstrip(b"\r\n"))
    line = count_lines(head[:begin]) + 1
    if begin == len(head):
        raise BadInput(InputProblem(name, "the file is empty"))
    text = head if head.endswith(b"\n") else head + b"\n"
    delimiter = _sniff(text, begin)
    grammar = CsvGrammar(delimiter)
    end = grammar.record_end(text, begin)
    if end == begin or end - begin > limits.record_bytes:
        stop = end_of_line(text, begin)
        too_long = (
            end_of_line(head, begin) < 0 and len(head) >= limits.record_bytes
        ) or stop - begin > limits.record_bytes
        reason = limits.said("record_bytes", "longer than {} bytes") if too_long else "a quote is not closed in it"
        raise BadInput(InputProblem(name, f"the header cannot be read: {reason}", line))
    names = _names(name, text[begin:end], line, grammar)
    columns = check_header(name, names, line, limits)
    return CsvFormat(delimiter, columns, grammar), min(end, len(head)), line - 1 + count_lines(text[begin:end])


def _names(name: str, header: bytes, line: int, grammar: CsvGrammar) -> list[str]:
    if b"\0" in header:
        raise BadInput(InputProblem(name, "the header holds NUL characters; the file is not text in UTF-8", line))
    try:
        return [_unquoted(value).decode() for value in _values(header, grammar)]
    except UnicodeDecodeError as error:
        raise BadInput(InputProblem(name, "the header is not UTF-8 text", line)) from error


def _values(record: bytes, grammar: CsvGrammar) -> Iterator[bytes]:
    """The values of one whole record, quotes included."""
    at, stop = 0, len(record.rstrip(b"\r\n"))
    while True:
        end = grammar.value_end(record, at)
        yield record[at:end]
        if end >= stop:
            return
        at = end + 1


def _unquoted(value: bytes) -> bytes:
    return value[1:-1].replace(b'""', b'"') if value.startswith(b'"') else value


def _sniff(text: bytes, begin: int) -> str:
    """The delimiter under which the first records have the most columns and agree on their number."""
    best, best_score = DELIMITERS[0], (0, 1)
    for delimiter in DELIMITERS:
        grammar = CsvGrammar(delimiter)
        counts = [sum(1 for _ in _values(record, grammar)) for record in _first_records(text, begin, grammar)]
        if counts and counts[0] > 1:
            score = (counts.count(counts[0]), counts[0])
            if best_score[1] == 1 or score > best_score:
                best, best_score = delimiter, score
    return best


def _first_records(text: bytes, begin: int, grammar: CsvGrammar) -> Iterator[bytes]:
    at = begin
    for _ in range(SAMPLE_RECORDS):
        end = grammar.record_end(text, at)
        if end == at:
            return
        yield text[at:end]
        at = end
