"""Reference lists and other CSV files of a pack."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from rulepacks.engine.cell_values import text_reader
from rulepacks.engine.expressions.letters import BLANKS
from rulepacks.engine.expressions.tree import Value
from rulepacks.engine.expressions.types import TEXT, UNKNOWN, Type
from rulepacks.engine.expressions.typing import type_from_text
from rulepacks.engine.loading.characters import hidden
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Data, Document, Path_
from rulepacks.engine.loading.files import counts
from rulepacks.engine.problems import Place
from rulepacks.engine.spec import ListSpec


@dataclass(frozen=True)
class Sheet:
    """A CSV file of the pack: header, and rows of texts (blank is None) with their line numbers."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    lines: tuple[int, ...]

    def column(self, name: str) -> int:
        return self.header.index(name)


def read_sheet(context: Context, file: str, place: Place) -> Sheet | None:
    """Read a CSV file of the pack; None (and problems) when it cannot be."""
    path = context.folder / file
    inside = context.folder.resolve() in path.resolve().parents
    if not (inside and counts(path)):
        context.problems.add(place, f"no file {file} in the pack")
        return None
    rows: list[tuple[str | None, ...]] = []
    lines: list[int] = []
    before = len(context.problems)
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            header = tuple(name.strip() for name in next(reader, []))
            for cells in reader:
                if not cells:
                    continue
                if problem := next(filter(None, map(hidden, cells)), None):
                    _wrong(context, file, reader.line_num, problem)
                    continue
                if len(cells) != len(header):
                    _wrong(context, file, reader.line_num, f"{len(cells)} values under {len(header)} headers")
                    continue
                rows.append(tuple(cell.strip(BLANKS) or None for cell in cells))
                lines.append(reader.line_num)
                if len(rows) > context.limits.list_rows:
                    _wrong(context, file, reader.line_num, context.limits.said("list_rows", "more than {} rows"))
                    break
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        _wrong(context, file, len(rows) + 1, f"not a CSV file in UTF-8: {error}")
    if not len(context.problems) > before and (not header or len(set(header)) != len(header)):
        _wrong(context, file, 1, "the header is empty or repeats a name")
    return None if len(context.problems) > before else Sheet(file, header, tuple(rows), tuple(lines))


def read_lists(context: Context, document: Document, data: Mapping[str, Data]) -> None:
    """Fill the context's lists from the section of pack.yaml."""
    for name, raw in data.items():
        found = _list(context, document, name, cast("dict[str, Any]", raw))
        if found is None:
            context.broken.add(("list", name))
        else:
            context.lists[name] = found


def _list(context: Context, document: Document, name: str, given: Mapping[str, Any]) -> ListSpec | None:
    path: Path_ = ("lists", name)
    sheet = read_sheet(context, given["file"], document.place((*path, "file")))
    if sheet is None:
        return None
    key, effective = tuple(given["key"]), span(given)
    wanted = {*key, *(effective or ()), *given.get("columns", {})}
    if missing := sorted(wanted - set(sheet.header)):
        context.problems.add(document.place(path), f"{sheet.file} has no column {', '.join(missing)}")
        return None
    types = column_types(context, document, (*path, "columns"), sheet.header, given.get("columns", {}))
    return keyed_list(context, name, sheet, types, key, effective)


def keyed_list(
    context: Context, name: str, sheet: Sheet, types: Mapping[str, Type], key: tuple[str, ...],
    effective: tuple[str, str] | None,
) -> ListSpec:  # fmt: skip
    """The list a sheet makes; a key listed twice is a problem of the file."""
    spec = ListSpec(name, types, key, effective, typed_rows(context, sheet, types))
    _refuse_repeats(context, sheet, spec)
    return spec


def span(given: Mapping[str, Any]) -> tuple[str, str] | None:
    """The names of the first and last time a row holds, of a dated list or input."""
    first, last = given.get("effective", ("", ""))
    return (first, last) if first else None


def column_types(
    context: Context, document: Document, path: Path_, header: Sequence[str], declared: Mapping[str, str]
) -> dict[str, Type]:
    """Types of the columns of a sheet; text unless declared."""
    types = {}
    for name in header:
        kind = type_from_text(declared.get(name, "text"))
        if kind is None:
            context.problems.add(document.place((*path, name)), f"{declared[name]} is not a type")
        types[name] = kind or UNKNOWN
    return types


def typed_rows(context: Context, sheet: Sheet, types: Mapping[str, Type]) -> tuple[tuple[Value, ...], ...]:
    """The rows of a sheet as typed values; cells that do not fit are problems of the file."""
    kinds = [types[name] for name in sheet.header]
    if all(kind.kind == "text" for kind in kinds):
        return sheet.rows
    readers = [text_reader(kind) for kind in kinds]
    rows = []
    for line, cells in zip(sheet.lines, sheet.rows, strict=True):
        values: list[Value] = []
        for name, kind, read, cell in zip(sheet.header, kinds, readers, cells, strict=True):
            given = None if kind == UNKNOWN else cell
            value = given if given is None or kind == TEXT else read(given)
            if value is None and given is not None:
                _wrong(context, sheet.file, line, f"{name} {given!r} is not {kind}")
            values.append(value)
        rows.append(tuple(values))
    return tuple(rows)


def _refuse_repeats(context: Context, sheet: Sheet, spec: ListSpec) -> None:
    """Two rows with one key (at one time) would make a lookup ambiguous."""
    columns = list(spec.columns)
    keys = [columns.index(name) for name in spec.key]
    spans = [columns.index(name) for name in spec.effective] if spec.effective else []
    seen: dict[tuple[Value, ...], list[tuple[Any, Any]]] = {}
    for line, row in zip(sheet.lines, spec.rows, strict=True):
        key = tuple(row[index] for index in keys)
        span = (row[spans[0]], row[spans[1]]) if spans else (None, None)
        if any(_overlap(span, other) for other in seen.get(key, ())):
            _wrong(context, sheet.file, line, f"{', '.join(map(str, key))} is listed twice")
        seen.setdefault(key, []).append(span)


def _overlap(first: tuple[Any, Any], second: tuple[Any, Any]) -> bool:
    def begins_by(span: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
        return bool(span[0] is None or other[1] is None or span[0] <= other[1])

    return begins_by(first, second) and begins_by(second, first)


def _wrong(context: Context, file: str, line: int, message: str) -> None:
    context.problems.add(Place(file, line, 1), message)
