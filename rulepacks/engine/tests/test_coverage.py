"""Which clauses cases exercise, for every rule type."""

from pathlib import Path

import duckdb
import pytest

from rulepacks.engine.case_runs import run_cases
from rulepacks.engine.cases import load_cases
from rulepacks.engine.explanation.coverage import ClauseCount, added
from rulepacks.engine.loader import load_pack
from rulepacks.engine.tests.packing import HEAD, INPUTS, write_pack

EXAMPLES = Path(__file__).parent / "packs"


def counted(folder: Path) -> dict[str, tuple[ClauseCount, ...]]:
    """The clauses of each rule of a pack with their counts over all cases."""
    pack = load_pack(folder)
    found: dict[str, tuple[ClauseCount, ...]] = {}
    with duckdb.connect(config={"threads": 1}) as con:
        for result in run_cases(pack, load_cases(folder, pack), con):
            assert result.reason == ""
            found[result.case.rule] = added(found.get(result.case.rule, ()), result.clauses)
    return found


@pytest.fixture(scope="module")
def explained() -> dict[str, tuple[ClauseCount, ...]]:
    return counted(EXAMPLES / "explained")


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
        ("POINTS", [
            ("components: size", "size > 0", 3, 0), ("components: named", "named > 0", 0, 3),
            ("gates: dated", "day is not null", 2, 1), ("require", "decision in ('go')", 1, 2)]),
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
    schedule = counted(EXAMPLES / "schedules")
    assert all(one.both_ways for counts in schedule.values() for one in counts if one.part == "in")
    assert sum(len(counts) for counts in schedule.values()) > len(schedule)


def test_the_conditions_of_a_query_are_clauses() -> None:
    queries = counted(EXAMPLES / "queries")
    assert {
        rule: [(one.part, one.text, one.true, one.false) for one in counts] for rule, counts in queries.items()
    } == {
        "LIMIT": [("having", "sum(c.usd) > l.most", 2, 1)],
        "TOP": [("where", "place > $most", 2, 5)],
        "CHILD": [("having", "sum(c.amount) > p.amount", 1, 1)],
        "LONELY": [("where", "t.row_number is null", 1, 1)],
        "SHARE": [("where", "divide(t.amount, d.total, 4) > 0.5", 1, 3)],
    }


def test_parts_of_a_query_count_one_by_one(tmp_path: Path) -> None:
    query = (
        "with big as (select id, amount from rows where amount > 5 and (name = 'a' or name is null)) "
        "select id, sum(amount) as total from big where cast(id as integer) > 0 group by id "
        "having count(*) > 1 and id <> '9'"
    )
    rule = f'{{code: R1, type: query, severity: error, title: T, authority: A, query: "{query}"}}'
    cases = (
        "pass:\n  - {title: Few, given: {rows: [{id: 1, amount: 9, name: a}, {id: 2, amount: 1}]}}\n"
        "  - {title: Broken, given: {rows: [{id: x, amount: 9, name: a}]}, outcome: error}\n"
        "fail:\n  - {title: Two, given: {rows: [{id: 1, amount: 9}, {id: 1, amount: 9, name: a}, "
        "{id: 3, amount: 9, name: c}]}, expect: [{key: {id: 1, total: 18.00}}]}\n"
    )
    folder = write_pack(tmp_path, f"{HEAD}{INPUTS}rules:\n  - {rule}\n", {"cases/R1.yml": cases})
    assert [(one.part, one.text, one.depth, one.true, one.false, one.unknown) for one in counted(folder)["R1"]] == [
        ("big where", "amount > 5 and (name = 'a' or name is null)", 0, 3, 2, 0),
        ("big where", "amount > 5", 1, 4, 1, 0),
        ("big where", "name = 'a' or name is null", 1, 4, 1, 0),
        ("big where", "name = 'a'", 2, 2, 1, 2),
        ("big where", "name is null", 2, 2, 3, 0),
        ("where", "cast(id as integer) > 0", 0, 3, 0, 0),
        ("having", "count(*) > 1 and id <> '9'", 0, 1, 1, 0),
        ("having", "count(*) > 1", 1, 1, 1, 0),
        ("having", "id <> '9'", 1, 2, 0, 0),
    ]
