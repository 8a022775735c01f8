"""Row rules as bit masks: one scan decides every row rule of a stage for every row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rulepacks.engine.bodies import RowBody
from rulepacks.engine.compile_sql import Compiler, quoted
from rulepacks.engine.evaluation.reads import blocking, rule_nodes
from rulepacks.engine.expressions.tree import Found, Node
from rulepacks.engine.spec import Input, Pack, Rule

BITS = 60
KINDS = ("fail", "na", "ne", "er")
EMPTY = "0::UBIGINT"


@dataclass(frozen=True)
class Bit:
    """Where the outcomes of a rule are: masks `fail<n>`, `na<n>`, `ne<n>`, `er<n>`, and the bit in them."""

    number: int
    value: int

    def test(self, kind: str) -> str:
        """SQL of whether the bit is set."""
        return f"({kind}{self.number} & {self.value}::UBIGINT) <> 0"


def bits(codes: Iterable[str]) -> dict[str, Bit]:
    """A bit for each code, 60 a mask."""
    return {code: Bit(index // BITS, 1 << (index % BITS)) for index, code in enumerate(codes)}


def masks(places: Mapping[str, Bit]) -> int:
    """How many masks the bits take."""
    return max((bit.number + 1 for bit in places.values()), default=0)


@dataclass(frozen=True)
class Decision:
    """SQL conditions for the outcomes of one rule that exclude each other; '' where an outcome cannot occur."""

    fail: str
    na: str
    ne: str
    er: str

    def part(self, kind: str) -> str:
        """The condition of one outcome."""
        return {"fail": self.fail, "na": self.na, "ne": self.ne, "er": self.er}[kind]

    @property
    def judged(self) -> str:
        """The condition that the rule was judged at all."""
        return " AND ".join(f"NOT ({other})" for other in (self.na, self.ne, self.er) if other) or "true"


def decide(pack: Pack, source: Input, to: Compiler, rule: Rule, not_met: Mapping[str, str]) -> Decision:
    """The conditions of a rule about rows; for a unique rule without `fail`, which is found later.

    `not_met` gives, for each code it needs, the SQL of "that rule was not satisfied".
    """
    own = own_unreadable(source, rule)
    findings = {quoted(f"bad:{name}") for name in own}
    blocked = [test for test in blocking(pack, source, rule_nodes(rule)) if test not in findings]
    ne = " OR ".join([*blocked, *(not_met[code] for code in rule.needs)])
    applies = to.value(rule.when) if rule.when is not None else ""
    er = errors(to, rule.when, rule_nodes(rule)[1:] if rule.when is not None else rule_nodes(rule))
    require = to.value(rule.body.require) if isinstance(rule.body, RowBody) else ""
    skipped = [f"({applies}) IS NOT TRUE"] if applies else []
    if rule.on_null == "skip" and require:
        skipped.append(f"{require} IS NULL")
    er = _only(er, ne)
    na = _only(" OR ".join(skipped), ne, er)
    failed = failed_condition(require, rule) if require else ""
    fail = _only(failed, ne, er, na)
    if not own or not require:
        return Decision(fail, na, ne, er)
    # The cell itself is the finding, whatever else the rule says.
    broken = " OR ".join(sorted(findings))
    return Decision(f"({broken}) OR ({fail})", _only(na, broken), _only(ne, broken), _only(er, broken))


def own_unreadable(source: Input, rule: Rule) -> list[str]:
    """Fields whose unreadable cells are this rule's findings."""
    codes = {rule.code, *rule.aliases}
    return sorted(field.name for field in source.fields.values() if field.unreadable in codes)


def failed_condition(require: str, rule: Rule) -> str:
    """SQL of "not satisfied" under the rule's null policy."""
    if isinstance(rule.body, RowBody) and isinstance(rule.body.require, Found):
        return f"NOT {require}"
    return f"({require}) IS NOT TRUE" if rule.on_null == "fail" else f"({require}) IS FALSE"


def errors(to: Compiler, when: Node | None, nodes: Iterable[Node]) -> str:
    """SQL of "the guard faults, or it holds and one of `nodes` faults"; '' when nothing can."""
    inner = " OR ".join(fault for node in nodes if (fault := to.fault(node)))
    if inner and when is not None:
        inner = f"({to.value(when)}) IS TRUE AND ({inner})"
    guard = to.fault(when) if when is not None else None
    return " OR ".join(part for part in (guard, inner) if part)


def _only(condition: str, *others: str) -> str:
    """The condition where none of the others holds."""
    if not condition:
        return ""
    return " AND ".join([f"({condition})", *(f"NOT ({other})" for other in others if other)])


def mask_columns(decided: Mapping[str, Decision], places: Mapping[str, Bit]) -> list[str]:
    """The mask columns `fail0`, `na0`, … over columns `fail:code`, …; a mask that stays empty is a constant."""
    return [f"{text} AS {name}" for name, text in mask_texts(decided, places).items()]


def mask_texts(decided: Mapping[str, Decision], places: Mapping[str, Bit]) -> dict[str, str]:
    """SQL of each mask column; `EMPTY` for one that is zero everywhere."""
    texts = {}
    for number in range(masks(places)):
        for kind in KINDS:
            terms = [
                (quoted(f"{kind}:{code}"), bit.value)
                for code, bit in places.items()
                if bit.number == number and decided[code].part(kind)
            ]
            texts[f"{kind}{number}"] = _mask(terms)
    return texts


def _mask(terms: Sequence[tuple[str, int]]) -> str:
    """The mask of conditions; it is put together only for rows where one of them holds, which are few."""
    if not terms:
        return EMPTY
    some = " OR ".join(condition for condition, _ in terms)
    parts = " | ".join(
        f"(CASE WHEN {condition} THEN {value}::UBIGINT ELSE 0::UBIGINT END)" for condition, value in terms
    )
    return f"CASE WHEN {some} THEN {parts} ELSE 0::UBIGINT END"


def layered(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Rules in layers: those of a layer need only rules of earlier layers (among these)."""
    here = {code: rule for rule in rules for code in (rule.code, *rule.aliases)}
    done: set[str] = set()
    waiting, layers = list(rules), []
    while waiting:
        layer = [rule for rule in waiting if all(here[code].code in done for code in rule.needs if code in here)]
        layers.append(layer)
        done |= {rule.code for rule in layer}
        waiting = [rule for rule in waiting if rule.code not in done]
    return layers
