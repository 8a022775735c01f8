"""Crosswalk transforms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from rulepacks.engine.expressions.tree import Aggregate, Binary, JoinField, Literal, Node, walk
from rulepacks.engine.expressions.types import BOOLEAN, TEXT, UNKNOWN, Type
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Data, Document, Path_
from rulepacks.engine.loading.lists import Sheet, column_types, read_sheet, typed_rows
from rulepacks.engine.problems import Place
from rulepacks.engine.spec import CrosswalkRow, TableSpec

_FORMULA = re.compile(r"=\s*[^\s+-]+(\s*[+-]\s*[^\s+-]+)*")


def read_tables(context: Context, document: Document, data: Mapping[str, Data]) -> None:
    """Fill the context's tables from the section of pack.yaml."""
    for name, raw in data.items():
        table = _table(context, document, name, cast("dict[str, Any]", raw))
        if table is None:
            context.broken.add(("table", name))
        else:
            context.tables[name] = table


def _table(context: Context, document: Document, name: str, given: Mapping[str, Any]) -> TableSpec | None:
    """One table; None when it is broken."""
    path: Path_ = ("tables", name)
    if not context.known("input", given["from"], context.inputs, document.place((*path, "from"))):
        return None
    crosswalk, where = given["crosswalk"], None
    if "where" in given:
        where = context.expression(document, (*path, "where"), context.row_scope(given["from"]), BOOLEAN)
    sheet = read_sheet(context, crosswalk["file"], document.place((*path, "crosswalk", "file")))
    if sheet is None:
        return None
    known = _columns_known(context, document, path, given, sheet)
    types = column_types(context, document, (*path, "crosswalk", "columns"), sheet.header,
                         crosswalk.get("columns", {}))  # fmt: skip
    value = _value(context, document, (*path, "crosswalk", "value"), given["from"], types)
    if value is None or not known:
        return None
    rows, lines = _rows(context, sheet, crosswalk, types)
    joins = tuple(sorted({node.join for node in walk(value) if isinstance(node, JoinField)}))
    return TableSpec(
        name, given["from"], tuple(given["by"]), crosswalk["file"], tuple(crosswalk["match"]), lines, types, rows,
        value.operand or value, value.type, where, joins,
    )  # fmt: skip


def _columns_known(context: Context, document: Document, path: Path_, given: Mapping[str, Any], sheet: Sheet) -> bool:
    crosswalk, source = given["crosswalk"], context.inputs[given["from"]]
    header = dict.fromkeys(sheet.header)
    fields = {**source.fields, **source.derived}
    at = (*path, "crosswalk")
    good = [context.known("field", name, fields, document.place((*path, "by", index)))
            for index, name in enumerate(given["by"])]  # fmt: skip
    for index, name in enumerate(crosswalk["match"]):
        place = document.place((*at, "match", index))
        good.append(context.known("column", name, header, place) and context.known("field", name, fields, place))
        if good[-1] and source.type_of(name) not in (TEXT, UNKNOWN):
            context.problems.add(place, f"{name} must be text to be matched, not {source.type_of(name)}")
    for key in ("line", "title", "formula"):
        if key in crosswalk:
            good.append(context.known("column", crosswalk[key], header, document.place((*at, key))))
    return all(good)


def _value(
    context: Context, document: Document, path: Path_, source: str, types: Mapping[str, Type]
) -> Aggregate | None:
    scope = context.row_scope(source)
    # A column of the crosswalk that is called like a field of the row is what it is matched with: the row's is meant.
    node: Node = context.expression(document, path, replace(scope, fields={**types, **scope.fields}, aggregates=True))
    if node == Literal(value=None, type=UNKNOWN):
        return None
    if isinstance(node, Aggregate) and node.name == "sum" and node.where is None:
        return node
    what = "sum(… * factor)" if isinstance(node, Binary) else "one sum(…)"
    context.problems.add(document.place(path), f"must be {what} over the rows")
    return None


def _rows(
    context: Context, sheet: Sheet, crosswalk: Mapping[str, Any], types: Mapping[str, Type]
) -> tuple[tuple[CrosswalkRow, ...], dict[str, str]]:
    """Crosswalk rows with formula lines spelled out as rows of the lines they add, and the titles of the lines."""
    line_at, match_at = sheet.column(crosswalk["line"]), [sheet.column(name) for name in crosswalk["match"]]
    title_at = sheet.column(crosswalk["title"]) if "title" in crosswalk else None
    formula_at = sheet.column(crosswalk["formula"]) if "formula" in crosswalk else None
    plain = Sheet(sheet.file, sheet.header, tuple(_without_formula(row, formula_at) for row in sheet.rows), sheet.lines)
    typed = typed_rows(context, plain, types)
    own: dict[str, list[CrosswalkRow]] = {}
    formulas: dict[str, list[tuple[int, str]]] = {}
    lines: dict[str, str] = {}
    for number, cells, values in zip(sheet.lines, sheet.rows, typed, strict=True):
        place = Place(sheet.file, number, 1)
        line = cells[line_at]
        if line is None:
            context.problems.add(place, "the line has no name")
            continue
        lines.setdefault(line, (cells[title_at] or "") if title_at is not None else "")
        formula = cells[formula_at] if formula_at is not None else None
        if formula is not None and formula.startswith("="):
            if not _FORMULA.fullmatch(formula):
                context.problems.add(place, f"{formula} is not =1000+1021-1050")
                continue
            formulas.setdefault(line, []).extend(_terms(formula))
        else:
            match = tuple(cells[index] for index in match_at)
            own.setdefault(line, []).append(CrosswalkRow(line, match, 1, values, number))
    place = Place(sheet.file, 1, 1)
    formula_rows = _Formulas(context, place, own, formulas)
    resolved = [row for line in lines for row in formula_rows.of(line, ())]
    return tuple(resolved), lines


def _without_formula(row: tuple[str | None, ...], at: int | None) -> tuple[str | None, ...]:
    if at is None or not (row[at] or "").startswith("="):
        return row
    return (*row[:at], None, *row[at + 1 :])


def _terms(formula: str) -> list[tuple[int, str]]:
    return [(-1 if sign == "-" else 1, line) for sign, line in re.findall(r"([=+-])\s*([^\s+-]+)", formula)]


@dataclass
class _Formulas:
    """Rows of lines, those that formulas add spelled out; each line is worked out once."""

    context: Context
    place: Place
    own: Mapping[str, list[CrosswalkRow]]
    formulas: Mapping[str, list[tuple[int, str]]]
    known: dict[str, list[CrosswalkRow]] = field(default_factory=dict)
    total: int = 0

    def of(self, line: str, above: tuple[str, ...]) -> list[CrosswalkRow]:
        """The rows of a line that the lines `above` add."""
        if line in above:
            self.context.problems.add(self.place, f"line {line} adds itself")
            return []
        if line not in self.known:
            rows = list(self.own.get(line, ()))
            for sign, part in self.formulas.get(line, ()):
                rows += self._added(line, sign, part, (*above, line))
            self.known[line] = rows
        return self.known[line]

    def _added(self, line: str, sign: int, part: str, above: tuple[str, ...]) -> list[CrosswalkRow]:
        if part not in self.own and part not in self.formulas:
            self.context.problems.add(self.place, f"line {line} adds {part}, which is no line")
            return []
        added = self.of(part, above)
        self.total += len(added)
        if self.total > self.context.limits.list_rows:
            self.context.problems.add(
                self.place, self.context.limits.said("list_rows", "formulas add more than {} rows")
            )
            return []
        return [replace(row, line=line, factor=row.factor * sign, via=(part, *row.via)) for row in added]
