"""A rule that breaks is lost by itself, wherever in it the break is; the others judge as if it were not there."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from rulepacks.engine import evaluate as evaluation_module
from rulepacks.engine.evaluate import Evaluation, evaluate
from rulepacks.engine.evaluation.faulty import Faulty
from rulepacks.engine.evaluation.watch import Budget, Watch
from rulepacks.engine.explain import explain
from rulepacks.engine.explanation.trace import Question
from rulepacks.engine.limits import Limits
from rulepacks.engine.loader import load_pack
from rulepacks.engine.progress import Progress
from rulepacks.engine.tests.packing import write_pack
from rulepacks.engine.tests.test_evaluate import LEDGER, LINES, LISTS, PACK, register

HERE = "'bomb'"
"""A text in a rule that makes every statement break it stands in."""


class Fragile:
    """A connection on which statements that hold the bomb break."""

    def __init__(self, con: duckdb.DuckDBPyConnection, broken: Callable[[], Exception], bomb: str = HERE) -> None:
        self._con = con
        self._broken = broken
        self._bomb = bomb

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def execute(self, statement: Any, *rest: Any) -> Any:
        self._refuse(statement if isinstance(statement, str) else statement.query)
        return self._con.execute(statement, *rest)

    def sql(self, text: str, **named: Any) -> Any:
        self._refuse(text)
        return self._con.sql(text, **named)

    def _refuse(self, text: str) -> None:
        if self._bomb in text:
            raise self._broken()


def overflow() -> Exception:
    return duckdb.OutOfRangeException("Out of Range Error: too much\n\nLINE 1: SELECT")


def judge(
    folder: Path, text: str, broken: Callable[[], Exception] = overflow
) -> tuple[Evaluation, dict[str, list[dict[str, Any]]]]:
    folder.mkdir()
    pack = load_pack(write_pack(folder, text, LISTS))
    con = duckdb.connect()
    relations = {"lines": register(con, "given", LINES), "ledger": register(con, "other", LEDGER)}
    fragile: Any = Fragile(con, broken)
    evaluation = evaluate(fragile, pack, relations, {}, folder, lambda _: None)
    names = ("findings", "record_states", "units", "tables/report")
    files = {name: pq.read_table(path).to_pylist() for name in names if (path := folder / f"{name}.parquet").exists()}
    return evaluation, files


def added(rule: str, derive: str = "") -> str:
    """The pack with one more rule in its first stage."""
    text = PACK.replace("statuses:", f"  - {{code: BOMB, severity: info, title: T, authority: A, {rule}}}\nstatuses:")
    return text.replace('flex_*"]\n', f'flex_*"]\n    derive: {{{derive}}}\n') if derive else text


BREAKS: Mapping[str, tuple[str, str]] = {
    "require": (f"type: row, require: id <> {HERE}", ""),
    "when": (f"type: row, when: id = {HERE}, require: id is not null", ""),
    "a derived field": ("type: row, require: made is not null", f'made: "id || {HERE}"'),
    "what a message shows": ("type: row, require: id = '', message: 'So {made}.'", f'made: "id || {HERE}"'),
    "what a finding is about": (f"type: row, require: id = '', about: {{part: id || {HERE}}}", ""),
    "the key of a unique rule": (f"type: unique, key: [id || {HERE}]", ""),
    "the rows of a group": (f"type: group, by: [account], where: id <> {HERE}, require: count(*) < 0", ""),
    "the condition of a group": (f"type: group, by: [account], require: max(id) <> {HERE}", ""),
    "the field of a group": ("type: group, by: [made], require: count(*) < 0", f'made: "id || {HERE}"'),
    "what the finding of a group is about": (
        "type: group, by: [account], require: count(*) < 0, about: {made: max(made)}",
        f'made: "id || {HERE}"',
    ),
    "a side of a reconciliation": (
        f"type: reconcile, 'on': [account], left: {{input: lines, where: id <> {HERE}, value: sum(amount)}}, "
        "right: {input: ledger, value: sum(amount)}", "",
    ),
    "a query": (f"type: query, query: select id from lines where id <> {HERE}", ""),
    "a value before a row": (
        f"type: sequence, by: [account], order: [id], ties: row_number, require: prev(id || {HERE}) is null", "",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, dict[str, list[dict[str, Any]]]]:
    return judge(tmp_path_factory.mktemp("pack") / "p", PACK)


@pytest.mark.parametrize("place", BREAKS)
def test_only_the_rule_that_breaks_is_an_error(
    place: str, tmp_path: Path, untouched: tuple[Evaluation, dict[str, list[dict[str, Any]]]]
) -> None:
    rule, derive = BREAKS[place]
    evaluation, files = judge(tmp_path / "p", added(rule, derive))
    expected, wanted = untouched
    broken = next(outcome for outcome in evaluation.outcomes if outcome.rule == "BOMB")
    assert broken.reason == "Out of Range Error: too much"
    assert broken.errored == (1 if broken.type in {"group", "reconcile", "query"} else len(LINES))
    assert (broken.passed, broken.failed, broken.not_applicable, broken.not_evaluated) == (0, 0, 0, 0)
    assert counts(evaluation, "BOMB") == counts(expected)
    assert files["findings"] == wanted["findings"]
    assert evaluation.digest == expected.digest
    assert (files["units"], files["tables/report"]) == (wanted["units"], wanted["tables/report"])


def counts(evaluation: Evaluation, without: str = "") -> list[tuple[object, ...]]:
    return [
        (one.rule, one.passed, one.failed, one.not_applicable, one.not_evaluated, one.errored, one.reason)
        for one in evaluation.outcomes if one.rule != without
    ]  # fmt: skip


def test_a_severity_that_breaks_is_the_rules_error_too(tmp_path: Path) -> None:
    text = added("type: row, require: id = ''").replace(
        "severity: info, title: T", f"severity: {{fatal: id = {HERE}, otherwise: info}}, title: T"
    )
    evaluation, _ = judge(tmp_path / "p", text)
    assert {one.rule for one in evaluation.outcomes if one.errored} == {"NUMBER", "BOMB"}


def test_records_that_a_broken_rule_should_have_judged_are_not_processed(tmp_path: Path) -> None:
    evaluation, files = judge(tmp_path / "p", added(BREAKS["require"][0]))
    assert evaluation.records == {"processed": 0, "failed": 4, "errored": len(LINES) - 4}
    assert {row["state"] for row in files["record_states"]} == {"failed", "errored"}


def test_rules_that_need_the_broken_one_are_not_evaluated(tmp_path: Path) -> None:
    after = "{code: AFTER, type: row, severity: info, title: T, authority: A, needs: [BOMB], require: id = ''}"
    text = added(BREAKS["require"][0]).replace("statuses:", f"  - {after}\nstatuses:")
    evaluation, _ = judge(tmp_path / "p", text)
    needy = next(one for one in evaluation.outcomes if one.rule == "AFTER")
    assert (needy.not_evaluated, needy.failed, needy.errored) == (len(LINES), 0, 0)


def test_a_table_that_breaks_takes_the_rules_that_read_it_along(tmp_path: Path) -> None:
    text = PACK.replace("value: sum(amount)}\nstages", f'value: sum(amount)}}\n    where: "id <> {HERE}"\nstages')
    assert text != PACK
    evaluation, files = judge(tmp_path / "p", text)
    total = next(one for one in evaluation.outcomes if one.rule == "TOTAL")
    assert (total.errored, total.reason) == (1, "the table report: Out of Range Error: too much")
    assert [one.rule for one in evaluation.outcomes if one.errored] == ["NUMBER", "TOTAL"]
    assert "tables/report" not in files


def test_many_broken_rules_are_found_in_one_search(tmp_path: Path) -> None:
    more = "".join(
        f"  - {{code: B{number}, type: row, severity: info, title: T, authority: A, require: id <> {HERE}}}\n"
        for number in range(30)
    )
    evaluation, _ = judge(tmp_path / "p", PACK.replace("statuses:", f"{more}statuses:"))
    assert sum(one.errored == len(LINES) for one in evaluation.outcomes) == 30


def test_rules_judged_one_by_one_come_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untouched: tuple[Evaluation, dict[str, list[dict[str, Any]]]]
) -> None:
    monkeypatch.setattr(evaluation_module, "Faulty", lambda: Faulty(apart={"first", "second", "third"}))
    evaluation, files = judge(tmp_path / "p", PACK)
    assert files == untouched[1]
    assert (counts(evaluation), evaluation.digest) == (counts(untouched[0]), untouched[0].digest)


def test_an_error_that_no_rule_can_be_blamed_for_ends_the_evaluation(tmp_path: Path) -> None:
    with pytest.raises(duckdb.IOException):
        judge(tmp_path / "p", added(BREAKS["require"][0]), lambda: duckdb.IOException("IO Error: the disk is gone"))


def test_a_want_of_memory_names_the_limit(tmp_path: Path) -> None:
    evaluation, _ = judge(tmp_path / "p", added(BREAKS["require"][0]), lambda: duckdb.OutOfMemoryException("Out"))
    assert evaluation.outcomes[-1].reason == "it needed more memory than 381 MiB (limit engine_memory_bytes)"


def test_a_statement_that_takes_too_long_is_interrupted_and_the_next_is_not() -> None:
    con = duckdb.connect()
    watch = Watch(con.interrupt)
    began = time.monotonic()
    with pytest.raises(duckdb.InterruptException), watch.over(time.monotonic() + 0.2):
        con.execute("SELECT max(a.range + b.range) FROM range(10000000) a, range(10000000) b").fetchall()
    assert (watch.expired, time.monotonic() - began < 3) == (True, True)
    with watch.over(time.monotonic() + 5):
        assert con.execute("SELECT 1").fetchall() == [(1,)]
    assert not watch.expired
    watch.close()


def test_statements_share_what_is_left_of_a_run() -> None:
    limits = Limits(statement_seconds=10)
    assert Budget(limits).seconds == 10
    assert 3.9 < Budget(limits, time.monotonic() + 8).seconds <= 4
    assert 1.9 < Budget(limits, time.monotonic() + 8, sharers=3).seconds <= 2
    assert Budget(limits, time.monotonic() - 8).seconds == 0.05
    assert 2.6 < Budget(limits, time.monotonic() + 8).part().seconds <= 2.7


def test_progress_says_that_rules_are_tried_one_by_one(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path, added(BREAKS["require"][0]), LISTS))
    con: Any = Fragile(duckdb.connect(), overflow)
    told: list[Progress] = []
    relations = {"lines": register(con, "given", LINES), "ledger": register(con, "other", LEDGER)}
    evaluate(con, pack, relations, {}, tmp_path, told.append)
    assert {"first / one by one"} == {one.group for one in told if "one by one" in one.group}
    assert told[-1].done == told[-1].total


def test_a_broken_rule_and_one_that_breaks_the_explanation_say_so(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path, added(f"type: row, require: id <> {HERE}"), LISTS))
    con = duckdb.connect()
    relations = {"lines": register(con, "given", LINES), "ledger": register(con, "other", LEDGER)}

    def reason(broken: Any, question: Question) -> str:
        found = explain(broken, pack, relations, {}, question, tmp_path, lambda _: None)
        assert found.outcome == "error"
        return found.reason

    fragile: Any = Fragile(con, overflow)
    assert reason(fragile, Question("BOMB", row=1)) == "The rule broke: Out of Range Error: too much."
    fragile = Fragile(con, overflow, "the outcome")
    other = next(rule for rule in pack.rules if rule.type == "row" and rule.code != "BOMB")
    assert reason(fragile, Question(other.code, row=1)) == "It cannot be explained: Out of Range Error: too much."
