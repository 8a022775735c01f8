"""NDJSON: one JSON object a line, every value kept as its own text.

Numbers must not pass through a float, so objects are taken apart into the raw text of their values (which checks the
JSON), and those texts are laid out as separated lines that Arrow parses into columns in one go: a quoted token is a
string, the bare word null is a null, and any other bare token is its own text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import msgspec
import pyarrow as pa
import pyarrow.csv

from rulepacks.engine.formats.blocks import EXACT, Block, Defect, Parsed, read_blocks
from rulepacks.engine.formats.columns import LONGEST_NAME, stored_name
from rulepacks.engine.formats.delivery import Delivery
from rulepacks.engine.formats.pieces import WholeLines, cut
from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput, InputProblem

SEPARATOR = b"\x1f"  # JSON text cannot hold it
SHOWN_KEY = 80
_KEY = re.compile(rb'"\s*:')
_SPACED_KEYS = (b'" :', b'"\t:', b'"\r:')
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)

Tokens = Sequence[bytes | msgspec.Raw]


class NdjsonFormat(WholeLines):
    """An NDJSON file; `columns` grows as new keys come."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self.limits = limits
        self.keys: dict[str, None] = {}
        self._names: dict[str, str] = {}
        self._record: msgspec.json.Decoder[msgspec.Struct] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Stored names of the keys seen so far."""
        return tuple(stored_name(key) for key in self.keys)

    def complete(self, data: bytes, at: int) -> int:
        return max(data.rfind(b"\n", at) + 1, at)

    def starts(self, data: bytes) -> list[int]:
        starts, at = [], 0
        for line in data.splitlines(keepends=True) if b"\r" not in data else re.findall(rb"[^\n]*\n|[^\n]+$", data):
            if line.strip():
                starts.append(at)
            at += len(line)
        return starts

    def parse(self, data: bytes) -> Parsed:
        lines = [line for line in data.split(b"\n") if line and not line.isspace()]
        defects: dict[int, Defect] = {}
        rows = self._uniform_rows(data, lines)
        if rows is None:
            rows, defects = self._exact_rows(lines)
        if b"\\" in data or data.count(b"\r") != data.count(b"\r\n"):
            rows, defects = _plain_tokens(rows, defects, list(self.keys))
        return Parsed(_columns(rows, self.columns), len(rows), defects)

    def column_at(self, record: bytes, offset: int) -> str | None:
        return None

    def _uniform_rows(self, data: bytes, lines: list[bytes]) -> list[Tokens] | None:
        """The values of objects that all have exactly the keys seen so far, each once; else nothing."""
        if not self.keys or any(mark in data for mark in _SPACED_KEYS):
            return None
        if data.count(b'":') != len(lines) * len(self.keys):
            return None
        # Made here, not with each key that comes: a file may bring one with every line.
        self._record = self._record or _record_decoder(list(self.keys))
        if self._record is None:
            return None
        decode, values = self._record.decode, msgspec.structs.astuple
        try:
            return [values(decode(line)) for line in lines]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def _exact_rows(self, lines: list[bytes]) -> tuple[list[Tokens], dict[int, Defect]]:
        objects: list[dict[str, msgspec.Raw]] = []
        defects: dict[int, Defect] = {}
        for at, line in enumerate(lines):
            if len(defects) > EXACT:
                # Hardly an object is in order: what is read of so many lines at once would not be used.
                break
            try:
                found = _OBJECT.decode(line)
            except msgspec.ValidationError:
                defects[at] = Defect("the line is not a JSON object")
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                defects[at] = Defect(f"not valid JSON: {str(error).removeprefix('JSON is malformed: ')}")
            except RecursionError:
                defects[at] = Defect("the value is nested too deeply")
            else:
                defect = _repeated_key(line, found) or self._learn(found)
                if defect is None:
                    objects.append(found)
                else:
                    defects[at] = defect
        null = b"null"
        return [[found.get(key, null) for key in self.keys] for found in objects], defects

    def _learn(self, found: dict[str, msgspec.Raw]) -> Defect | None:
        """Take the keys of an object in; a defect when one cannot be a column."""
        if found.keys() <= self.keys.keys():
            return None
        fresh: dict[str, str] = {}
        for key in found.keys() - self.keys.keys():
            name = stored_name(key)
            if not name or "\0" in name or len(name) > LONGEST_NAME:
                return Defect(f"a key is empty, holds a NUL character or is longer than {LONGEST_NAME} characters")
            if name.lower() in self._names or name.lower() in fresh:
                return Defect(f'the key "{key}" differs from another key only in case or outer space')
            fresh[name.lower()] = key
        self._names |= fresh
        self.keys |= dict.fromkeys(key for key in found if key not in self.keys)
        if len(self.keys) > self.limits.columns:
            raise BadInput(InputProblem(self.name, self.limits.said("columns", "the objects have more than {} keys")))
        self._record = None
        return None


def _record_decoder(keys: list[str]) -> msgspec.json.Decoder[msgspec.Struct] | None:
    """A decoder for objects with exactly these keys; none when a key cannot be a field name of it."""
    if any(not key.isprintable() or '"' in key or "\\" in key for key in keys):
        return None
    fields = [(f"value_{number}", msgspec.Raw) for number in range(len(keys))]
    renamed = {field: key for (field, _), key in zip(fields, keys, strict=True)}
    return msgspec.json.Decoder(
        msgspec.defstruct("Record", fields, rename=renamed, forbid_unknown_fields=True, gc=False)
    )


def _repeated_key(line: bytes, found: dict[str, msgspec.Raw]) -> Defect | None:
    if len(_KEY.findall(line)) == len(found):
        return None
    repeated: list[str] = []

    def on_pairs(pairs: list[tuple[str, object]]) -> None:
        keys = [key for key, _ in pairs]
        repeated.extend(key for key in keys if keys.count(key) > 1)

    try:
        json.loads(line, object_pairs_hook=on_pairs, parse_int=str, parse_float=str)
    except RecursionError:
        return Defect("the value is nested too deeply")
    return Defect(f'the key "{repeated[0][:SHOWN_KEY]}" stands twice in one object') if repeated else None


def _plain_tokens(
    rows: list[Tokens], defects: dict[int, Defect], keys: list[str]
) -> tuple[list[Tokens], dict[int, Defect]]:
    """Tokens without escapes: strings decoded and quoted anew, nested values quoted as their JSON text."""
    bad = iter(sorted(defects))
    plain: list[Tokens] = []
    all_defects = dict(defects)
    skip, at = next(bad, None), 0
    for row in rows:
        while at == skip:
            skip, at = next(bad, None), at + 1
        tokens = [_plain_token(bytes(token)) for token in row]
        held = next((key for key, token in zip(keys, tokens, strict=True) if b"\0" in token), None)
        if held is None:
            plain.append(tokens)
        else:
            all_defects[at] = Defect("a NUL character stands in the text", stored_name(held))
        at += 1
    return plain, all_defects


def _plain_token(token: bytes) -> bytes:
    if token.startswith(b'"'):
        if b"\\" not in token:
            return token
        text = _TEXT.decode(token).encode()
    elif token.startswith((b"{", b"[")):
        text = token
    else:
        return token
    return b'"' + text.replace(b'"', b'""') + b'"'


def _columns(rows: list[Tokens], columns: tuple[str, ...]) -> dict[str, pa.Array]:
    if not rows or not columns:
        return {column: pa.nulls(len(rows), pa.string()) for column in columns}
    data = b"\n".join([SEPARATOR.join(row) for row in rows])
    table = pa.csv.read_csv(
        pa.py_buffer(data),
        read_options=pa.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=list(columns)),
        parse_options=pa.csv.ParseOptions(delimiter=SEPARATOR.decode(), newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            null_values=["null"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return dict(zip(columns, table.columns, strict=True))


def read_ndjson(delivery: Delivery, limits: Limits) -> tuple[NdjsonFormat, Iterator[Block]]:
    """The format (its columns are complete once the blocks are read) and the rows in blocks."""
    layout = NdjsonFormat(delivery.name, limits)
    return layout, read_blocks(cut(delivery.chunks(), layout, limits.record_bytes), layout, limits.record_bytes)
