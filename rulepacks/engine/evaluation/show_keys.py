"""Findings about keys: groups and reconciled pairs."""

from collections.abc import Mapping

from rulepacks.engine.bodies import GroupBody, ReconcileBody
from rulepacks.engine.compile_sql import quoted, text_literal
from rulepacks.engine.evaluation.findings import (
    BLANK,
    MAX_SOURCE_ROWS,
    NOTHING,
    Shown,
    Writer,
    message_sql,
    severity_sql,
)
from rulepacks.engine.evaluation.group_query import outside
from rulepacks.engine.evaluation.groups import Groups
from rulepacks.engine.evaluation.joins import joined_unit
from rulepacks.engine.evaluation.masks import bits
from rulepacks.engine.evaluation.reads import rule_nodes, rule_where, shown_nodes
from rulepacks.engine.evaluation.reconcile import Pairs, pair_compiler, sides
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import UNIT_HITS, State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.expressions.tree import JoinField
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.spec import Rule

SLOTS = ("left", "right", "difference")


def unit_of(state: State, names: tuple[str, ...]) -> str:
    """SQL of the unit over a table with key columns; NULL where the key does not hold the unit."""
    unit = state.session.pack.first_input.unit
    return joined_unit(unit) if unit and set(unit) <= set(names) else NOTHING


def cache_rows(state: State, work: Work) -> str:
    """The rows of units with findings in the stage, by themselves when the working table knows units."""
    if not work.has_unit:
        return work.name
    name = quoted(f"shown:{work.plan.label}:{work.input.name}")
    hits = f"SELECT unit FROM {UNIT_HITS} WHERE stage = {text_literal(work.stage.name)}"
    state.session.run(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {work.name} WHERE unit IS NULL OR unit IN ({hits})"
    )
    return name


def _rows_of(state: State, work: Work, on: tuple[str, ...], rows: Mapping[str, str]) -> str:
    """Where the source rows of keys are: all rows when a key does not name the unit."""
    unit = state.session.pack.first_input.unit
    return rows[work.input.name] if unit and set(unit) <= set(on) else work.name


def show_group(state: State, groups: Groups, rule: Rule, rows: Mapping[str, str], writer: Writer) -> None:
    """Write the findings of a group rule."""
    failing = f"SELECT * FROM {groups.name} WHERE {groups.places[rule.code].test('fail')}"
    writer.write(rule, group_shown(state, groups.work, rule, failing, rows))


def group_shown(state: State, work: Work, rule: Rule, chosen: str, rows: Mapping[str, str]) -> Shown:
    """What findings show of groups; `chosen` is a SELECT of them with the columns `GroupQuery.shown` adds."""
    assert isinstance(rule.body, GroupBody)
    code, by = rule.code, rule.body.by
    slots = _group_slots(rule, rule.body)
    about = {name: quoted(f"about:{code}:{name}") for name, _ in rule.about}
    values = {
        index: quoted(f"message:{code}:{index}") for index, part in enumerate(rule.message) if part.node is not None
    }
    return Shown(
        source=_group_source(state, work, rule, rule.body, chosen, rows),
        key={name: quoted(name) for name in by} | about,
        fields=_group_fields(rule),
        order=[f"CAST({quoted(name)} AS VARCHAR)" for name in by],
        severity=_group_severity(rule),
        message=message_sql(rule, values, slots, _fallback(rule, slots)),
        input=work.input.name,
        unit=unit_of(state, by),
        rows="coalesce(rows, [])",
        **slots,
    )


def _group_slots(rule: Rule, body: GroupBody) -> dict[str, str]:
    if body.left is None or body.right is None:
        return dict.fromkeys(SLOTS, NOTHING)
    slots = {name: f"CAST({quoted(f'{name}:{rule.code}')} AS VARCHAR)" for name in SLOTS}
    return slots if difference_node(body.left, body.right) is not None else {**slots, "difference": NOTHING}


def _group_source(state: State, work: Work, rule: Rule, body: GroupBody, chosen: str, rows: Mapping[str, str]) -> str:
    """Groups with the numbers of (some of) their rows."""
    equal = " AND ".join(["true", *(f"g.{quoted(name)} IS NOT DISTINCT FROM w.{quoted(name)}" for name in body.by)])
    listed = "".join(f"w.{quoted(name)}, " for name in body.by)
    where = rule_where(rule)
    to = Source(state.session, work.input, state.joins).compiler()
    picked = f" WHERE {to.value(where)}" if where is not None else ""
    numbers = (
        f"SELECT {listed}min(w.row_number, {MAX_SOURCE_ROWS}) AS rows "
        f"FROM (SELECT * FROM {_rows_of(state, work, body.by, rows)}{picked}) w "
        f"SEMI JOIN ({chosen}) g ON {equal} GROUP BY ALL"
    )
    return f"(SELECT g.*, w.rows FROM ({chosen}) g LEFT JOIN ({numbers}) w ON {equal})"


def _group_fields(rule: Rule) -> dict[str, str]:
    """Columns of joins that were looked at once a group."""
    where = rule_where(rule)
    nodes = [node for node in rule_nodes(rule) + shown_nodes(rule) if node is not where]
    return {
        f"{part.join}.{part.name}": quoted(f"j:{part.join}.{part.name}")
        for node in nodes
        for part in outside(node)
        if isinstance(part, JoinField)
    }


def _group_severity(rule: Rule) -> str:
    conditions = [quoted(f"severity:{rule.code}:{index}") for index in range(len(rule.severity.branches))]
    return severity_sql(rule.severity, conditions)


def _fallback(rule: Rule, slots: Mapping[str, str]) -> str:
    if slots["left"] == NOTHING:
        return text_literal(f"{rule.title}: not satisfied.")
    left, right = (f"coalesce({slots[part]}, '{BLANK}')" for part in ("left", "right"))
    return f"concat({text_literal(f'{rule.title}: ')}, {left}, ' against ', {right}, '.')"


def count_group_units(state: State, groups: Groups, rule: Rule) -> None:
    """Count the findings of a group rule by unit and severity."""
    assert isinstance(rule.body, GroupBody)
    test = groups.places[rule.code].test("fail")
    _count(state, rule, unit_of(state, rule.body.by), _group_severity(rule), f"{groups.name} WHERE {test}")


def count_pair_units(state: State, pairs: Pairs, rule: Rule) -> None:
    """Count the findings of a reconciliation by unit and severity."""
    assert isinstance(rule.body, ReconcileBody)
    _count(
        state, rule, unit_of(state, rule.body.on), _pair_severity(rule), f"{pairs.name} WHERE {_failed(pairs, rule)}"
    )


def _count(state: State, rule: Rule, unit: str, severity: str, rows: str) -> None:
    state.session.run(
        f"INSERT INTO {UNIT_HITS} SELECT {unit}, {text_literal(rule.code)}, {text_literal(rule.stage)}, {severity}, "
        f"{text_literal(rule.label)}, count(*) FROM {rows} GROUP BY ALL"
    )


def _failed(pairs: Pairs, rule: Rule) -> str:
    return bits(other.code for other in pairs.rules)[rule.code].test("fail")


def _pair_severity(rule: Rule) -> str:
    to = pair_compiler()
    return severity_sql(rule.severity, [to.value(node) for _, node in rule.severity.branches])


def show_pairs(state: State, pairs: Pairs, rule: Rule, rows: Mapping[str, str], writer: Writer) -> None:
    """Write the findings of one code of a reconciliation."""
    failing = f"SELECT * FROM {pairs.name} WHERE {_failed(pairs, rule)}"
    writer.write(rule, pair_shown(state, pairs, rule, failing, rows))


def pair_shown(state: State, pairs: Pairs, rule: Rule, chosen: str, rows: Mapping[str, str]) -> Shown:
    """What findings show of reconciled keys; `chosen` is a SELECT of them."""
    assert isinstance(rule.body, ReconcileBody)
    body, to = rule.body, pair_compiler()
    left, right = sides(body)
    difference = difference_node(left, right)
    # In the difference a missing side counts as 0; shown as 0 it is only where the rule says that it counts as 0.
    side = to.value if body.missing_is_zero else lambda node: quoted(node.name)
    slots = {"left": side(left), "right": side(right),
             "difference": to.value(difference) if difference is not None else "NULL"}  # fmt: skip
    slots = {name: f"CAST({value} AS VARCHAR)" for name, value in slots.items()}
    values = {index: to.value(part.node) for index, part in enumerate(rule.message) if part.node is not None}
    return Shown(
        source=_pair_source(state, pairs, body, chosen, rows),
        key={name: quoted(name) for name in body.on} | {name: to.value(node) for name, node in rule.about},
        fields={},
        order=[*(f"CAST({quoted(name)} AS VARCHAR)" for name in body.on), "has_right"],
        severity=_pair_severity(rule),
        message=message_sql(rule, values, slots, _fallback(rule, slots)),
        input=body.left.input,
        unit=unit_of(state, body.on),
        rows="coalesce(rows, [])",
        **slots,
    )


def _pair_source(state: State, pairs: Pairs, body: ReconcileBody, chosen: str, rows: Mapping[str, str]) -> str:
    """Pairs with the numbers of (some of) the records behind them; other inputs are named by the key."""
    parts = []
    for work, side in zip(pairs.works, (body.left, body.right), strict=True):
        if work.input.name != state.session.pack.first_input.name:
            continue
        to = Source(state.session, work.input, state.joins).compiler()
        on = ", ".join(f"{to.value(node)} AS {quoted(name)}" for node, name in zip(side.on, body.on, strict=True))
        where = f" WHERE {to.value(side.where)}" if side.where is not None else ""
        parts.append(f"SELECT {on}, row_number FROM {_rows_of(state, work, body.on, rows)}{where}")
    if not parts:
        return f"(SELECT *, CAST([] AS BIGINT[]) AS rows FROM ({chosen}))"
    equal = " AND ".join(f"p.{quoted(name)} = s.{quoted(name)}" for name in body.on)
    listed = ", ".join(f"s.{quoted(name)}" for name in body.on)
    numbers = (
        f"SELECT {listed}, min(s.row_number, {MAX_SOURCE_ROWS}) AS rows FROM ({' UNION ALL '.join(parts)}) s "
        f"SEMI JOIN ({chosen}) p ON {equal} GROUP BY {listed}"
    )
    return f"(SELECT p.*, s.rows FROM ({chosen}) p LEFT JOIN ({numbers}) s ON {equal})"
