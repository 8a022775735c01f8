"""Findings about one record, worded as those of a batch are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rulepacks.engine.bodies import ParseBody, RowBody
from rulepacks.engine.cell_values import as_text
from rulepacks.engine.compile_python import Read, Slots, compile_node
from rulepacks.engine.evaluation.findings import BLANK, tolerance_text
from rulepacks.engine.evaluation.reads import blank_names, parts_shown, rule_nodes, shown_as, shown_nodes
from rulepacks.engine.expressions.functions.base import Fault
from rulepacks.engine.expressions.tree import Field, JoinField, Node, Raw
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.record_row import RowPlan
from rulepacks.engine.spec import Pack, Rule

SHOWN_CELL = 80
Text = Callable[[Slots], str | None]


@dataclass(frozen=True)
class RecordFinding:
    """One rule not satisfied by a record; amounts and values as text."""

    rule: str
    type: str
    stage: str
    severity: str
    label: str
    input: str
    key: Mapping[str, str | None]
    unit: str | None
    left: str | None
    right: str | None
    difference: str | None
    tolerance: str | None
    fields: Mapping[str, str | None]
    message: str
    fingerprint: str


class Renderer:
    """Renders the findings of one rule; compiled when the rule first fails."""

    def __init__(self, pack: Pack, rule: Rule, plan: RowPlan) -> None:
        self.pack, self.rule, self.plan = pack, rule, plan
        source = pack.first_input
        self._key: dict[str, Text] = {
            name: self._text(Field(name=name, type=source.type_of(name))) for name in source.key
        }
        self._key |= {name: self._text(node) for name, node in rule.about}
        self._unit = [self._text(Field(name=name, type=source.type_of(name))) for name in source.unit]
        self._severities = [(word, self._value(node)) for word, node in rule.severity.branches]
        self._fields = self._shown(rule_nodes(rule) + shown_nodes(rule))
        self._amounts = self._amount_texts()
        self._message = self._message_texts()
        self._blanks = self._blank_fields()

    def render(self, slots: Slots) -> Iterator[RecordFinding]:
        """The findings: one, or for unreadable cells one a field."""
        if not isinstance(self.rule.body, ParseBody):
            fields = {name: text(slots) for name, text in self._fields.items()}
            yield self._finding(slots, fields, self._worded(slots))
            return
        names = self.rule.body.fields.get(self.pack.first_input.name, ())
        for name in names:
            if slots[self.plan.bad[name]]:
                raw = slots[self.plan.places.raws[name]]
                kind = self.pack.first_input.fields[name].type
                message = f"{name} cannot be read as {kind}: {raw[:SHOWN_CELL]}."
                yield self._finding(slots, {name: raw}, message, self.pack.first_input.name, name)

    def _finding(self, slots: Slots, fields: Mapping[str, str | None], message: str, *cell: str) -> RecordFinding:
        rule = self.rule
        key = {name: text(slots) for name, text in self._key.items()}
        severity = next((word for word, test in self._severities if test(slots) is True), rule.severity.otherwise)
        unit = self._unit_text(slots)
        left, right, difference = (amount(slots) for amount in self._amounts)
        return RecordFinding(
            rule=rule.code,
            type=rule.type,
            stage=rule.stage,
            severity=severity,
            label=rule.label or self.pack.severity_labels.get(severity, severity.capitalize()),
            input=self.pack.first_input.name,
            key=key,
            unit=unit,
            left=left,
            right=right,
            difference=difference,
            tolerance=tolerance_text(rule),
            fields=fields,
            message=message,
            fingerprint=_fingerprint(rule.code, cell, key, unit),
        )

    def _value(self, node: Node) -> Read:
        """The value of a node; NULL where it faults."""
        compute = compile_node(node, self.plan.places)

        def read(slots: Slots) -> object:
            try:
                return compute(slots)
            except Fault:
                return None

        return read

    def _text(self, node: Node) -> Text:
        value, kind = self._value(node), node.type

        def read(slots: Slots) -> str | None:
            found = value(slots)
            return None if found is None else as_text(found, kind)

        return read

    def _read_text(self, node: Node) -> Text:
        """A value as shown: the delivered text where the cell could not be read."""
        text = self._text(node)
        raw = self.plan.places.raws.get(node.name) if isinstance(node, Field) and node.name in self.plan.bad else None
        if raw is None:
            return text
        return lambda slots: text(slots) or slots[raw] or None

    def _shown(self, nodes: Sequence[Node]) -> dict[str, Text]:
        """Everything the expressions read, in the order they read it."""
        shown: dict[str, Text] = {}
        for node in parts_shown(self.pack, nodes):
            if isinstance(node, Field):
                shown.setdefault(shown_as(node), self._read_text(node))
            elif isinstance(node, Raw):
                shown.setdefault(node.name, self._text(node))
            elif isinstance(node, JoinField):
                shown.setdefault(shown_as(node), self._text(node))
        return shown

    def _amount_texts(self) -> tuple[Text, Text, Text]:
        body = self.rule.body
        if not isinstance(body, RowBody) or body.left is None or body.right is None:
            return _nothing, _nothing, _nothing
        node = difference_node(body.left, body.right)
        return self._text(body.left), self._text(body.right), _nothing if node is None else self._text(node)

    def _message_texts(self) -> list[Text]:
        left, right, difference = self._amounts
        slots = {"left": left, "right": right, "difference": difference, "tolerance": _fixed(tolerance_text(self.rule))}
        parts: list[Text] = []
        for part in self.rule.message:
            if part.slot:
                parts.append(slots.get(part.slot, _nothing))
            else:
                parts.append(_fixed(part.text) if part.node is None else self._read_text(part.node))
        return parts or [_fixed(f"{self.rule.title}: not satisfied.")]

    def _blank_fields(self) -> tuple[Read, dict[str, Read]]:
        body = self.rule.body
        if not isinstance(body, RowBody):
            return _fixed(""), {}
        fields = {name: self._value(node) for name, node in blank_names(body.require).items()}
        return self._value(body.require), fields

    def _worded(self, slots: Slots) -> str:
        texts = [text(slots) for text in self._message]
        message = "".join(BLANK if text is None else text for text in texts)
        require, fields = self._blanks
        if require(slots) is not None:
            return message
        blanks = ", ".join(name for name, value in fields.items() if value(slots) is None)
        return f"{message} Blank: {blanks}." if blanks else message

    def _unit_text(self, slots: Slots) -> str | None:
        parts = [text(slots) for text in self._unit]
        if all(part is None for part in parts):
            return None
        return "|".join(part or "" for part in parts)


def _nothing(_: Slots) -> None:
    return None


def _fixed(text: str | None) -> Text:
    return lambda slots: text


def _fingerprint(code: str, cell: Sequence[str], key: Mapping[str, str | None], unit: str | None) -> str:
    text = "{" + ",".join([f"{_json(name)}:{_json(value)}" for name, value in key.items()]) + "}"
    return hashlib.sha256("\x1f".join([code, *cell, text, unit or "", "1"]).encode()).hexdigest()[:16]


_ESCAPED = {at: f"\\u{at:04X}" for at in range(32)} | str.maketrans(
    {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
)


def _json(text: str | None) -> str:
    """A text in JSON as DuckDB writes it, which Python's own writer does with other hexadecimal digits."""
    return "null" if text is None else f'"{text.translate(_ESCAPED)}"'
