"""The working table of a stage and input: masks of the rules about rows, and the columns its other rules need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rulepacks.engine.bodies import ParseBody, UniqueBody
from rulepacks.engine.cells import hashed_cell
from rulepacks.engine.compile_sql import Compiler, quoted
from rulepacks.engine.evaluation.joins import gate_condition, unit_sql
from rulepacks.engine.evaluation.masks import (
    BITS,
    EMPTY,
    KINDS,
    Bit,
    Decision,
    bits,
    decide,
    layered,
    mask_texts,
    masks,
    own_unreadable,
)
from rulepacks.engine.evaluation.needs import Needed
from rulepacks.engine.evaluation.plan import NOT_IN_FORCE, StagePlan
from rulepacks.engine.evaluation.reads import Reads, rule_nodes
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import State, add_counts
from rulepacks.engine.expressions.tree import Field, Node
from rulepacks.engine.spec import Input, Rule, Stage


@dataclass(frozen=True)
class Work:
    """A working table. `places` are the bits of its rules, `parse` those of fields that may be unreadable.

    Masks that are `empty` are not stored.
    """

    name: str
    failing: str
    plan: StagePlan
    input: Input
    rules: tuple[Rule, ...]
    places: Mapping[str, Bit]
    parse: Mapping[str, Bit]
    has_unit: bool
    empty: tuple[str, ...] = ()

    @property
    def stage(self) -> Stage:
        """The stage it is the working table of."""
        return self.plan.stage

    @property
    def stored(self) -> str:
        """The table behind the name."""
        return quoted(f"rows:{self.plan.label}:{self.input.name}")


def table_name(plan: StagePlan, source: Input) -> str:
    """Name of the working table."""
    return quoted(f"work:{plan.label}:{source.name}")


def build_work(state: State, plan: StagePlan, source: Input, rules: Sequence[Rule], needed: Needed) -> Work:
    """Make the working table."""
    session = state.session
    fields = [
        name for rule in rules if isinstance(rule.body, ParseBody) for name in rule.body.fields.get(source.name, ())
    ]
    judged = [rule for rule in rules if not isinstance(rule.body, ParseBody)]
    work, sql = _statement(state, plan, source, judged, needed, fields)
    session.run(f"CREATE OR REPLACE TEMP TABLE {work.stored} AS {sql}")
    # A unit that is one of the kept columns is not stored a second time.
    more = [f"{quoted(session.pack.first_input.unit[0])} AS unit"] if _unit_is_kept(state, source, needed) else []
    listed = ", ".join(["*", *more, *(f"{EMPTY} AS {name}" for name in work.empty)])
    session.run(f"CREATE OR REPLACE TEMP VIEW {work.name} AS SELECT {listed} FROM {work.stored}")
    _keep_failing(state, work)
    return work


def view_work(state: State, plan: StagePlan, source: Input, base: str, has_unit: bool) -> Work:
    """A working table without rules about rows, over one that an earlier stage made."""
    gate = state.gate(plan.stage)
    work = Work(table_name(plan, source), "", plan, source, (), {}, {}, has_unit)
    where = f" WHERE unit IS NULL OR unit NOT IN (SELECT unit FROM {gate})" if gate and has_unit else ""
    state.session.run(f"CREATE OR REPLACE TEMP VIEW {work.name} AS SELECT * FROM {base}{where}")
    return work


def _unit_is_kept(state: State, source: Input, needed: Needed) -> bool:
    unit = state.session.pack.first_input.unit
    known = unit_sql(state.session, source.name) is not None and len(unit) == 1
    return known and source.type_of(unit[0]).kind == "text" and quoted(unit[0]) in needed.all_columns


def _statement(
    state: State, plan: StagePlan, source: Input, rules: Sequence[Rule], needed: Needed, parse_fields: Sequence[str]
) -> tuple[Work, str]:
    session = state.session
    rows = Source(session, source, state.joins)
    reads = _reads(state, source, rules, needed, parse_fields)
    unit = unit_sql(session, source.name)
    gate = gate_condition(session, source.name, state.gate(plan.stage), reads)
    sql = rows.select(reads)
    if gate:
        sql = f"SELECT * FROM ({sql}) WHERE {gate}"
    decided: dict[str, Decision] = {}
    to = rows.compiler()
    for layer in layered(rules):
        columns = []
        for rule in layer:
            decision = decide(session.pack, source, to, rule, _not_met(state, rules, rule, decided))
            decided[rule.code] = decision
            columns += [
                f"({text}) AS {quoted(f'{kind}:{rule.code}')}"
                for kind in KINDS if (text := decision.part(kind))
            ]  # fmt: skip
        if columns:
            sql = f"SELECT *, {', '.join(columns)} FROM ({sql})"
    places, parse = bits(rule.code for rule in rules), bits(parse_fields)
    texts = mask_texts(decided, places)
    empty = tuple(name for name, text in texts.items() if text == EMPTY)
    keep = ["row_number", *sorted(needed.all_columns)]
    keep += [f"{text} AS {name}" for name, text in texts.items() if name not in empty]
    keep += [f"({unit}) AS unit"] if unit and not _unit_is_kept(state, source, needed) else []
    parts = session.pack.first_input.unit
    if unit and len(parts) > 1:
        keep += [f"CAST({quoted(name)} AS VARCHAR) AS {quoted(f'key:{name}')}" for name in parts]
    keep += _hashes(to, source, rules, decided)
    for number in range(masks(parse)):
        terms = [f"(CASE WHEN {quoted(f'bad:{name}')} THEN {bit.value}::UBIGINT ELSE 0::UBIGINT END)"
                 for name, bit in parse.items() if bit.number == number]  # fmt: skip
        keep.append(f"{' | '.join(terms)} AS parse{number}")
    name = table_name(plan, source)
    failing = quoted(f"failing:{plan.label}:{source.name}")
    work = Work(name, failing, plan, source, tuple(rules), places, parse, unit is not None, empty)
    return work, f"SELECT {', '.join(keep)} FROM ({sql})"


def _reads(state: State, source: Input, rules: Sequence[Rule], needed: Needed, parse_fields: Sequence[str]) -> Reads:
    pack, reads = state.session.pack, Reads()
    reads.add(pack, source, [node for rule in rules for node in rule_nodes(rule)])
    for rule in rules:
        reads.add_names(pack, source, own_unreadable(source, rule))
    reads.add_names(pack, source, [*parse_fields, *needed.unreadable])
    if unit_sql(state.session, source.name):
        reads.add_names(pack, source, pack.first_input.unit)
    return reads.merged(needed.reads)


def _not_met(state: State, rules: Sequence[Rule], rule: Rule, decided: Mapping[str, Decision]) -> dict[str, str]:
    here = {code: other.code for other in rules for code in (other.code, *other.aliases)}
    conditions = {}
    for code in rule.needs:
        if code in here:
            other = here[code]
            parts = [quoted(f"{kind}:{other}") for kind in ("fail", "ne", "er") if decided[other].part(kind)]
            conditions[code] = f"({' OR '.join(parts) or 'false'})"
        else:
            conditions[code] = not_met_earlier(state, code, rule.stage)
    return conditions


def not_met_earlier(state: State, code: str, stage: str = "") -> str:
    """SQL of whether an earlier rule about rows was not satisfied for the row; in `stage`, or was not evaluated.

    A rule that is not in force asks for nothing.
    """
    needed = state.session.pack.rule(code)
    if reason := state.session.tallies[needed.code].reason:
        return "false" if reason == NOT_IN_FORCE else "true"
    known = state.unmet_rows if needed.stage == stage else state.failed_rows
    rows = known.get(needed.code)
    return f"(row_number IN ({rows}))" if rows else "false"


def unmet(state: State, work: Work, rule: Rule) -> dict[str, str]:
    """SQL conditions, over rows of a working table, that keep a rule about keys from being judged, by what it needs."""
    here = {code: other for other in work.rules for code in (other.code, *other.aliases)}
    found = {}
    for code in rule.needs:
        if code in here and here[code].type != "unique":
            bit = work.places[here[code].code]
            test = " OR ".join(bit.test(kind) for kind in ("fail", "ne", "er"))
        else:
            test = not_met_earlier(state, code, rule.stage)
        found[f"{code}, which it needs, is not satisfied"] = test
    return found


def _hashes(to: Compiler, source: Input, rules: Sequence[Rule], decided: Mapping[str, Decision]) -> list[str]:
    """A 64-bit hash of each unique key: equal keys have equal hashes, so only equal hashes are looked at again."""
    columns = []
    for rule in rules:
        if isinstance(rule.body, UniqueBody):
            parts = ", ".join(_hashed(to, source, node) for node in rule.body.key)
            names = [quoted(f"{kind}:{rule.code}") for kind in ("na", "ne", "er") if decided[rule.code].part(kind)]
            hashed = f"CASE WHEN NOT ({' OR '.join(names)}) THEN hash({parts}) END" if names else f"hash({parts})"
            columns.append(f"{hashed} AS {quoted(f'hash:{rule.code}')}")
    return columns


def _hashed(to: Compiler, source: Input, node: Node) -> str:
    if isinstance(node, Field) and node.name in source.fields and node.type.kind == "text":
        return hashed_cell(source.fields[node.name], quoted(f"raw:{node.name}"))
    return to.value(node)


def _keep_failing(state: State, work: Work) -> None:
    """Keep the rows that fail or err, with their unit, and say for later rules where they are.

    Where later rules of the same stage need to know, also those that were not evaluated.
    """
    unit = ", unit" if work.has_unit else ", CAST(NULL AS VARCHAR) AS unit"
    kinds = ("fail", "er", "ne") if work.plan.part else ("fail", "er")
    columns = [f"{kind}{number}" for number in range(masks(work.places)) for kind in kinds]
    columns += [f"parse{number}" for number in range(masks(work.parse))]
    tests = " OR ".join(f"{name} <> 0" for name in columns) or "false"
    listed = "".join(f", {name}" for name in columns)
    state.session.run(
        f"CREATE OR REPLACE TEMP TABLE {work.failing} AS SELECT row_number{unit}{listed} FROM {work.name} WHERE {tests}"
    )
    for rule in work.rules:
        bit = work.places[rule.code]
        if not isinstance(rule.body, UniqueBody):
            rows = f"SELECT row_number FROM {work.failing} WHERE {bit.test('fail')} OR {bit.test('er')}"
            state.failed_rows[rule.code] = rows
            if work.plan.part:
                state.unmet_rows[rule.code] = f"{rows} OR {bit.test('ne')}"


def count_outcomes(state: State, work: Work, extra_fails: Mapping[str, int]) -> int:
    """Add up outcomes of the rules about rows; returns the number of rows."""
    session = state.session
    total = int(session.one(f"SELECT count(*) FROM {work.name}")[0])
    counts = _bit_counts(state, work)
    for code, bit in work.places.items():
        fail, na, ne, er = (counts.get((kind, bit.number, bit.value), 0) for kind in KINDS)
        fail += extra_fails.get(code, 0)
        add_counts(session, code, {
            "passed": total - fail - na - ne - er, "failed": fail, "not_applicable": na,
            "not_evaluated": ne, "errored": er,
        })  # fmt: skip
    return total


def _bit_counts(state: State, work: Work) -> dict[tuple[str, int, int], int]:
    """In how many rows each bit of each mask is set, from what values the mask has where it is not zero."""
    values = [
        f"SELECT '{kind}' AS kind, {number} AS number, {kind}{number} AS mask, count(*) AS n FROM {work.name} "
        f"WHERE {kind}{number} <> 0 GROUP BY ALL"
        for number in range(masks(work.places)) for kind in KINDS if f"{kind}{number}" not in work.empty
    ]  # fmt: skip
    if not values:
        return {}
    rows = state.session.rows(
        f"SELECT kind, number, bit, sum(n)::BIGINT FROM ({' UNION ALL '.join(values)}), range({BITS}) AS bits(bit) "
        "WHERE mask >> bit & 1 = 1 GROUP BY ALL"
    )
    return {(kind, number, 1 << bit): count for kind, number, bit, count in rows}
