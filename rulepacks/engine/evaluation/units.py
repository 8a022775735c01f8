"""Units and their statuses."""

from rulepacks.engine.compile_sql import Compiler, quoted, text_literal
from rulepacks.engine.evaluation.findings import json_object
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.state import UNIT_HITS
from rulepacks.engine.expressions.tree import Aggregate, Field, Node
from rulepacks.engine.spec import SEVERITIES

UNITS = '"unit:status"'
SEEN = '"unit:seen"'


def open_units(session: Session) -> None:
    """Make the (empty) table of units seen in the first input."""
    keys = "".join(f", {quoted(f'key:{name}')} VARCHAR" for name in session.pack.first_input.unit)
    session.run(f"CREATE OR REPLACE TEMP TABLE {SEEN} (unit VARCHAR{keys})")


def keep_units(session: Session, work: str) -> None:
    """Keep the units of a working table of the first input."""
    unit = session.pack.first_input.unit
    keys = ["unit"] if len(unit) == 1 else [quoted(f"key:{name}") for name in unit]
    session.run(f"INSERT INTO {SEEN} SELECT DISTINCT unit, {', '.join(keys)} FROM {work} WHERE unit IS NOT NULL")


def decide_units(session: Session) -> dict[str, int]:
    """Make the table of units with counts and status; returns the number of units by status.

    A unit that only findings name (say, of a ledger) is listed too.
    """
    unit = session.pack.first_input.unit
    keys = [quoted(f"key:{name}") for name in unit]
    columns = ", ".join(["unit", *(f"CAST(NULL AS VARCHAR) AS {key}" for key in keys)])
    if len(unit) == 1:
        columns = f"unit, unit AS {keys[0]}"
    known = f"SELECT * FROM {SEEN} UNION ALL SELECT {columns} FROM {UNIT_HITS} WHERE unit IS NOT NULL"
    first = ", ".join(f"max({key}) AS {key}" for key in keys)
    counts = ", ".join(
        f"coalesce(sum(n) FILTER (WHERE severity = {text_literal(word)}), 0)::BIGINT AS {quoted(word)}"
        for word in SEVERITIES
    )
    filled = ", ".join(f"coalesce(c.{quoted(word)}, 0) AS {quoted(word)}" for word in SEVERITIES)
    session.run(
        f"CREATE OR REPLACE TEMP TABLE {UNITS} AS SELECT u.*, {filled}, "
        f"coalesce(c.status, {_without_findings(session)}) AS status FROM "
        f"(SELECT unit{f', {first}' if first else ''} FROM ({known}) WHERE unit IS NOT NULL GROUP BY unit) u "
        f"LEFT JOIN (SELECT unit, {counts}, {_status(session)} AS status FROM {UNIT_HITS} GROUP BY unit) c USING (unit)"
    )
    rows = session.rows(f"SELECT status, count(*) FROM {UNITS} GROUP BY status")
    found = {str(status): int(count) for status, count in rows}
    return {status.status: found.get(status.status, 0) for status in session.pack.statuses} | found


def _compiler(session: Session) -> Compiler:
    """A compiler for conditions over findings. A finding's label is its rule's, or the pack's word for its severity."""
    words = {word: session.pack.severity_labels.get(word, word.capitalize()) for word in SEVERITIES}
    cases = " ".join(f"WHEN {text_literal(word)} THEN {text_literal(label)}" for word, label in words.items())
    label = f"coalesce(nullif(label, ''), CASE severity {cases} END)"

    def resolve(node: Node) -> str | None:
        if isinstance(node, Field):
            return label if node.name == "label" else quoted(node.name)
        return _aggregate(Compiler(resolve), node) if isinstance(node, Aggregate) else None

    return Compiler(resolve)


def _aggregate(to: Compiler, node: Aggregate) -> str:
    """Aggregates over findings; findings are kept counted, so a count adds up counts."""
    where = f" FILTER (WHERE {to.value(node.where)})" if node.where is not None else ""
    if node.operand is None:
        return f"coalesce(sum(n){where}, 0)"
    operand = to.value(node.operand)
    if node.name == "count":
        return (
            f"count(DISTINCT {operand}){where}"
            if node.distinct
            else f"coalesce(sum(n * ({operand} IS NOT NULL)::INT){where}, 0)"
        )
    names = {"any": ("bool_or", "false"), "every": ("bool_and", "true")}
    if node.name in names:
        function, empty = names[node.name]
        return f"coalesce({function}({operand}){where}, {empty})"
    return f"{node.name}({operand}){where}"


def _status(session: Session) -> str:
    to = _compiler(session)
    cases = [f"WHEN {to.value(status.when)} THEN {text_literal(status.status)}"
             for status in session.pack.statuses if status.when is not None]  # fmt: skip
    return f"CASE {' '.join(cases)} ELSE {_otherwise(session)} END" if cases else _otherwise(session)


def _otherwise(session: Session) -> str:
    always = next((status.status for status in session.pack.statuses if status.when is None), "")
    return text_literal(always)


def _without_findings(session: Session) -> str:
    """The status of a unit without findings: the conditions over no rows."""
    if not session.pack.statuses:
        return text_literal("")
    # The count makes it one row also when no condition looks at findings.
    status, _ = session.one(f"SELECT {_status(session)}, count(*) FROM {UNIT_HITS} WHERE false")
    return text_literal(str(status or ""))


def unit_rows(session: Session) -> str:
    """The SELECT of units.parquet."""
    unit = session.pack.first_input.unit
    key = json_object({name: quoted(f"key:{name}") for name in unit})
    counts = ", ".join(quoted(word) for word in SEVERITIES)
    return f"SELECT unit, {key} AS key, status, {counts} FROM {UNITS} ORDER BY unit"
