"""What the parts of the loader share while one pack is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from rulepacks.engine.expressions.build import build
from rulepacks.engine.expressions.certain import remarks
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.size import growth
from rulepacks.engine.expressions.tree import Literal, Node, Value
from rulepacks.engine.expressions.types import UNKNOWN, Type
from rulepacks.engine.limits import PackLimits
from rulepacks.engine.loading.document import Data, Document, Path_
from rulepacks.engine.problems import Advice, Place, ProblemList
from rulepacks.engine.spec import Input, JoinSpec, ListSpec, Parameter, Stage, TableSpec

ALL = "*"
"""In place of a name: every part of a kind."""


class AnyColumn(dict[str, Type]):
    """The columns of a broken part: each name may be one of them, of no known type."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Type:
        return UNKNOWN


@dataclass
class Context:
    """The pack as far as it has been read.

    `growths` holds for each input the derived fields whose texts may be longer than a cell, and by how much.
    `looks` holds for each join to an input that the pack declares the input whose rows look and the one they look in.
    `broken` are parts with mistakes of their own, by kind and name: that others name them is no further mistake.
    `codes` are those of all rules, also of broken ones, with the places of the rules.
    """

    folder: Path
    limits: PackLimits = field(default_factory=PackLimits)
    growths: dict[str, dict[str, int]] = field(default_factory=dict)
    looks: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: ProblemList = field(default_factory=ProblemList)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    inputs: dict[str, Input] = field(default_factory=dict)
    lists: dict[str, ListSpec] = field(default_factory=dict)
    joins: dict[str, JoinSpec] = field(default_factory=dict)
    tables: dict[str, TableSpec] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    holidays: tuple[date, ...] | None = None
    broken: set[tuple[str, str]] = field(default_factory=set)
    codes: dict[str, Place] = field(default_factory=dict)
    advice: set[Advice] = field(default_factory=set)

    @property
    def parameter_types(self) -> dict[str, Type]:
        broken = {name: UNKNOWN for kind, name in self.broken if kind == "parameter"}
        return broken | {name: parameter.type for name, parameter in self.parameters.items()}

    def row_scope(self, input_name: str) -> Scope:
        """Names for expressions over one row of an input."""
        source = self.inputs[input_name]
        fields = {name: declared.type for name, declared in source.fields.items()}
        fields |= {name: node.type for name, node in source.derived.items()}
        joins = {name: join.columns for name, join in self.joins.items() if join.source == input_name}
        return Scope(
            fields=fields,
            raws=frozenset(source.fields),
            joins={
                **{name: columns for name, columns in joins.items() if ":" not in name},
                **{name: AnyColumn() for kind, name in self.broken if kind == "join"},
            },
            parameters=self.parameter_types,
            holidays=self.holidays,
            growths=self._growths(input_name),
        )

    def derive(self, input_name: str, field_name: str, node: Node) -> None:
        """Add a derived field to an input, and keep how much longer than a cell its text may be."""
        longest = growth(node, self._growths(input_name))
        if longest > 1:
            self.growths.setdefault(input_name, {})[field_name] = longest
        source = self.inputs[input_name]
        self.inputs[input_name] = replace(source, derived={**source.derived, field_name: node})

    def _growths(self, input_name: str) -> dict[str, int]:
        """Of the fields of an input, and of the rows its joins find."""
        joined = {
            f"{join}.{column}": longest
            for join, (source, target) in self.looks.items() if source == input_name
            for column, longest in self.growths.get(target, {}).items()
        }  # fmt: skip
        joined |= {
            f"{join.name}.{name}": growth(value, self.growths.get(join.target, {}))
            for join in self.joins.values() if join.source == input_name
            for name, value in join.values.items()
        }  # fmt: skip
        return joined | self.growths.get(input_name, {})

    def expression(
        self, document: Document, path: Path_, scope: Scope, wanted: Type | None = None, rule: str = ""
    ) -> Node:
        """The tree of the expression that stands at a path; mistakes go to the problems."""
        data = value_at(document.data, path)
        text = expression_text(data)
        node, mistakes = build(text, scope, wanted, self.limits)
        for mistake in mistakes:
            place = document.within(path, mistake.at, text) if isinstance(data, str) else document.place(path)
            self.problems.add(place, mistake.message, rule)
        if mistakes:
            return Literal(value=None, type=UNKNOWN)
        for remark in remarks(node, {**scope.domains, **self._allowed()}):
            place = document.within(path, remark.at, text) if isinstance(data, str) else document.place(path)
            self.advise(place, remark.code, remark.message, rule)
        return node

    def advise(self, place: Place, code: str, message: str, rule: str = "") -> None:
        """Add what the author may want to look at."""
        self.advice.add(Advice(place.file, place.line, place.column, rule, message, code))

    def _allowed(self) -> Mapping[str, frozenset[Value]]:
        """The only values of parameters, by how they are written."""
        return {f"${name}": frozenset(one.allowed) for name, one in self.parameters.items() if one.allowed}

    def is_broken(self, kind: str, name: str) -> bool:
        """Whether the mistakes of a part are told where it stands; with ALL, those of every part of the kind."""
        return bool({(kind, name), (kind, ALL)} & self.broken)

    def known(self, what: str, name: str, known: Mapping[str, object], place: Place, rule: str = "") -> bool:
        """Whether a name is known; a problem otherwise, unless it is that of a broken part."""
        if name in known:
            return True
        if self.is_broken(what, name):
            return False
        others = ", ".join(sorted(known)) or "none"
        self.problems.add(place, f"unknown {what} {name}; known: {others}", rule)
        return False


def expression_text(data: Data) -> str:
    """An expression as text; YAML numbers, true and false stand for themselves."""
    if isinstance(data, bool):
        return "true" if data else "false"
    return str(data)


def value_at(data: Data, path: Path_) -> Data:
    """The value at a path that is known to exist."""
    for step in path:
        if isinstance(data, dict):
            data = data[str(step)]
        elif isinstance(data, list):
            data = data[int(step)]
    return data
