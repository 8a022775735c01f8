"""Schedules and queries beside a naive evaluation of the same, written out for one pack."""

import json
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulepacks.engine.case_runs import register
from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.progress import silent
from rulepacks.engine.record import compile_record_rules
from rulepacks.engine.spec import Pack
from rulepacks.engine.tests.packing import HEAD, write_pack

PACK = """inputs:
  plans: {key: [id], fields: {id: text, kind: text, starts: date, ends: date, anchor: date}}
  returns: {fields: {id: text, day: date}}
rules:
  - code: MONTHS
    type: schedule
    severity: error
    title: Is there each month
    authority: none
    where: kind <> 'none'
    dates: {first: starts, last: ends, anchor: anchor, every: {months: 1}, month_end: true}
    in: returns
    on: {id: id}
    match: returns.day between due and add_days(due, 2)
  - code: DAYS
    type: schedule
    severity: error
    title: Is there every ten days
    authority: none
    dates: {first: starts, last: ends, every: {days: 10}}
    in: returns
    on: {id: id, day: due}
    when: due <> date '2024-02-29'
  - code: THIRD
    type: query
    severity: error
    title: No more than two of a kind
    authority: none
    query: |
      with ranked as (
        select row_number, row_number() over (partition by kind order by starts, row_number) as place from plans
      )
      select row_number as row, place as left, 2 as right from ranked where place > 2
"""
BAD = st.sampled_from(["", "x"])
MONTH_ENDS = st.sampled_from(["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"])
STARTS = st.one_of(*[st.dates(date(2024, 1, 28), date(2024, 3, 1)).map(str)] * 4, BAD)
ENDS = st.one_of(MONTH_ENDS, MONTH_ENDS, st.dates(date(2024, 2, 20), date(2024, 5, 1)).map(str), BAD)
ANCHORS = st.one_of(MONTH_ENDS, MONTH_ENDS, st.dates(date(2023, 12, 28), date(2024, 5, 1)).map(str), BAD)
DUE = st.one_of(MONTH_ENDS, STARTS, ENDS)
IDS = st.sampled_from(["a", "b", "שלום", "e\u0301", "𝒳", ""])
PLANS = st.lists(
    st.fixed_dictionaries({
        "id": IDS, "kind": st.sampled_from(["k", "k", "none", ""]), "starts": STARTS, "ends": ENDS, "anchor": ANCHORS,
    }), max_size=7,
)  # fmt: skip
RETURNS = st.lists(st.fixed_dictionaries({"id": IDS, "day": DUE}), max_size=8)
Rows = Sequence[Mapping[str, str]]
Told = tuple[str, str | None, str]
Verdicts = tuple[dict[str, Counter[str]], list[Told]]
"""Outcomes of each rule, and of each finding its rule, its plan, and its date or place."""


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text not in {"", "x"} else None


def later(anchor: date, months: int) -> date:
    """The same day of a later month, or its last; from the last day of a month always the last."""
    at = anchor.year * 12 + anchor.month - 1 + months
    year, month = at // 12, at % 12 + 1
    ends = anchor.day == monthrange(anchor.year, anchor.month)[1]
    last = monthrange(year, month)[1]
    return date(year, month, last if ends else min(anchor.day, last))


def expected(plans: Rows, returns: Rows) -> Verdicts:
    counts: dict[str, Counter[str]] = {code: Counter() for code in ("MONTHS", "DAYS", "THIRD")}
    found: list[Told] = []
    for plan in plans:
        starts, ends, anchor = (day(plan[name]) for name in ("starts", "ends", "anchor"))
        there = [day(one["day"]) for one in returns if one["id"] == plan["id"] != ""]
        if plan["kind"] == "k" and not (starts and ends and anchor):
            counts["MONTHS"]["not_evaluated"] += 1
        elif plan["kind"] == "k" and starts and ends and anchor:
            dates = [due for step in range(-8, 8) if starts <= (due := later(anchor, step)) <= ends]
            within = [any(one and due <= one <= due + timedelta(2) for one in there) for due in dates]
            tell("MONTHS", plan, zip(dates, within, strict=True), counts, found)
        if not (starts and ends):
            counts["DAYS"]["not_evaluated"] += 1
            continue
        dates = [due for step in range(12) if (due := starts + timedelta(10 * step)) <= ends]
        counts["DAYS"]["not_applicable"] += dates.count(date(2024, 2, 29))
        dates = [due for due in dates if due != date(2024, 2, 29)]
        tell("DAYS", plan, ((due, due in there) for due in dates), counts, found)
    counts["THIRD"], thirds = third(plans)
    return {code: +each for code, each in counts.items()}, sorted([*found, *thirds], key=repr)


def tell(
    code: str, plan: Mapping[str, str], dates: Iterable[tuple[date, bool]], counts: dict[str, Counter[str]],
    found: list[Told],
) -> None:  # fmt: skip
    for due, is_there in dates:
        counts[code]["passed" if is_there else "failed"] += 1
        if not is_there:
            found.append((code, plan["id"] or None, str(due)))


def third(plans: Rows) -> tuple[Counter[str], list[Told]]:
    counts: Counter[str] = Counter(not_evaluated=sum(plan["starts"] == "x" for plan in plans))
    found: list[Told] = []
    for kind in ("k", "none", ""):
        mine = [plan for plan in plans if plan["kind"] == kind and plan["starts"] != "x"]
        # Blanks come last.
        mine.sort(key=lambda plan: (plan["starts"] == "", plan["starts"]))
        counts.update("failed" if place > 2 else "passed" for place, _ in enumerate(mine, start=1))
        found += [("THIRD", plan["id"] or None, str(place)) for place, plan in enumerate(mine, start=1) if place > 2]
    return +counts, found


def judged(con: duckdb.DuckDBPyConnection, pack: Pack, plans: Rows, returns: Rows, out: Path) -> Verdicts:
    empty = {"plans": ("id", "kind", "starts", "ends", "anchor"), "returns": ("id", "day")}
    relations = {}
    for name, rows in (("plans", plans), ("returns", returns)):
        relations[name] = register(con, name, rows or [dict.fromkeys(empty[name], "")])
        if not rows:
            relations[name] = f"(SELECT * FROM {relations[name]} WHERE false)"
    evaluation = evaluate(con, pack, relations, {}, out, silent)
    names = ("passed", "failed", "not_applicable", "not_evaluated", "errored")
    counts = {
        one.rule: +Counter({name: getattr(one, name) for name in names}) for one in evaluation.outcomes
        if one.rule != "parse"
    }  # fmt: skip
    return counts, sorted(told(pq.read_table(out / "findings.parquet").to_pylist()), key=repr)


def told(rows: list[dict[str, Any]]) -> Iterator[Told]:
    for row in rows:
        key = json.loads(row["key"])
        if row["rule"] != "parse":
            yield row["rule"], key["id"], row["left"] if row["rule"] == "THIRD" else key["due"]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return load_pack(write_pack(tmp_path_factory.mktemp("pack"), HEAD + PACK))


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=PLANS, returns=RETURNS)
def test_schedules_and_queries_come_to_what_is_counted_by_hand(
    pack: Pack, tmp_path: Path, plans: list[dict[str, str]], returns: list[dict[str, str]]
) -> None:
    with duckdb.connect() as con:
        assert judged(con, pack, plans, returns, tmp_path) == expected(plans, returns)


def test_a_single_record_leaves_them_to_its_batch(pack: Pack) -> None:
    outcomes = compile_record_rules(pack).judge({"id": "a", "kind": "k", "starts": "2024-01-01"}, {}).outcomes
    assert {one.rule: one.outcome for one in outcomes if one.rule != "parse"} == dict.fromkeys(
        ("MONTHS", "DAYS", "THIRD"), "not_evaluated"
    )
