"""`group`: one GROUP BY for all rules of a stage, input and set of grouping fields."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rulepacks.engine.compile_sql import Compiler, aggregate, aggregate_fault, quoted
from rulepacks.engine.evaluation.masks import Bit, Decision, bits, failed_condition, mask_columns
from rulepacks.engine.evaluation.reads import row_nodes, rule_nodes, rule_where, shown_nodes, unreadable_fields
from rulepacks.engine.evaluation.source import Source, column
from rulepacks.engine.evaluation.state import State, add_counts, guarded
from rulepacks.engine.evaluation.work import Work, not_met_earlier
from rulepacks.engine.expressions.tree import Aggregate, Found, JoinField, Logical, Node, walk
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.spec import GroupBody, Rule


@dataclass(frozen=True)
class Groups:
    """A table of groups with masks, and for each rule `left:c`, `right:c`, `null:c` and what its findings show."""

    name: str
    work: Work
    by: tuple[str, ...]
    rules: tuple[Rule, ...]
    places: Mapping[str, Bit]


def run_groups(state: State, work: Work, rules: Sequence[Rule]) -> list[Groups]:
    """Evaluate the group rules of one stage and input."""
    by_key: dict[tuple[str, ...], list[Rule]] = {}
    for rule in rules:
        assert isinstance(rule.body, GroupBody)
        by_key.setdefault(tuple(sorted(rule.body.by)), []).append(rule)
    return [_run(state, work, by, chosen) for by, chosen in by_key.items()]


def _run(state: State, work: Work, by: tuple[str, ...], rules: Sequence[Rule]) -> Groups:
    session, began = state.session, time.perf_counter()
    name = quoted(f"groups:{work.stage.name}:{work.input.name}:{','.join(by)}")
    made: list[Groups] = []

    def attempt(chosen: list[Rule]) -> None:
        places = bits(rule.code for rule in chosen)
        session.run(f"CREATE OR REPLACE TEMP TABLE {name} AS {_statement(state, work, by, chosen, places)}")
        made.append(Groups(name, work, by, tuple(chosen), places))

    def probe(rule: Rule) -> None:
        sql = _statement(state, work, by, [rule], bits([rule.code]))
        session.rows(f"SELECT max(fail0), max(ne0), max(er0) FROM ({sql})")

    guarded(session, rules, attempt, probe)
    groups = made[-1]
    if broken := [rule for rule in rules if rule not in groups.rules]:
        listed = ", ".join(map(quoted, by))
        keys = int(session.one(f"SELECT count(*) FROM (SELECT DISTINCT {listed} FROM {work.name})")[0])
        for rule in broken:
            add_counts(session, rule.code, {"errored": keys})
    _count(state, groups)
    session.tell(work.stage.name, "group", list(rules), time.perf_counter() - began)
    return groups


def _statement(state: State, work: Work, by: Sequence[str], rules: Sequence[Rule], places: Mapping[str, Bit]) -> str:
    source = Source(state.session, work.input, state.joins)
    over_rows = source.compiler()
    nodes = [node for rule in rules for node in rule_nodes(rule) + shown_nodes(rule)]
    found = dict.fromkeys((rule_where(rule), part) for rule in rules
                          for node in rule_nodes(rule) + shown_nodes(rule) for part in walk(node)
                          if isinstance(part, Aggregate))  # fmt: skip
    names = {key: f"agg:{index}" for index, key in enumerate(found)}
    columns = [quoted(name) for name in by]
    faults: dict[tuple[Node | None, Aggregate], str] = {}
    for (where, node), name in names.items():
        narrowed = _narrowed(node, where)
        columns.append(f"{aggregate(over_rows, narrowed)} AS {quoted(name)}")
        if fault := aggregate_fault(over_rows, narrowed):
            faults[where, node] = quoted(f"fault:{name}")
            columns.append(f"{fault} AS {quoted(f'fault:{name}')}")
    columns += [item for rule in rules for item in _presence(state, work, rule, over_rows)]
    only = [over_rows.value(where) if (where := rule_where(rule)) is not None else "true" for rule in rules]
    picked = "" if "true" in only else f" WHERE {' OR '.join(dict.fromkeys(only))}"
    grouped = f"SELECT {', '.join(columns)} FROM {work.name}{picked} GROUP BY {', '.join(map(quoted, by))}"
    joined, values = _join(state, source, nodes)
    sql = f"SELECT l.*{''.join(f', {value}' for value in values)} FROM ({grouped}) l {joined}"
    return _decided(sql, rules, places, names, faults, source)


def _narrowed(node: Aggregate, where: Node | None) -> Aggregate:
    """The aggregate over only the rows of the rule."""
    from_rule = [part for part in (where, node.where) if part is not None]
    if len(from_rule) < 2:
        narrowed = from_rule[0] if from_rule else None
    else:
        narrowed = Logical(op="and", operands=tuple(from_rule))
    return Aggregate(
        name=node.name, operand=node.operand, where=narrowed, distinct=node.distinct, type=node.type, at=node.at
    )


def _presence(state: State, work: Work, rule: Rule, to: Compiler) -> list[str]:
    """Whether the group has rows of the rule, and whether one of them keeps the rule from being judged."""
    where = rule_where(rule)
    picked = f" FILTER (WHERE {to.value(where)})" if where is not None else ""
    pack, source = state.session.pack, work.input
    fields = unreadable_fields(pack, source, row_nodes(rule))
    blocked = [quoted(f"bad:{name}") for name in sorted(fields)]
    here = {code: other for other in work.rules for code in (other.code, *other.aliases)}
    for code in rule.needs:
        if code in here and here[code].type != "unique":
            bit = work.places[here[code].code]
            blocked.append(" OR ".join(bit.test(kind) for kind in ("fail", "ne", "er")))
        else:
            blocked.append(not_met_earlier(state, code))
    columns = [f"count(*){picked} AS {quoted(f'rows:{rule.code}')}"]
    if blocked:
        columns.append(f"coalesce(bool_or({' OR '.join(blocked)}), false) AS {quoted(f'blocked:{rule.code}')}")
    return columns


def _join(state: State, source: Source, nodes: Sequence[Node]) -> tuple[str, list[str]]:
    """Joins whose key is part of the grouping, looked up once a group."""
    parts = [part for node in nodes for part in outside(node)]
    names = dict.fromkeys(part.join for part in parts if isinstance(part, JoinField | Found))
    clauses, values = [], []
    for name in names:
        columns = sorted({part.name for part in parts if isinstance(part, JoinField) and part.join == name})
        more, joined = source.join(state.session.pack.joins[name], columns)
        values += more
        clauses += joined
    return " ".join(clauses), values


def outside(node: Node) -> list[Node]:
    """Nodes outside aggregates."""
    if isinstance(node, Aggregate):
        return []
    return [node, *(part for child in node.children for part in outside(child))]


def _decided(
    sql: str, rules: Sequence[Rule], places: Mapping[str, Bit], names: Mapping[tuple[Node | None, Aggregate], str],
    faults: Mapping[tuple[Node | None, Aggregate], str], source: Source,
) -> str:  # fmt: skip
    columns: list[str] = []
    decided: dict[str, Decision] = {}
    for rule in rules:
        to = group_compiler(rule, names, faults, source)
        decision = _decide(rule, to, f'"blocked:{rule.code}"' in sql)
        decided[rule.code] = decision
        columns += [f"({text}) AS {quoted(f'{kind}:{rule.code}')}" for kind in ("fail", "na", "ne", "er")
                    if (text := decision.part(kind))]  # fmt: skip
        columns += _shown(rule, to)
    inner = f"SELECT *, {', '.join(columns)} FROM ({sql})"
    return f"SELECT *, {', '.join(mask_columns(decided, places))} FROM ({inner})"


def group_compiler(
    rule: Rule, names: Mapping[tuple[Node | None, Aggregate], str],
    faults: Mapping[tuple[Node | None, Aggregate], str], source: Source,
) -> Compiler:  # fmt: skip
    """A compiler for expressions of one rule over its groups."""
    where = rule_where(rule)

    def resolve(node: Node) -> str | None:
        return quoted(names[where, node]) if isinstance(node, Aggregate) else column(node)

    def resolve_fault(node: Node) -> str | None:
        return faults.get((where, node)) if isinstance(node, Aggregate) else source.fault(node)

    return Compiler(resolve, resolve_fault)


def _decide(rule: Rule, to: Compiler, can_be_blocked: bool) -> Decision:
    assert isinstance(rule.body, GroupBody)
    present = f"{quoted(f'rows:{rule.code}')} > 0"
    blocked = quoted(f"blocked:{rule.code}") if can_be_blocked else "false"
    ne = f"{present} AND {blocked}" if can_be_blocked else ""
    applies = to.value(rule.when) if rule.when is not None else "true"
    value = to.value(rule.body.require)
    parts = [fault for node in (rule.when, rule.body.require) if node is not None and (fault := to.fault(node))]
    er = f"{present} AND NOT {blocked} AND ({' OR '.join(parts)})" if parts else ""
    judged = f"{present} AND NOT {blocked}" + (f" AND NOT ({' OR '.join(parts)})" if parts else "")
    skipped = [f"({applies}) IS NOT TRUE"] if rule.when is not None else []
    if rule.on_null == "skip":
        skipped.append(f"({value}) IS NULL")
    na = f"{judged} AND ({' OR '.join(skipped)})" if skipped else ""
    fail = f"{judged} AND {failed_condition(value, rule)}" + (f" AND NOT ({' OR '.join(skipped)})" if skipped else "")
    return Decision(fail, na, ne, er)


def _shown(rule: Rule, to: Compiler) -> list[str]:
    """Columns for findings: sides, difference, and every value of about, message and severity."""
    assert isinstance(rule.body, GroupBody)
    body, code = rule.body, rule.code
    columns = [f"({to.value(body.require)}) IS NULL AS {quoted(f'null:{code}')}"]
    if body.left is not None and body.right is not None:
        columns += [
            f"{to.value(body.left)} AS {quoted(f'left:{code}')}",
            f"{to.value(body.right)} AS {quoted(f'right:{code}')}",
        ]
        difference = difference_node(body.left, body.right)
        if difference is not None:
            columns.append(f"{to.value(difference)} AS {quoted(f'difference:{code}')}")
    columns += [f"{to.value(node)} AS {quoted(f'about:{code}:{name}')}" for name, node in rule.about]
    columns += [
        f"{to.value(part.node)} AS {quoted(f'message:{code}:{index}')}"
        for index, part in enumerate(rule.message) if part.node is not None
    ]  # fmt: skip
    columns += [
        f"{to.value(node)} AS {quoted(f'severity:{code}:{index}')}"
        for index, (_, node) in enumerate(rule.severity.branches)
    ]
    return columns


def _count(state: State, groups: Groups) -> None:
    sums = [
        f"count(*) FILTER (WHERE {groups.places[rule.code].test(kind)})"
        for rule in groups.rules for kind in ("fail", "na", "ne", "er")
    ]  # fmt: skip
    present = [f"count(*) FILTER (WHERE {quoted(f'rows:{rule.code}')} > 0)" for rule in groups.rules]
    row = state.session.one(f"SELECT {', '.join([*sums, *present])} FROM {groups.name}") if groups.rules else ()
    for index, rule in enumerate(groups.rules):
        fail, na, ne, er = (int(value) for value in row[4 * index : 4 * index + 4])
        total = int(row[4 * len(groups.rules) + index])
        add_counts(state.session, rule.code, {
            "passed": total - fail - na - ne - er, "failed": fail, "not_applicable": na,
            "not_evaluated": ne, "errored": er,
        })  # fmt: skip
