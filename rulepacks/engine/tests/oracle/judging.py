"""What a rule comes to: for each row, each group or each pair it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rulepacks.engine.bodies import GroupBody, ReconcileBody, RowBody, UniqueBody
from rulepacks.engine.expressions.tree import Aggregate, Found, JoinField, Node
from rulepacks.engine.spec import Rule
from rulepacks.engine.tests.oracle.groups import Group, Pair, groups_of, inside, pairs_of
from rulepacks.engine.tests.oracle.meaning import View, value_of
from rulepacks.engine.tests.oracle.values import Fault, Value, plain
from rulepacks.engine.tests.oracle.world import Row, World, by_node

Outcome = Literal["pass", "fail", "not_applicable", "not_evaluated", "error"]


@dataclass
class Verdicts:
    """Outcomes of one rule; `rows` for rules about rows, by row number."""

    rows: dict[int, Outcome] = field(default_factory=dict)
    others: list[tuple[Group | Pair, Outcome]] = field(default_factory=list)
    absent: bool = False

    def broken(self, row: Row) -> bool:
        """Whether the rule failed or broke on a row, or lacks an input."""
        return self.absent or self.rows.get(row.row_number) in {"fail", "error"}

    def unmet(self, row: Row) -> bool:
        """The same, or it was not evaluated."""
        return self.broken(row) or self.rows.get(row.row_number) == "not_evaluated"


Needs = Sequence[Callable[[Row], bool]]
"""For each rule that is needed, whether it is not satisfied for a row."""


def nodes_of(rule: Rule) -> list[Node]:
    """The expressions that decide a rule about rows or groups."""
    body = rule.body
    nodes = [rule.when]
    if isinstance(body, RowBody):
        nodes.append(body.require)
    elif isinstance(body, UniqueBody):
        nodes += body.key
    elif isinstance(body, GroupBody):
        nodes += [body.where, body.require]
    return [node for node in nodes if node is not None]


def judge(rule: Rule, world: World, earlier: Mapping[str, Verdicts]) -> Verdicts:
    """Judge one rule over the rows of its stage; `earlier` holds the rules it needs."""
    needed = [(world.pack.rule(code).stage, earlier[world.pack.rule(code).code]) for code in rule.needs]
    needs = [found.unmet if stage == rule.stage else found.broken for stage, found in needed]
    if isinstance(rule.body, RowBody):
        return Verdicts({row.row_number: row_outcome(rule, row, needs) for row in world.rows(rule.input)})
    if isinstance(rule.body, UniqueBody):
        return Verdicts(unique(rule, rule.body, world.rows(rule.input), needs))
    if isinstance(rule.body, GroupBody):
        groups = groups_of(rule, rule.body, world)
        return Verdicts(others=[(group, group_outcome(rule, rule.body, group, needs)) for group in groups])
    assert isinstance(rule.body, ReconcileBody)
    parameters = {name: plain(value) for name, value in world.parameters.items()}
    pairs = pairs_of(rule.body, world, parameters)
    return Verdicts(others=[(pair, pair_outcome(rule, rule.body, pair, needs)) for pair in pairs])


def row_outcome(rule: Rule, row: Row, needs: Needs) -> Outcome:
    """The cell whose unreadability this rule reports is a finding, whatever else holds."""
    codes, fields = {rule.code, *rule.aliases}, row.input.fields.values()
    own = [given.name for given in fields if given.unreadable in codes]
    if any(map(row.unreadable, own)):
        return "fail"
    assert isinstance(rule.body, RowBody)
    if row.misreads(nodes_of(rule)) or any(unmet(row) for unmet in needs):
        return "not_evaluated"
    return condition(rule, row, rule.body.require)


def condition(rule: Rule, view: View, require: Node) -> Outcome:
    """`require` must be TRUE where `when` is; what NULL is, the rule says."""
    try:
        if rule.when is not None and value_of(rule.when, view) is not True:
            return "not_applicable"
        value = value_of(require, view)
    except Fault:
        return "error"
    if value is None:
        unknown: dict[str, Outcome] = {"fail": "fail", "pass": "pass", "skip": "not_applicable"}
        return unknown[rule.on_null]
    return "pass" if value else "fail"


def unique(rule: Rule, body: UniqueBody, rows: Sequence[Row], needs: Needs) -> dict[int, Outcome]:
    """Rows with equal keys, blanks being equal."""
    outcomes: dict[int, Outcome] = {}
    seen: dict[tuple[Value, ...], list[int]] = {}
    for row in rows:
        if row.misreads(nodes_of(rule)) or any(unmet(row) for unmet in needs):
            outcomes[row.row_number] = "not_evaluated"
            continue
        try:
            if rule.when is not None and value_of(rule.when, row) is not True:
                outcomes[row.row_number] = "not_applicable"
                continue
            seen.setdefault(tuple(value_of(node, row) for node in body.key), []).append(row.row_number)
        except Fault:
            outcomes[row.row_number] = "error"
    for numbers in seen.values():
        repeats = numbers[1:] if body.report == "later" else numbers if len(numbers) > 1 else []
        outcomes |= {number: "fail" if number in repeats else "pass" for number in numbers}
    return outcomes


def unread(group: Group, nodes: Iterable[Node], needs: Needs) -> bool:
    """Whether cells that cannot be read, or rules that are needed, keep a group from being judged."""
    read = list(nodes)
    return group.unread or any(row.misreads(read) or any(unmet(row) for unmet in needs) for row in group.picked)


def beside_aggregates(nodes: Iterable[Node]) -> Iterator[Node]:
    """What of joins is looked at once a group."""
    for node in nodes:
        if isinstance(node, JoinField | Found):
            yield node
        elif not isinstance(node, Aggregate):
            yield from beside_aggregates(node.children)


def group_outcome(rule: Rule, body: GroupBody, group: Group, needs: Needs) -> Outcome:
    rows = group.picked + group.unclear
    by = [by_node(rows[0], name) for name in body.by]
    deciding = [node for node in (rule.when, body.require) if node is not None]
    if unread(group, [*by, *inside(nodes_of(rule))], needs) or rows[0].misreads(beside_aggregates(deciding)):
        return "not_evaluated"
    return "error" if group.faulted else condition(rule, group, body.require)


def pair_outcome(rule: Rule, body: ReconcileBody, pair: Pair, needs: Needs) -> Outcome:
    sides = [(pair.left, body.left), (pair.right, body.right)]
    for group, side in sides:
        mine = needs if side.input == rule.input else []
        if group is not None and unread(group, [*side.on, *inside([side.value])], mine):
            return "not_evaluated"
    if any(group is not None and group.faulted for group, _ in sides):
        return "error"
    try:
        kind = pair_kind(rule, body, pair)
    except Fault:
        return "error"
    if body.part == "any":
        return "pass" if kind in {"agrees", "ignored"} else "fail"
    if kind == body.part:
        return "fail"
    return "pass" if applies(body, pair) else "not_applicable"


def applies(body: ReconcileBody, pair: Pair) -> bool:
    """Whether a key could have the kind of result a code stands for."""
    there = {"only_left": pair.left is not None, "only_right": pair.right is not None}
    return there[body.part] if body.part in there else body.missing_is_zero or all(there.values())


def pair_kind(rule: Rule, body: ReconcileBody, pair: Pair) -> str:
    left, right = pair.amount("left"), pair.amount("right")
    lonely = None if body.missing_is_zero else "left" if pair.right is None else "right" if pair.left is None else None
    if lonely:
        return "ignored" if body.ignore_zero and pair.amount(lonely) == 0 else f"only_{lonely}"
    limits = [plain(rule.tolerance.absolute), abs(right) * plain(rule.tolerance.relative)] if rule.tolerance else [0]
    return "agrees" if abs(left - right) <= max(limits) else "differs"
