"""Judge one record in microseconds: row rules compiled to closures, with the meaning they have in a batch.

Rules that need other rows (and lookups in other inputs) are `not_evaluated` here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rulepacks.engine.compile_python import Places, compile_node
from rulepacks.engine.evaluation.columns import bind_columns
from rulepacks.engine.evaluation.masks import layered, own_unreadable
from rulepacks.engine.evaluation.reads import Reads, rule_nodes, shown_nodes
from rulepacks.engine.expressions.functions.base import Fault, Slots
from rulepacks.engine.expressions.tree import Value
from rulepacks.engine.loading.parameters import bind_parameters
from rulepacks.engine.record_findings import RecordFinding, Renderer
from rulepacks.engine.record_row import delivered_text, plan_row
from rulepacks.engine.spec import Pack, ParseBody, RowBody, Rule

Outcome = Literal["pass", "fail", "not_applicable", "not_evaluated", "error"]
KNOWN_HEADERS = 200


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """The outcome of one rule for one record."""

    rule: str
    outcome: Outcome


@dataclass(frozen=True)
class RecordVerdict:
    """Findings and one outcome a rule, in the order of the pack; `errored` when a rule broke on the record."""

    findings: tuple[RecordFinding, ...]
    outcomes: tuple[JudgedRule, ...]
    errored: bool


Judge = Callable[[Slots, Mapping[str, JudgedRule]], JudgedRule]


class RecordRules:
    """The rules of a pack for single records. Safe to keep and to share between threads."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        single = [rule for rule in pack.rules if _is_single(pack, rule)]
        self._plan = plan_row(pack, _judged(pack, single), _shown(pack, single))
        self._codes = [rule.code for rule in pack.rules]
        self._order = [(rule.code, self._judge(rule)) for layer in layered(single) for rule in layer]
        self._constant = {
            rule.code: JudgedRule(rule.code, "not_evaluated") for rule in pack.rules if rule not in single
        }
        self._renderers = {rule.code: Renderer(pack, rule, self._plan) for rule in single}
        self._bindings: dict[tuple[str, ...], tuple[str | None, ...]] = {}
        self._parameters: tuple[Mapping[str, object], tuple[Value, ...]] | None = None

    def judge(self, payload: Mapping[str, object], parameters: Mapping[str, object]) -> RecordVerdict:
        """Judge a record. Keys are matched to fields as headers are; a field that is not there is blank.

        Raises `ParameterError` when the parameters do not fit the pack.
        """
        bound = self._bound(parameters)
        slots = self._plan.fill(self._pick(payload), bound)
        judged = dict(self._constant)
        failed: list[str] = []
        errored = False
        for code, judge in self._order:
            judged[code] = one = judge(slots, judged)
            outcome = one.outcome
            if outcome == "pass":
                continue
            if outcome == "fail":
                failed.append(code)
            elif outcome == "error":
                errored = True
        findings = self._render(failed, slots) if failed else ()
        return RecordVerdict(findings, tuple([judged[code] for code in self._codes]), errored)

    def _render(self, failed: Sequence[str], slots: Slots) -> tuple[RecordFinding, ...]:
        self._plan.shown.apply(slots)
        ordered = [code for code in self._codes if code in failed]
        return tuple(finding for code in ordered for finding in self._renderers[code].render(slots))

    def _bound(self, parameters: Mapping[str, object]) -> tuple[Value, ...]:
        last = self._parameters
        if last is not None and last[0] == parameters:
            return last[1]
        bound = tuple(bind_parameters(self.pack, parameters).values())
        self._parameters = (dict(parameters), bound)
        return bound

    def _pick(self, payload: Mapping[str, object]) -> list[str | None]:
        """The delivered texts of the fields the rules read, in the order of the plan."""
        keys = tuple(payload)
        names = self._bindings.get(keys)
        if names is None:
            columns = bind_columns(self.pack.first_input, keys)
            names = tuple(columns[name] for name in self._plan.delivered)
            if len(self._bindings) < KNOWN_HEADERS:
                self._bindings[keys] = names
        values = [None if name is None else payload[name] for name in names]
        return [value if type(value) is str else delivered_text(value) for value in values]

    def _judge(self, rule: Rule) -> Judge:
        outcomes = _Outcomes(rule.code)
        if isinstance(rule.body, ParseBody):
            bad = self._plan.bad_slots(rule.body.fields.get(self.pack.first_input.name, ()))
            return lambda slots, _: outcomes.failed if any(slots[at] for at in bad) else outcomes.passed
        assert isinstance(rule.body, RowBody)
        places = self._plan.places
        test = _condition(rule, rule.body, places, outcomes)
        source = self.pack.first_input
        own = own_unreadable(source, rule)
        read = Reads().add(self.pack, source, rule_nodes(rule)).fields
        needs = [(self.pack.rule(code).code, self.pack.rule(code).stage == rule.stage) for code in rule.needs]
        return _guarded(test, self._plan.bad_slots(own), self._plan.bad_slots(sorted(read - set(own))), needs, outcomes)


class _Outcomes:
    """The five outcomes of one rule, made once."""

    def __init__(self, code: str) -> None:
        self.passed = JudgedRule(code, "pass")
        self.failed = JudgedRule(code, "fail")
        self.not_applicable = JudgedRule(code, "not_applicable")
        self.not_evaluated = JudgedRule(code, "not_evaluated")
        self.error = JudgedRule(code, "error")


def _condition(rule: Rule, body: RowBody, places: Places, outcomes: _Outcomes) -> Judge:
    """What a rule comes to once it may be evaluated."""
    require = compile_node(body.require, places)
    passed, failed, error, not_applicable = outcomes.passed, outcomes.failed, outcomes.error, outcomes.not_applicable
    unknown = {"fail": failed, "pass": passed, "skip": not_applicable}[rule.on_null]

    def always(slots: Slots, _: Mapping[str, JudgedRule]) -> JudgedRule:
        try:
            value = require(slots)
        except Fault:
            return error
        if value is True:
            return passed
        return unknown if value is None else failed

    if rule.when is None:
        return always
    when = compile_node(rule.when, places)

    def where_it_applies(slots: Slots, judged: Mapping[str, JudgedRule]) -> JudgedRule:
        try:
            applies = when(slots)
        except Fault:
            return error
        return always(slots, judged) if applies is True else not_applicable

    return where_it_applies


def _guarded(
    test: Judge,
    own: Sequence[int],
    blocking: Sequence[int],
    needs: Sequence[tuple[str, bool]],
    outcomes: _Outcomes,
) -> Judge:
    """The test behind unreadable cells and needed rules."""
    if not (own or blocking or needs):
        return test
    not_evaluated = outcomes.not_evaluated
    if len(blocking) == 1 and not (own or needs):
        (bad,) = blocking
        return lambda slots, judged: not_evaluated if slots[bad] else test(slots, judged)

    def judge(slots: Slots, judged: Mapping[str, JudgedRule]) -> JudgedRule:
        for at in own:
            if slots[at]:
                return outcomes.failed
        for at in blocking:
            if slots[at]:
                return not_evaluated
        for code, same_stage in needs:
            outcome = judged[code].outcome
            if outcome in {"fail", "error"} or (same_stage and outcome == "not_evaluated"):
                return not_evaluated
        return test(slots, judged)

    return judge


def _is_single(pack: Pack, rule: Rule) -> bool:
    """Whether a rule can be judged from one row of the first input and lists alone."""
    source = pack.first_input
    if isinstance(rule.body, ParseBody):
        return True
    if rule.input != source.name or not isinstance(rule.body, RowBody):
        return False
    joins = Reads().add(pack, source, [*rule_nodes(rule), *shown_nodes(rule)]).joins
    return all(pack.joins[name].kind == "list" for name in joins)


def _judged(pack: Pack, rules: Sequence[Rule]) -> Reads:
    """What deciding the rules reads."""
    source = pack.first_input
    reads = Reads().add(pack, source, [node for rule in rules for node in rule_nodes(rule)])
    names = [name for rule in rules for name in own_unreadable(source, rule)]
    parsed = [rule.body.fields.get(source.name, ()) for rule in rules if isinstance(rule.body, ParseBody)]
    return reads.add_names(pack, source, [*names, *(name for fields in parsed for name in fields)])


def _shown(pack: Pack, rules: Sequence[Rule]) -> Reads:
    """What deciding them and wording their findings reads."""
    source = pack.first_input
    reads = _judged(pack, rules).add(pack, source, [node for rule in rules for node in shown_nodes(rule)])
    return reads.add_names(pack, source, [*source.key, *source.unit])


def compile_record_rules(pack: Pack) -> RecordRules:
    """The rules of a pack, ready to judge single records."""
    return RecordRules(pack)
