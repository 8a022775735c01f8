"""A whole batch: stage by stage, with gates, states of records and statuses of units."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rulepacks.engine.bodies import ParseBody, ReconcileBody
from rulepacks.engine.expressions.tree import Aggregate, Node
from rulepacks.engine.loading.parameters import bind_parameters
from rulepacks.engine.spec import SEVERITIES, Pack, Rule
from rulepacks.engine.tests.oracle.findings import Finding, findings_of
from rulepacks.engine.tests.oracle.judging import Verdicts, judge, nodes_of
from rulepacks.engine.tests.oracle.meaning import aggregated, value_of
from rulepacks.engine.tests.oracle.values import Value, plain
from rulepacks.engine.tests.oracle.world import Delivered, World, reached

COLUMNS = (
    "rule", "type", "stage", "severity", "label", "input", "row", "key", "unit", "left", "right", "difference",
    "tolerance", "fields", "rows", "message", "fingerprint",
)  # fmt: skip
"""What the digest goes over, in this order."""


@dataclass
class Judgement:
    """All that a batch comes to."""

    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    states: dict[int, str] = field(default_factory=dict)
    units: dict[str, tuple[str, dict[str, int]]] = field(default_factory=dict)
    verdicts: dict[str, Verdicts] = field(default_factory=dict)
    digest: str = ""


def digest_of(findings: Sequence[Finding]) -> str:
    """Over the findings in their order, as texts."""
    lines = ["\x1f".join(as_text(finding[name]) for name in COLUMNS) + "\n" for finding in findings]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def as_text(value: Any) -> str:
    return "" if value is None else str(value)


def judge_batch(pack: Pack, delivered: Mapping[str, Sequence[Delivered]], given: Mapping[str, object]) -> Judgement:
    """Judge all rows of all inputs. Each row is its `row_number` and its delivered columns."""
    parameters = bind_parameters(pack, given)
    judgement = Judgement()
    for stage in pack.stages:
        gated = gated_units(pack, stage.after, judgement.findings) if stage.gate_unit else frozenset()
        world = World(pack, delivered, parameters, gated)
        for rule in in_order([rule for rule in pack.rules if rule.stage == stage.name]):
            judgement.outcomes[rule.code] = judge_rule(rule, world, judgement)
        for rule in (rule for rule in pack.rules if rule.stage == stage.name):
            judgement.findings += findings_of(rule, judgement.verdicts[rule.code], world)
    judgement.digest = digest_of(judgement.findings)
    judgement.states = states(pack, judgement)
    judgement.units = units(World(pack, delivered, parameters), judgement.findings)
    return judgement


def in_order(rules: Sequence[Rule]) -> list[Rule]:
    """Rules after those they need."""
    waiting, done = list(rules), []
    while waiting:
        codes = {code for rule in waiting for code in (rule.code, *rule.aliases)}
        ready = next(rule for rule in waiting if not codes & set(rule.needs))
        waiting.remove(ready)
        done.append(ready)
    return done


def judge_rule(rule: Rule, world: World, judgement: Judgement) -> dict[str, int]:
    """The outcomes of a rule, counted; its verdicts are kept for the rules that need it."""
    if isinstance(rule.body, ParseBody):
        judgement.verdicts[rule.code] = Verdicts()
        return parse_outcomes(rule.body, world)
    judgement.verdicts[rule.code] = Verdicts(absent=not inputs_of(rule, world.pack) <= set(world.delivered))
    if judgement.verdicts[rule.code].absent:
        return Counter(not_evaluated=1)
    if not in_force(rule, world):
        return Counter(not_applicable=1)
    verdicts = judgement.verdicts[rule.code] = judge(rule, world, judgement.verdicts)
    counts: Counter[str] = Counter([*verdicts.rows.values(), *(outcome for _, outcome in verdicts.others)])
    everything = World(world.pack, world.delivered, world.parameters).rows(rule.input)
    left_out = [row for row in everything if row.unit() in world.gated]
    if rule.row_level:
        verdicts.rows |= {row.row_number: "not_evaluated" for row in left_out}
    counts["not_evaluated"] += len(left_out) if rule.row_level else len(world.gated)
    return +counts


def parse_outcomes(body: ParseBody, world: World) -> dict[str, int]:
    """Counts cells."""
    counts: Counter[str] = Counter()
    for name in set(body.fields) & set(world.delivered):
        for row in world.rows(name):
            counts.update("fail" if row.unreadable(cell) else "pass" for cell in body.fields[name])
    return counts


def inputs_of(rule: Rule, pack: Pack) -> set[str]:
    """Inputs a rule cannot do without."""
    if isinstance(rule.body, ReconcileBody):
        sides = [rule.body.left, rule.body.right]
        return {rule.input}.union(*(joined(pack, side.input, [*side.on, side.value]) for side in sides))
    return {rule.input} | joined(pack, rule.input, nodes_of(rule))


def joined(pack: Pack, name: str, nodes: Sequence[Node]) -> set[str]:
    """The input, and those that expressions over it look in."""
    joins = [pack.joins[join] for join, _ in reached(nodes, pack.inputs[name], pack)[1]]
    return {name} | {join.target for join in joins if join.kind == "input"}


def in_force(rule: Rule, world: World) -> bool:
    first, last = rule.effective
    if world.pack.as_of is None or (first is None and last is None):
        return True
    only = _Parameters(world.parameters)
    now = value_of(world.pack.as_of, only)
    begins, ends = (None if end is None else value_of(end, only) for end in (first, last))
    return now is not None and (first is None or begins <= now) and (last is None or now <= ends)


def gated_units(pack: Pack, after: Sequence[str], findings: Sequence[Finding]) -> frozenset[str]:
    """Units with a fatal finding in the stages a gate looks back to, and those before them."""
    stages, waiting = set(), list(after)
    while waiting:
        name = waiting.pop()
        stages.add(name)
        waiting += next(stage.after for stage in pack.stages if stage.name == name)
    return frozenset(
        finding["unit"] for finding in findings
        if finding["stage"] in stages and finding["severity"] == "fatal" and finding["unit"] is not None
    )  # fmt: skip


def states(pack: Pack, judgement: Judgement) -> dict[int, str]:
    """Records that are not processed."""
    found = {}
    for rule in pack.rules:
        for number, outcome in judgement.verdicts.get(rule.code, Verdicts()).rows.items():
            if outcome == "error" and rule.input == pack.first_input.name:
                found[number] = "errored"
    for finding in judgement.findings:
        if finding["row"] and finding["input"] == pack.first_input.name and finding["severity"] in SEVERITIES[:2]:
            found[finding["row"]] = "failed"
    return found


def units(world: World, findings: Sequence[Finding]) -> dict[str, tuple[str, dict[str, int]]]:
    """Status and number of findings by severity, of each unit in the first input or in a finding."""
    pack = world.pack
    found: dict[str, tuple[str, dict[str, int]]] = {}
    for name in {*(row.unit() for row in world.rows(pack.first_input.name)), *(one["unit"] for one in findings)}:
        if name is None:
            continue
        mine = [finding for finding in findings if finding["unit"] == name]
        counts = Counter(finding["severity"] for finding in mine)
        view = _Findings(world.parameters, mine)
        always = next((status for status in pack.statuses if status.when is None), None)
        met = (one for one in pack.statuses if one.when is not None and value_of(one.when, view) is True)
        status = next(met, always)
        found[name] = (status.status if status else "", {word: counts[word] for word in SEVERITIES})
    return found


class _Parameters:
    """A view that knows the parameters only."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = parameters

    def parameter(self, name: str) -> Value:
        return plain(self.parameters[name])

    def field(self, name: str) -> Value:
        raise KeyError(name)

    def raw(self, name: str) -> str | None:
        raise KeyError(name)

    def joined(self, join: str, name: str) -> Value:
        raise KeyError(join)

    def finds(self, join: str) -> bool:
        raise KeyError(join)

    def aggregate(self, node: Aggregate) -> Value:
        raise KeyError(node.name)


class _Finding(_Parameters):
    def __init__(self, finding: Finding) -> None:
        super().__init__({})
        self.finding = finding

    def field(self, name: str) -> Value:
        return self.finding[name]


class _Findings(_Parameters):
    """The findings of a unit, as the conditions of statuses look at them."""

    def __init__(self, parameters: Mapping[str, Any], findings: Sequence[Finding]) -> None:
        super().__init__(parameters)
        self.views = [_Finding(finding) for finding in findings]

    def aggregate(self, node: Aggregate) -> Value:
        return aggregated(node, self.views)
