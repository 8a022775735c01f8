"""What the findings of a rule say, and in which order they stand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from rulepacks.engine.bodies import GroupBody, ParseBody, ReconcileBody, RowBody, ScoreBody, UniqueBody
from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, Raw, walk
from rulepacks.engine.expressions.types import Type, common
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.spec import Pack, Rule
from rulepacks.engine.tests.oracle.groups import Group, Pair
from rulepacks.engine.tests.oracle.judging import Verdicts, nodes_of
from rulepacks.engine.tests.oracle.meaning import View, holds_true, shown, value_of
from rulepacks.engine.tests.oracle.order import quiet
from rulepacks.engine.tests.oracle.values import Fault, Value, text_of
from rulepacks.engine.tests.oracle.world import Row, World, header, joined_texts

Finding = dict[str, Any]
Texts = dict[str, str | None]


def findings_of(rule: Rule, verdicts: Verdicts, world: World) -> list[Finding]:
    """The findings of a rule, in order."""
    if isinstance(rule.body, ParseBody):
        return [one for name in world.pack.inputs for one in unreadable(rule, rule.body, world, name)]
    if rule.row_level:
        rows = [row for row in world.rows(rule.input) if verdicts.rows.get(row.row_number) == "fail"]
        return numbered([row_finding(rule, row) for row in rows])
    failed = [view for view, outcome in verdicts.others if outcome == "fail"]
    about = [group_finding(rule, view) if isinstance(view, Group) else pair_finding(rule, view) for view in failed]
    return numbered([finding for _, finding in sorted(about, key=lambda one: one[0])])


def numbered(findings: list[Finding], *cell: str) -> list[Finding]:
    """With fingerprints: those with the same key, of cells also input and field, are counted through."""
    seen: dict[tuple[str, str], int] = {}
    for finding in findings:
        key = finding["key"], finding["unit"] or ""
        seen[key] = seen.get(key, 0) + 1
        text = "\x1f".join([finding["rule"], *cell, *key, str(seen[key])])
        finding["fingerprint"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return findings


def unreadable(rule: Rule, body: ParseBody, world: World, name: str) -> Iterator[Finding]:
    """The findings of the built-in rule in one input, field by field."""
    for field in body.fields.get(name, ()) if name in world.delivered else ():
        rows = [row for row in world.rows(name) if row.unreadable(field)]
        kind = world.pack.inputs[name].fields[field].type
        found = []
        for row in rows:
            raw = row.raw(field) or ""
            finding = base(rule, world.pack, row, row_key(rule, row), row.unit())
            found.append(finding | {
                "input": name, "row": row.row_number, "fields": as_json({field: raw} | carried(row)),
                "message": f"{field} cannot be read as {kind}: {raw[:80]}.",
            })  # fmt: skip
        yield from numbered(found, name, field)


def base(rule: Rule, pack: Pack, view: View, key: Texts, unit: str | None) -> Finding:
    """What all findings have."""
    severity = next((word for word, test in rule.severity.branches if holds_true(test, view)), rule.severity.otherwise)
    return {
        "rule": rule.code, "type": rule.type, "stage": rule.stage, "severity": severity,
        "label": rule.label or pack.severity_labels.get(severity, severity.capitalize()), "input": rule.input,
        "row": None, "key": as_json(key), "unit": unit, "left": None, "right": None, "difference": None,
        "tolerance": tolerance(rule), "fields": "{}", "rows": [],
    }  # fmt: skip


def row_finding(rule: Rule, row: Row) -> Finding:
    nodes = nodes_of(rule)
    if isinstance(rule.body, UniqueBody) and len(rule.body.key) > 8:
        nodes = [node for node in nodes if node is rule.when]
    shown_nodes = [*(node for _, node in rule.about), *(part.node for part in rule.message if part.node is not None)]
    shown_nodes += [node for _, node in rule.severity.branches]
    body = rule.body
    if isinstance(body, RowBody):
        shown_nodes += [node for node in (body.left, body.right) if node is not None]
    if isinstance(body, ScoreBody):
        shown_nodes += [node for _, node in body.columns]
    sides = amounts(row, *((body.left, body.right) if isinstance(body, RowBody) else (None, None)))
    finding = base(rule, row.world.pack, row, row_key(rule, row), row.unit()) | sides
    words = worded(rule, finding, lambda node: read_text(node, row)) + blanks(rule, row)
    read = dict(values_read(row, [*nodes, *shown_nodes]))
    return finding | {"row": row.row_number, "fields": as_json(read | carried(row)), "message": words}


def row_key(rule: Rule, row: Row) -> Texts:
    return {name: row.text(name) for name in row.input.key} | {name: shown(node, row) for name, node in rule.about}


def amounts(view: View, left: Node | None, right: Node | None) -> Finding:
    """Both sides and their difference, where both are known numbers and it has no more than 38 digits."""
    if left is None or right is None:
        return {}
    texts = {"left": shown(left, view), "right": shown(right, view)}
    difference = difference_node(left, right)
    return {**texts, "difference": shown(difference, view)} if difference is not None else texts


def values_read(row: Row, nodes: Sequence[Node]) -> Iterator[tuple[str, str | None]]:
    """The values expressions name, in order; of a join that is only tested, what it looks for."""
    names = set()
    for node in (part for tree in nodes for part in walk(tree)):
        if isinstance(node, Found):
            join = row.world.pack.joins[node.join]
            parts = [part for _, part in join.on] + ([join.as_of] if join.as_of is not None else [])
            found = values_read(row, parts)
        elif isinstance(node, JoinField):
            own = node.join.endswith(":")
            found = iter([(node.name if own else f"{node.join}.{node.name}", shown(node, row))])
        elif isinstance(node, Field | Raw):
            found = iter([(node.name.rpartition(":")[2], read_text(node, row))])
        else:
            continue
        for name, text in found:
            if name not in names:
                names.add(name)
                yield name, text


def read_text(node: Node, row: Row) -> str | None:
    """A value; of a cell that is no text and cannot be read, what was delivered."""
    text = shown(node, row)
    if text is None and isinstance(node, Field) and node.name in row.input.fields and node.type.kind != "text":
        return row.raw(node.name) or None
    return text


def carried(row: Row) -> Texts:
    """Delivered columns that are no fields and are to be echoed."""
    fields = row.input.fields
    known = {header(name) for field in fields.values() for name in (field.name, *field.aliases)}
    return {
        column: text for column, text in row.delivered.items()
        if column != "row_number" and header(column) not in known
        and any(fnmatchcase(header(column), pattern) for pattern in row.input.carry)
    }  # fmt: skip


def blanks(rule: Rule, row: Row) -> str:
    """The note on fields that are blank, when that is why the condition is unknown."""
    if not isinstance(rule.body, RowBody):
        return ""
    require = rule.body.require
    try:
        if value_of(require, row) is not None:
            return ""
    except Fault:
        pass
    names: dict[str, Node] = {}
    for node in walk(require):
        if isinstance(node, Field) and ":" not in node.name:
            names[node.name] = node
        elif isinstance(node, JoinField) and ":" not in node.join:
            names[f"{node.join}.{node.name}"] = node
    blank = [name for name, node in names.items() if quiet(node, row) is None]
    return f" Blank: {', '.join(blank)}." if blank else ""


def worded(rule: Rule, finding: Mapping[str, Any], text: Callable[[Node], str | None]) -> str:
    """The message: the template filled in."""
    if not rule.message:
        left, right = (finding[side] or "(blank)" for side in ("left", "right"))
        body = rule.body
        compared = isinstance(body, ReconcileBody) or (isinstance(body, GroupBody) and body.left and body.right)
        return f"{rule.title}: {left} against {right}." if compared else f"{rule.title}: not satisfied."
    parts: list[str | None] = []
    for part in rule.message:
        if part.slot:
            parts.append(finding[part.slot])
        else:
            parts.append(text(part.node) if part.node is not None else part.text)
    return "".join("(blank)" if part is None else part for part in parts)


def tolerance(rule: Rule) -> str | None:
    if rule.tolerance is None:
        return None
    absolute, relative = rule.tolerance.absolute, rule.tolerance.relative
    parts = [format(absolute, "f")] if absolute or not relative else []
    return " or ".join(parts + ([f"{format(relative * 100, 'f').rstrip('0').rstrip('.')} %"] if relative else []))


Ordered = tuple[tuple[Any, ...], Finding]


def group_finding(rule: Rule, group: Group) -> Ordered:
    body = rule.body
    assert isinstance(body, GroupBody)
    row = group.picked[0]
    key = {name: row.text(name) for name in body.by}
    finding = base(rule, row.world.pack, group, key | about(rule, group), unit_of(row.world.pack, key))
    finding |= amounts(group, body.left, body.right)
    numbers = [one.row_number for one in group.picked][:100]
    message = worded(rule, finding, lambda node: shown(node, group))
    fields = as_json(dict(joined_values(rule, body, group)))
    return ordered(key.values()), finding | {"rows": numbers, "message": message, "fields": fields}


def joined_values(rule: Rule, body: GroupBody, group: Group) -> Iterator[tuple[str, str | None]]:
    """The columns of joins that are looked at once a group."""
    nodes = [rule.when, body.require, *(node for _, node in rule.about), *(part.node for part in rule.message)]
    nodes += [*(node for _, node in rule.severity.branches), body.left, body.right]
    for tree in [node for node in nodes if node is not None]:
        for node in outside(tree):
            if isinstance(node, JoinField):
                yield f"{node.join}.{node.name}", shown(node, group)


def outside(node: Node) -> Iterator[Node]:
    """Nodes that do not stand inside an aggregate."""
    if type(node).__name__ != "Aggregate":
        yield node
        for child in node.children:
            yield from outside(child)


def pair_finding(rule: Rule, pair: Pair) -> Ordered:
    body = rule.body
    assert isinstance(body, ReconcileBody)
    pack = next(group.world.pack for group in (pair.left, pair.right) if group is not None)
    key = {name: text_of(value, key_type(body, name)) for name, value in pair.key.items()}
    finding = base(rule, pack, pair, key | about(rule, pair), unit_of(pack, key)) | {"input": body.left.input}
    sides = (Field(name=f"value:{side}", type=part.value.type) for side, part in
             (("left", body.left), ("right", body.right)))  # fmt: skip
    finding |= amounts(pair, *sides)
    if not body.missing_is_zero:
        # It counts as 0 in the difference, and is shown as what it is.
        finding |= {side: None for side in ("left", "right") if pair.value(side) is None}
    rows = [
        row.row_number
        for group, side in ((pair.left, body.left), (pair.right, body.right))
        if group is not None and side.input == pack.first_input.name and None not in pair.key.values()
        for row in group.picked
    ]
    message = worded(rule, finding, lambda node: shown(node, pair))
    place = (*ordered(key.values()), pair.right is not None)
    return place, finding | {"rows": sorted(rows)[:100], "message": message}


def key_type(body: ReconcileBody, name: str) -> Type:
    at = body.on.index(name)
    both = common(body.left.on[at].type, body.right.on[at].type)
    assert both is not None
    return both


def about(rule: Rule, view: View) -> Texts:
    return {name: shown(node, view) for name, node in rule.about}


def unit_of(pack: Pack, key: Mapping[str, str | None]) -> str | None:
    """The unit a key names, if it does."""
    names = pack.first_input.unit
    return joined_texts([key[name] for name in names]) if names and set(names) <= set(key) else None


def ordered(texts: Any) -> tuple[tuple[bool, Value], ...]:
    """Blanks first, then by code point."""
    return tuple((text is not None, text or "") for text in texts)


def as_json(texts: Mapping[str, str | None]) -> str:
    """A JSON object without blanks; control characters with capital digits, all else as it is."""
    return "{" + ",".join(f"{json_text(name)}:{json_text(text)}" for name, text in texts.items()) + "}"


def json_text(text: str | None) -> str:
    if text is None:
        return "null"
    plain = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    letters = [plain.get(letter) or (letter if letter >= " " else f"\\u{ord(letter):04X}") for letter in text]
    return f'"{"".join(letters)}"'
