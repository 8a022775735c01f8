"""Which clauses cases exercise, for every rule type."""

from pathlib import Path

import duckdb
import pytest

from rulepacks.engine.case_runs import run_cases
from rulepacks.engine.cases import load_cases
from rulepacks.engine.explanation.coverage import ClauseCount, added
from rulepacks.engine.loader import load_pack

EXAMPLES = Path(__file__).parent / "packs"


def counted(name: str) -> dict[str, tuple[ClauseCount, ...]]:
    """The clauses of each rule of an example with their counts over all cases."""
    folder = EXAMPLES / name
    pack = load_pack(folder)
    found: dict[str, tuple[ClauseCount, ...]] = {}
    with duckdb.connect(config={"threads": 1}) as con:
        for result in run_cases(pack, load_cases(folder, pack), con):
            assert result.reason == ""
            found[result.case.rule] = added(found.get(result.case.rule, ()), result.clauses)
    return found


@pytest.fixture(scope="module")
def explained() -> dict[str, tuple[ClauseCount, ...]]:
    return counted("explained")


@pytest.mark.parametrize(
    ("rule", "clauses"),
    [
        ("KIND", [("require", "kind in kinds", 1, 1)]),
        ("SMALL", [
            ("when", "account is not null", 3, 0), ("require", "not big or name like 'A%'", 2, 1),
            ("require", "not big", 1, 2), ("require", "big", 2, 1),
            ("require", "amount > $limit and kind <> 'X'", 2, 1), ("require", "amount > $limit", 2, 1),
            ("require", "kind <> 'X'", 3, 0), ("require", "name like 'A%'", 2, 1),
        ]),
        ("EVEN", [("require", "cast(name as integer) % 2 = 0", 1, 1)]),
        ("ONCE", [("key", "no earlier row has the same account, name", 3, 1)]),
        ("PAIR", [("require", "account in lines", 2, 1)]),
        ("NEXT", [
            ("where", "kind = 'D'", 4, 1), ("when", "in the sequence", 4, 1),
            ("require", "prev(day) is null or day > prev(day)", 3, 1), ("require", "prev(day) is null", 2, 2),
            ("require", "day > prev(day)", 1, 1),
        ]),
        ("ALIKE", [("require", "similarity(name, account) >= 0.9", 1, 1)]),
        ("POINTS", [("gates: dated", "day is not null", 2, 1), ("require", "decision in ('go')", 1, 2)]),
        ("ZERO", [("where", "kind <> 'X'", 3, 1), ("require", "sum(signed) = 0", 1, 1)]),
        ("AGREE", [
            ("left", "lines has the key", 2, 0), ("right", "ledger has the key", 1, 1), ("agree", "left = right", 1, 1),
        ]),
    ],
)  # fmt: skip
def test_each_clause_counts_how_it_came_out_where_it_was_looked_at(
    explained: dict[str, tuple[ClauseCount, ...]], rule: str, clauses: list[tuple[str, str, int, int]]
) -> None:
    assert [(one.part, one.text, one.true, one.false) for one in explained[rule]] == clauses


def test_branches_that_were_not_taken_are_not_counted() -> None:
    schedule = counted("schedules")
    assert all(one.both_ways for counts in schedule.values() for one in counts if one.part == "in")
    assert sum(len(counts) for counts in schedule.values()) > len(schedule)


def test_a_query_has_no_clauses() -> None:
    assert set(map(len, counted("queries").values())) == {0}
