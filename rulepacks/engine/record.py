"""Judge one record in microseconds: row rules as one Python function, with the meaning they have in a batch.

Rules that need other rows (and lookups in other inputs) are `not_evaluated` here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from rulepacks.engine.bodies import ParseBody, RowBody
from rulepacks.engine.compile_python import Slots
from rulepacks.engine.evaluation.columns import bind_columns
from rulepacks.engine.evaluation.masks import own_unreadable
from rulepacks.engine.evaluation.reads import Reads, rule_nodes, shown_nodes
from rulepacks.engine.expressions.tree import Value
from rulepacks.engine.loading.parameters import bind_parameters
from rulepacks.engine.record_findings import RecordFinding, Renderer
from rulepacks.engine.record_judging import JudgedRule, compile_judge, compile_show
from rulepacks.engine.record_row import RowPlan, delivered_text, plan_row
from rulepacks.engine.spec import Pack, Rule

KNOWN_HEADERS = 200


@dataclass(frozen=True)
class RecordVerdict:
    """Findings and one outcome a rule, in the order of the pack; `errored` when a rule broke on the record."""

    findings: tuple[RecordFinding, ...]
    outcomes: tuple[JudgedRule, ...]
    errored: bool


class RecordRules:
    """The rules of a pack for single records. Safe to keep and to share between threads."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        single = [rule for rule in pack.rules if is_single(pack, rule)]
        self._plan = plan_row(pack, _judged(pack, single), _shown(pack, single))
        self._judge, self._passed = compile_judge(pack, single, self._plan)
        self._show = compile_show(self._plan)
        self._clean = RecordVerdict((), tuple(self._passed), errored=False)
        self._renderers: dict[str, Renderer] = {}
        self._pickers: dict[tuple[str, ...], Callable[[Mapping[str, object]], Iterable[object]]] = {}
        self._parameters: tuple[Mapping[str, object], tuple[Value, ...]] | None = None

    def judge(self, payload: Mapping[str, object], parameters: Mapping[str, object]) -> RecordVerdict:
        """Judge a record. Keys are matched to fields as headers are; a field that is not there is blank.

        Raises `ParameterError` when the parameters do not fit the pack.
        """
        outcomes, slots = self._judge(self._pick(payload), self._bound(parameters))
        if outcomes == self._passed:
            return self._clean
        failed = [judged.rule for judged in outcomes if judged.outcome == "fail"]
        errored = any(judged.outcome == "error" for judged in outcomes)
        return RecordVerdict(self._findings(failed, slots) if failed else (), tuple(outcomes), errored)

    def delivered(self, plan: RowPlan, payload: Mapping[str, object], parameters: Mapping[str, object]) -> Slots:
        """The slots of another plan for a record, with only what was delivered and the parameters in them."""
        columns = bind_columns(self.pack.first_input, payload)
        cells = _picker([columns[name] for name in plan.delivered])(payload)
        given = [value if type(value) is str else delivered_text(value) for value in cells]
        slots: Slots = [*given, *self._bound(parameters)]
        return [*slots, *([None] * (plan.size - len(slots)))]

    def _findings(self, failed: Sequence[str], slots: Slots) -> tuple[RecordFinding, ...]:
        shown = self._show(slots)
        return tuple(finding for code in failed for finding in self._renderer(code).render(shown))

    def _renderer(self, code: str) -> Renderer:
        """What words the findings of a rule; made when it first fails."""
        if code not in self._renderers:
            self._renderers[code] = Renderer(self.pack, self.pack.rule(code), self._plan)
        return self._renderers[code]

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
        pick = self._pickers.get(keys)
        if pick is None:
            columns = bind_columns(self.pack.first_input, keys)
            pick = _picker([columns[name] for name in self._plan.delivered])
            if len(self._pickers) < KNOWN_HEADERS:
                self._pickers[keys] = pick
        return [value if type(value) is str else delivered_text(value) for value in pick(payload)]


def _picker(names: Sequence[str | None]) -> Callable[[Mapping[str, object]], Iterable[object]]:
    """A function that gives the values of a payload under these names, None where there is no name."""
    if len(names) > 1 and None not in names:
        return itemgetter(*names)
    return lambda payload: [None if name is None else payload[name] for name in names]


def is_single(pack: Pack, rule: Rule) -> bool:
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
