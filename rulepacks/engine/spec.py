"""A pack, read and checked: frozen dataclasses, no behaviour beyond simple questions about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from rulepacks.engine.bodies import Body, ParseBody, RowBody, UniqueBody
from rulepacks.engine.expressions.tree import Aggregate, Node, Value
from rulepacks.engine.expressions.types import Type
from rulepacks.engine.expressions.windows import WindowSpec
from rulepacks.engine.problems import Advice, Place

Severity = Literal["fatal", "error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("fatal", "error", "warning", "info")
PARSE = "parse"
"""Code of the built-in rule for cells that cannot be read as their field's type."""


@dataclass(frozen=True)
class Parameter:
    """A value bound per run."""

    name: str
    type: Type
    required: bool
    default: Value
    description: str
    allowed: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Field:
    """A column of an input as rules see it."""

    name: str
    type: Type
    aliases: tuple[str, ...] = ()
    normalise: tuple[str, ...] = ()
    keep_blank: bool = False
    blanks: tuple[str, ...] = ()
    optional: bool = False
    unreadable: str | None = None
    date_format: str | None = None
    unit: str = ""
    description: str = ""


@dataclass(frozen=True)
class LayoutField:
    """One field of a fixed-width record; `start` counts from 1.

    A written value stands on the side `justify` and `fill` takes up the rest, zeros in front of numbers only.
    """

    name: str
    start: int
    length: int
    justify: Literal["left", "right"] = "left"
    fill: Literal["blank", "zero"] = "blank"


@dataclass(frozen=True)
class Input:
    """A relation a pack reads. `derived` fields stand in the order they can be computed in.

    Rows of a dated input hold from the first to the last of `effective`; blank is open.
    """

    name: str
    title: str
    description: str
    optional: bool
    key: tuple[str, ...]
    unit: tuple[str, ...]
    effective: tuple[str, str] | None
    carry: tuple[str, ...]
    fixed_width: tuple[LayoutField, ...]
    fields: Mapping[str, Field]
    derived: Mapping[str, Node]

    def knows(self, name: str) -> bool:
        """Whether a name is that of a declared or derived field."""
        return name in self.fields or name in self.derived

    def type_of(self, name: str) -> Type:
        """Type of a declared or derived field."""
        return self.fields[name].type if name in self.fields else self.derived[name].type


@dataclass(frozen=True)
class ListSpec:
    """A reference list shipped in the pack; rows hold typed values in the order of `columns`."""

    name: str
    columns: Mapping[str, Type]
    key: tuple[str, ...]
    effective: tuple[str, str] | None
    rows: tuple[tuple[Value, ...], ...] = field(repr=False)


@dataclass(frozen=True)
class SequenceSpec:
    """Rows where `where` is TRUE, apart by `by`, in order (expression, whether it falls), ties by row number."""

    by: tuple[Node, ...]
    order: tuple[tuple[Node, bool], ...]
    where: Node | None
    windows: Mapping[str, WindowSpec]


@dataclass(frozen=True)
class JoinSpec:
    """The matching row over there, for the rows of one input (`source`).

    With `values` it is not a row but all matching rows together: aggregates over the rows of the target. With `order`
    (expression over the target's row, whether it falls) it is the first in this order, ties by row number.

    Kind `sequence` gives each row what it sees of the rows around it; its target is the input itself.

    `on` pairs target columns with expressions over the source row. Columns in `wildcards` match anything where the
    list's cell is blank; the row with the fewest blanks wins. `as_of` picks the row that holds then. `where` limits
    the target's rows. A target input with several matching rows gives its first by row number. Joins that rules of
    type lookup and exists make for themselves have names with a colon.
    """

    name: str
    source: str
    kind: Literal["list", "input", "table", "sequence"]
    target: str
    on: tuple[tuple[str, Node], ...]
    columns: Mapping[str, Type]
    as_of: Node | None = None
    wildcards: tuple[str, ...] = ()
    where: Node | None = None
    not_itself: bool = False
    fold_case: bool = False
    sequence: SequenceSpec | None = None
    values: Mapping[str, Aggregate] = field(default_factory=dict)
    order: tuple[tuple[Node, bool], ...] = ()

    @property
    def of_many(self) -> bool:
        """Whether its values come of many rows, any of which may keep them from being told."""
        return self.kind in {"sequence", "table"} or bool(self.values or self.order)


@dataclass(frozen=True)
class CrosswalkRow:
    """Rows of the source that match add `factor` times the value to `line`; None in `match` is any value.

    It comes from line `entry` of the crosswalk's file, by way of the lines `via` that formulas name, outermost first.
    """

    line: str
    match: tuple[str | None, ...]
    factor: int
    columns: tuple[Value, ...]
    entry: int
    via: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableSpec:
    """A crosswalk transform: for every unit every line, the sum of `value` over the matching rows.

    `value` is what is added up; its scope is the source row and the crosswalk's own columns.
    """

    name: str
    source: str
    by: tuple[str, ...]
    file: str
    match: tuple[str, ...]
    lines: Mapping[str, str]
    columns: Mapping[str, Type]
    rows: tuple[CrosswalkRow, ...] = field(repr=False)
    value: Node
    type: Type
    where: Node | None
    joins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """Rules of one stage run together; `gate_unit` leaves out units with a fatal finding of an earlier stage."""

    name: str
    title: str
    after: tuple[str, ...]
    gate_unit: bool


@dataclass(frozen=True)
class SeveritySpec:
    """A fixed severity, or the first whose condition is TRUE."""

    otherwise: Severity
    branches: tuple[tuple[Severity, Node], ...] = ()


@dataclass(frozen=True)
class Tolerance:
    """Differences up to `absolute`, or up to `relative` times the right side, are no finding."""

    absolute: Decimal = Decimal(0)
    relative: Decimal = Decimal(0)


@dataclass(frozen=True)
class MessagePart:
    """A piece of a message: fixed text, a slot (left, right, difference, tolerance), or the value of a node."""

    text: str = ""
    slot: str = ""
    node: Node | None = None


@dataclass(frozen=True)
class Rule:
    """One rule code. A reconciliation with three codes is three rules with equal bodies but for `part`."""

    code: str
    type: str
    order: int
    stage: str
    input: str
    title: str
    label: str
    authority: str
    description: str
    severity: SeveritySpec
    when: Node | None
    on_null: Literal["fail", "pass", "skip"]
    needs: tuple[str, ...]
    about: tuple[tuple[str, Node], ...]
    message: tuple[MessagePart, ...]
    effective: tuple[Node | None, Node | None]
    aliases: tuple[str, ...]
    tolerance: Tolerance | None
    body: Body
    place: Place
    text: str = field(repr=False, default="")

    @property
    def row_level(self) -> bool:
        """Whether its findings are about rows (and so decide a record's status)."""
        return isinstance(self.body, RowBody | UniqueBody | ParseBody)


@dataclass(frozen=True)
class StatusRule:
    """A status of a unit; the first whose `when` is TRUE over the unit's findings is taken. No `when`: always."""

    status: str
    when: Node | None


@dataclass(frozen=True)
class OutputSpec:
    """A file made from a table, from the rows of an input, or from the findings: columns as (header, expression).

    Only rows where `where` is TRUE and whose unit has one of these statuses; all units when there is none. With
    `carried`, the columns an input carries come after the others.
    """

    name: str
    format: Literal["csv", "excel", "fixed_width", "json", "ndjson", "parquet"]
    kind: Literal["table", "input", "findings"]
    source: str
    columns: tuple[tuple[str, Node], ...]
    where: Node | None
    units: tuple[str, ...]
    layout: tuple[LayoutField, ...]
    carried: bool = False


@dataclass(frozen=True)
class Pack:
    """A pack as the engine runs it."""

    name: str
    kind: str
    version: str
    title: str
    description: str
    labels: Mapping[str, str]
    severity_labels: Mapping[str, str]
    parameters: Mapping[str, Parameter]
    inputs: Mapping[str, Input]
    lists: Mapping[str, ListSpec]
    joins: Mapping[str, JoinSpec]
    tables: Mapping[str, TableSpec]
    stages: tuple[Stage, ...]
    rules: tuple[Rule, ...]
    statuses: tuple[StatusRule, ...]
    outputs: tuple[OutputSpec, ...]
    as_of: Node | None
    content_hash: str
    advice: tuple[Advice, ...] = ()

    @property
    def first_input(self) -> Input:
        """The input whose rows are the records."""
        return next(iter(self.inputs.values()))

    def rule(self, code: str) -> Rule:
        """The rule of a code, or of a former code. Raises KeyError."""
        for rule in self.rules:
            if code == rule.code or code in rule.aliases:
                return rule
        raise KeyError(code)
