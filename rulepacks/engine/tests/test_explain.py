"""Questions about rules of every type, answered; and questions that have no answer."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from rulepacks.engine.case_runs import register
from rulepacks.engine.explain import explain
from rulepacks.engine.explanation.record_explained import explain_record
from rulepacks.engine.explanation.trace import Clause, Explanation, Question
from rulepacks.engine.loader import load_pack
from rulepacks.engine.progress import silent
from rulepacks.engine.refusals import BadInput

PACK = load_pack(Path(__file__).parent / "packs" / "explained")
ROWS = load_pack(Path(__file__).parent / "packs" / "rows")
LINE = {"id": "1", "account": "ACME", "kind": "D", "amount": "10.00", "day": "2024-01-01", "name": "Acme"}
Rows = Sequence[Mapping[str, str | None]]
Ask = Callable[..., Explanation]


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@pytest.fixture
def ask(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Ask:
    """Answers a question about lines that are as `LINE` but for what is given."""

    def asked(lines: Rows, question: Question, ledger: Rows | None = None) -> Explanation:
        given = {"lines": [{**LINE, **line} for line in lines], **({"ledger": ledger} if ledger is not None else {})}
        relations = {name: register(con, name, rows) for name, rows in given.items()}
        return explain(con, PACK, relations, {}, question, tmp_path, silent)

    return asked


def told(clause: Clause) -> list[tuple[str, str, bool]]:
    """Clauses in the order of the text: text, truth (or that it was not reached), whether they decide."""
    truth = clause.truth if clause.reached else "-"
    return [(clause.text, truth, clause.decides), *(line for part in clause.clauses for line in told(part))]


@pytest.mark.parametrize(
    ("line", "rule", "outcome", "reason"),
    [
        ({}, "SMALL", "pass", "Satisfied: amount > $limit (false), name like 'A%' (true)."),
        ({"amount": "150", "name": "B"}, "SMALL", "fail",
         "Not satisfied: amount > $limit (true), kind <> 'X' (true), name like 'A%' (false)."),
        ({"amount": "", "name": "B"}, "SMALL", "fail",
         "Not satisfied: amount > $limit (unknown, blank: amount)."),
        ({"account": ""}, "SMALL", "not_applicable", "Does not apply: account is not null (false)."),
        ({"amount": "x"}, "SMALL", "not_evaluated", "Not evaluated: amount cannot be read as decimal(12,2)."),
        ({"kind": "Q"}, "EVEN", "not_evaluated", "Not evaluated: KIND, which it needs, is not satisfied."),
        ({"name": ""}, "EVEN", "pass",
         "Unknown, which on_null: pass lets pass: cast(name as integer) % 2 = 0 (unknown, blank: name)."),
        ({}, "EVEN", "error", "Could not be computed: cast(name as integer) % 2 = 0 (no value)."),
        ({"kind": "Q"}, "KIND", "fail", "Not satisfied: kind in kinds (false)."),
        ({"amount": "x"}, "parse", "fail", "Not satisfied: amount can be read as decimal(12,2) (false)."),
        ({}, "ONCE", "pass", "Satisfied: no earlier row has the same account, name (true)."),
        ({}, "PAIR", "fail", "Not satisfied: account in lines (false)."),
        ({}, "SIDES", "fail", "Not satisfied: amount = $limit (false)."),
        ({"kind": "C"}, "NEXT", "not_applicable", "Does not apply: in the sequence (false)."),
        ({}, "NEXT", "pass", "Satisfied: prev(day) is null (true)."),
        ({"name": "Other"}, "ALIKE", "fail", "Not satisfied: similarity(name, account) >= 0.9 (false)."),
    ],
)  # fmt: skip
def test_an_outcome_of_a_row_has_its_reason(
    ask: Ask, line: dict[str, str], rule: str, outcome: str, reason: str
) -> None:
    found = ask([line], Question(rule, row=1))
    assert (found.outcome, found.reason) == (outcome, reason)


def test_clauses_are_split_down_to_derived_conditions_and_say_what_decides(ask: Ask) -> None:
    found = ask([{"name": "B", "amount": "150", "kind": "X"}], Question("SMALL", row=1))
    guard, require = (part.clause for part in found.parts)
    assert told(guard) == [("account is not null", "true", True)]
    assert told(require) == [
        ("not big or name like 'A%'", "true", True),
        ("not big", "true", True),
        ("big", "false", True),
        ("amount > $limit and kind <> 'X'", "false", True),
        ("amount > $limit", "true", False),
        ("kind <> 'X'", "false", True),
        ("name like 'A%'", "false", False),
    ]
    compared = require.clauses[0].clauses[0].clauses[0].clauses[0]
    assert (compared.left, compared.right, compared.difference) == ("150.00", "100.00", "50.00")
    assert compared.values == {"amount": "150.00", "$limit": "100.00"}
    assert [(one.name, one.text, one.value) for one in found.workings] == [
        ("big", "amount > $limit and kind <> 'X'", "false")
    ]


def test_a_score_shows_its_points_and_gates(ask: Ask) -> None:
    found = ask([{"amount": "40", "name": "", "day": ""}], Question("POINTS", row=1))
    assert (found.outcome, found.left, found.right) == ("fail", "7.00", "5")
    assert [(part.name, part.clause.truth) for part in found.parts] == [("gates: dated", "false"), ("require", "false")]
    assert {one.name: one.value for one in found.workings} == {
        "size before limits": "4.000", "size": "4.00", "named before limits": "3", "named": "3", "total": "7.00",
        "gates": "dated", "decision": "stop", "reasons": "large",
    }  # fmt: skip
    assert found.hints == ()


def test_a_repeated_key_names_the_rows_it_repeats(ask: Ask) -> None:
    rows = [{}, {"name": "B"}, {}, {}]
    later, first = (ask(rows, Question("ONCE", row=row)) for row in (4, 1))
    assert (later.outcome, later.reason, later.same) == ("fail", "The same key as rows 1, 3.", (1, 3))
    assert (first.outcome, first.reason) == ("pass", "The same key as rows 3, 4; the first is no finding.")


def test_a_row_can_be_named_by_its_key(ask: Ask) -> None:
    rows = [{}, {"id": "7", "name": "B"}]
    assert ask(rows, Question("ALIKE", key={"id": "7"})).row == 2
    with pytest.raises(BadInput, match="lines: several rows have this key: 1, 2"):
        ask(rows, Question("ALIKE", key={"account": "ACME"}))
    with pytest.raises(BadInput, match="lines: no row has this key"):
        ask(rows, Question("ALIKE", key={"id": "8"}))


def test_a_group_shows_its_rows_and_what_may_have_gone_wrong(ask: Ask) -> None:
    rows = [{"amount": "150"}, {"amount": "132", "kind": "C"}, {"kind": "X"}, {"account": "B"}]
    found = ask(rows, Question("ZERO", key={"account": "ACME"}))
    assert (found.outcome, found.left, found.right, found.difference) == ("fail", "18.00", "0", "18.00")
    assert found.reason == "Not satisfied: sum(signed) = 0 (false)."
    (behind,) = found.behind
    assert (behind.rows, behind.picked, behind.counted, behind.where) == (3, 2, 2, "kind <> 'X'")
    assert [(line.row, line.amounts) for line in behind.lines] == [
        (1, {"signed": "150.00"}),
        (2, {"signed": "-132.00"}),
    ]
    assert [(hint.kind, hint.rows) for hint in found.hints] == []


def test_a_reconciled_key_shows_both_sides_and_hints(ask: Ask) -> None:
    rows = [{"amount": "100"}, {"amount": "30"}]
    found = ask(
        rows, Question("AGREE", key={"account": "ACME"}, earlier="30.00"), [{"account": "ACME", "balance": "100"}]
    )
    assert [(part.name, part.clause.text, part.clause.truth) for part in found.parts] == [
        ("left", "lines has the key", "true"),
        ("right", "ledger has the key", "true"),
        ("agree", "left = right", "false"),
    ]
    assert [(one.side, one.input, one.rows) for one in found.behind] == [("left", "lines", 2), ("right", "ledger", 1)]
    assert [(hint.kind, hint.rows) for hint in found.hints] == [("carried_forward", ()), ("line", (2,))]
    assert ask(rows, Question("AGREE", key={"account": "ACME"})).reason == "Not evaluated: ledger not delivered."


def test_a_key_that_was_not_judged_says_why(ask: Ask) -> None:
    def reason(line: dict[str, str], account: str = "ACME") -> tuple[str, str]:
        found = ask([line], Question("ZERO", key={"account": account}))
        return found.outcome, found.reason

    gated = "Not evaluated: ACME is left out of this stage, for fatal findings of KIND."
    assert reason({"kind": "Q"}) == ("not_evaluated", gated)
    assert reason({"kind": "X"}) == ("not_applicable", "Does not apply: where holds for none of its 1 rows.")
    assert reason({}, "OTHER") == ("not_evaluated", "No row of lines has this key.")


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        (Question("GONE", row=1), "the pack has no rule GONE; it has parse, KIND, SMALL"),
        (Question("SMALL"), "SMALL is about rows: give the row, or its key"),
        (Question("SMALL", row=9), "lines: has no row 9; its last is 1"),
        (Question("SMALL", key={"colour": "red"}), "lines: has no field colour"),
        (Question("parse", row=1, input="nothing"), "nothing: the pack has no such input; it has lines, ledger"),
        (Question("ZERO", row=1), "ZERO is about keys: give account"),
        (Question("ZERO", key={"id": "1"}), "the key of ZERO has no id; the key of ZERO needs account"),
    ],
)
def test_a_question_without_an_answer_is_refused(ask: Ask, question: Question, problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask([{}], question)
    assert str(refused.value).startswith(problem)


def test_a_rule_that_is_not_in_force_does_not_apply(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    relations = {"payments": register(con, "payments", [{"id": "1", "amount": "1"}])}
    found = explain(con, ROWS, relations, {"month": "9"}, Question("OLD", row=1), tmp_path, silent)
    assert (found.outcome, found.reason) == ("not_applicable", "Does not apply: not in force.")
    alone = explain_record(ROWS, "OLD", {"id": "1", "amount": "1"}, {"month": "9"})
    assert (alone.outcome, alone.reason) == (found.outcome, found.reason)


def test_a_rule_about_other_rows_is_not_explained_for_a_record_by_itself() -> None:
    found = explain_record(PACK, "ONCE", LINE, {})
    assert (found.outcome, found.reason) == (
        "not_evaluated", "Not evaluated: it looks at other rows, and a record is judged by itself.",
    )  # fmt: skip
