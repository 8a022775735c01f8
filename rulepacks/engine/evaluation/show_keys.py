"""Findings about keys: groups and reconciled pairs."""

from collections.abc import Mapping

from rulepacks.engine.compile_sql import quoted, text_literal
from rulepacks.engine.evaluation.findings import MAX_SOURCE_ROWS, FindingsWriter, Shown, message_sql, severity_sql
from rulepacks.engine.evaluation.groups import Groups
from rulepacks.engine.evaluation.masks import bits
from rulepacks.engine.evaluation.reads import rule_nodes, rule_where
from rulepacks.engine.evaluation.reconcile import Pairs, pair_compiler, sides
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import UNIT_HITS, State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.expressions.tree import JoinField, walk
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.spec import GroupBody, ReconcileBody, Rule


def unit_of(state: State, names: tuple[str, ...]) -> str:
    """SQL of the unit over a table with key columns; NULL where the key does not hold the unit."""
    unit = state.session.pack.first_input.unit
    if not unit or not set(unit) <= set(names):
        return "CAST(NULL AS VARCHAR)"
    if len(unit) == 1:
        return f"CAST({quoted(unit[0])} AS VARCHAR)"
    texts = [f"CAST({quoted(name)} AS VARCHAR)" for name in unit]
    filled = ", ".join(f"coalesce({text}, '')" for text in texts)
    joined = f"concat_ws('|', {filled})"
    return f"CASE WHEN coalesce({', '.join(texts)}) IS NOT NULL THEN {joined} END"


def cache_rows(state: State, work: Work) -> str:
    """The rows of units with findings in the stage, by themselves when the working table knows units."""
    if not work.has_unit:
        return work.name
    name = quoted(f"shown:{work.stage.name}:{work.input.name}")
    hits = f"SELECT unit FROM {UNIT_HITS} WHERE stage = {text_literal(work.stage.name)}"
    state.session.run(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {work.name} WHERE unit IS NULL OR unit IN ({hits})"
    )
    return name


def _rows_of(state: State, work: Work, on: tuple[str, ...], rows: Mapping[str, str]) -> str:
    """Where the source rows of keys are: all rows when a key does not name the unit."""
    unit = state.session.pack.first_input.unit
    return rows[work.input.name] if unit and set(unit) <= set(on) else work.name


def show_group(state: State, groups: Groups, rule: Rule, rows_of: Mapping[str, str], writer: FindingsWriter) -> None:
    """Write the findings of a group rule."""
    assert isinstance(rule.body, GroupBody)
    code, body = rule.code, rule.body
    failing = f"SELECT * FROM {groups.name} WHERE {groups.places[code].test('fail')}"
    equal = " AND ".join(f"g.{quoted(name)} IS NOT DISTINCT FROM w.{quoted(name)}" for name in body.by)
    listed = ", ".join(f"w.{quoted(name)}" for name in body.by)
    where = rule_where(rule)
    picked = f" WHERE {Source(state.session, groups.work.input, state.joins).compiler().value(where)}" if where else ""
    rows = (
        f"SELECT {listed}, min(w.row_number, {MAX_SOURCE_ROWS}) AS rows FROM (SELECT * FROM {_rows_of(state, groups.work, body.by, rows_of)}{picked}) w "
        f"SEMI JOIN ({failing}) g ON {equal} GROUP BY {listed}"
    )
    source = f"(SELECT g.*, w.rows FROM ({failing}) g LEFT JOIN ({rows}) w ON {equal})"
    has_sides = body.left is not None and body.right is not None
    sides_sql = {part: f"CAST({quoted(f'{part}:{code}')} AS VARCHAR)" if has_sides else "CAST(NULL AS VARCHAR)"
                 for part in ("left", "right")}  # fmt: skip
    numeric = body.left is not None and body.right is not None and difference_node(body.left, body.right) is not None
    sides_sql["difference"] = f"CAST({quoted(f'difference:{code}')} AS VARCHAR)" if numeric else "CAST(NULL AS VARCHAR)"
    values = {index: quoted(f"message:{code}:{index}") for index, part in enumerate(rule.message) if part.node is not None}
    fields = {
        f"{node.join}.{node.name}": quoted(f"j:{node.join}.{node.name}")
        for tree in rule_nodes(rule)[(rule.body.where is not None):] for node in walk(tree) if isinstance(node, JoinField)
        and f"j:{node.join}.{node.name}" in _columns(state, groups.name)
    }  # fmt: skip
    writer.write(rule, Shown(
        source=source,
        key={name: quoted(name) for name in body.by} | {name: quoted(f"about:{code}:{name}") for name, _ in rule.about},
        fields=fields, order=[*(f"CAST({quoted(name)} AS VARCHAR)" for name in body.by)],
        severity=_group_severity(rule), message=message_sql(rule, values, sides_sql, _fallback(rule, sides_sql, has_sides)),
        input=groups.work.input.name, unit=unit_of(state, body.by), left=sides_sql["left"], right=sides_sql["right"],
        difference=sides_sql["difference"], rows="coalesce(rows, [])",
    ))  # fmt: skip


def _columns(state: State, name: str) -> set[str]:
    return {row[0] for row in state.session.rows(f"DESCRIBE {name}")}


def _group_severity(rule: Rule) -> str:
    conditions = [quoted(f"severity:{rule.code}:{index}") for index in range(len(rule.severity.branches))]
    return severity_sql(rule.severity, conditions)


def _fallback(rule: Rule, slots: dict[str, str], has_sides: bool) -> str:
    title = text_literal(f"{rule.title}: ")
    if not has_sides:
        return text_literal(f"{rule.title}: not satisfied.")
    left, right = (f"coalesce({slots[part]}, '(blank)')" for part in ("left", "right"))
    return f"concat({title}, {left}, ' against ', {right}, '.')"


def count_group_units(state: State, groups: Groups, rule: Rule) -> None:
    """Count the findings of a group rule by unit and severity."""
    assert isinstance(rule.body, GroupBody)
    _count(state, rule, unit_of(state, rule.body.by), _group_severity(rule), groups.name, groups.places[rule.code].test("fail"))


def count_pair_units(state: State, pairs: Pairs, rule: Rule) -> None:
    """Count the findings of a reconciliation by unit and severity."""
    assert isinstance(rule.body, ReconcileBody)
    bit = bits(other.code for other in pairs.rules)[rule.code]
    _count(state, rule, unit_of(state, rule.body.on), _pair_severity(rule), pairs.name, bit.test("fail"))


def _count(state: State, rule: Rule, unit: str, severity: str, table: str, test: str) -> None:
    state.session.run(
        f"INSERT INTO {UNIT_HITS} SELECT {unit}, {text_literal(rule.code)}, {text_literal(rule.stage)}, {severity}, "
        f"{text_literal(rule.label)}, count(*) FROM {table} WHERE {test} GROUP BY ALL"
    )


def _pair_severity(rule: Rule) -> str:
    to = pair_compiler()
    return severity_sql(rule.severity, [to.value(node) for _, node in rule.severity.branches])


def show_pairs(state: State, pairs: Pairs, rule: Rule, rows_of: Mapping[str, str], writer: FindingsWriter) -> None:
    """Write the findings of one code of a reconciliation."""
    assert isinstance(rule.body, ReconcileBody)
    body, to = rule.body, pair_compiler()
    bit = bits(other.code for other in pairs.rules)[rule.code]
    failing = f"SELECT * FROM {pairs.name} WHERE {bit.test('fail')}"
    parts = []
    for work, side in zip(pairs.works, (body.left, body.right), strict=True):
        # Rows of the first input are the records people open; the other side is named by its key.
        if work.input.name != state.session.pack.first_input.name:
            continue
        over_rows = Source(state.session, work.input, state.joins).compiler()
        on = ", ".join(f"{over_rows.value(node)} AS {quoted(name)}" for node, name in zip(side.on, body.on, strict=True))
        where = f" WHERE {over_rows.value(side.where)}" if side.where is not None else ""
        parts.append(f"SELECT {on}, row_number FROM {_rows_of(state, work, body.on, rows_of)}{where}")
    source = f"(SELECT *, CAST([] AS BIGINT[]) AS rows FROM ({failing}))"
    if parts:
        equal = " AND ".join(f"p.{quoted(name)} = s.{quoted(name)}" for name in body.on)
        chosen = ", ".join(f"s.{quoted(name)}" for name in body.on)
        rows = (f"SELECT {chosen}, min(s.row_number, {MAX_SOURCE_ROWS}) AS rows FROM ({' UNION ALL '.join(parts)}) s "
                f"SEMI JOIN ({failing}) p ON {equal} GROUP BY {chosen}")  # fmt: skip
        source = f"(SELECT p.*, s.rows FROM ({failing}) p LEFT JOIN ({rows}) s ON {equal})"
    left_node, right_node = sides(body)
    difference = difference_node(left_node, right_node)
    shown = {"left": to.value(left_node), "right": to.value(right_node),
             "difference": to.value(difference) if difference is not None else "NULL"}  # fmt: skip
    slots = {name: f"CAST({value} AS VARCHAR)" for name, value in shown.items()}
    values = {index: to.value(part.node) for index, part in enumerate(rule.message) if part.node is not None}
    writer.write(rule, Shown(
        source=source, key={name: quoted(name) for name in body.on} | {name: to.value(node) for name, node in rule.about},
        fields={}, order=[f"CAST({quoted(name)} AS VARCHAR)" for name in body.on], severity=_pair_severity(rule),
        message=message_sql(rule, values, slots, _fallback(rule, slots, has_sides=True)), input=body.left.input,
        unit=unit_of(state, body.on), left=slots["left"], right=slots["right"], difference=slots["difference"],
        rows="coalesce(rows, [])",
    ))  # fmt: skip
