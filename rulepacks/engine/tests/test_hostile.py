"""Hostile packs are refused when loaded, or end as `error` of the rule; the others judge as ever, in bounded time."""

import re
import time
from pathlib import Path

import pytest

from rulepacks.engine.formats.reading import InputFile
from rulepacks.engine.limits import MIB, Limits, PackLimits
from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import PackError
from rulepacks.engine.progress import silent
from rulepacks.engine.record import compile_record_rules
from rulepacks.engine.request import RunRequest
from rulepacks.engine.sandbox import run_in_child
from rulepacks.engine.summary import OutcomeSummary, Summary
from rulepacks.engine.tests.hostile_packs import BOMB, Case, cases

LOADED = [case for file in ("reach", "size", "packs") for case in cases(file)]
RUN = [
    pytest.param(case, marks=pytest.mark.battery if "battery" in case.given else (), id=str(case))
    for case in cases("run")
]
LIMITS = Limits(seconds=60, statement_seconds=2)
PATIENT = Limits(seconds=120, statement_seconds=60)
LOAD_SECONDS, RECORD_SECONDS = 15, 15
"""Most take some hundredths of a second; the machine may be busy."""


@pytest.mark.parametrize("case", [case for case in LOADED if "refused" in case.given], ids=str)
def test_it_is_refused_when_loaded(case: Case, tmp_path: Path) -> None:
    folder, begun = case.write(tmp_path / "pack"), time.process_time()
    with pytest.raises(PackError) as refusal:
        load_pack(folder, PackLimits(**case.given.get("limits", {})))
    assert time.process_time() - begun < LOAD_SECONDS
    messages = [str(problem) for problem in refusal.value.problems]
    assert any(case.given["refused"] in message for message in messages), messages[:5]
    assert all(problem.line > 0 and problem.file for problem in refusal.value.problems)


@pytest.mark.parametrize("case", [case for case in LOADED if "harmless" in case.given], ids=str)
def test_it_looks_dangerous_and_is_not(case: Case, tmp_path: Path) -> None:
    summary = judge(case, tmp_path)
    assert [one.reason for one in summary.outcomes] == [""] * len(summary.outcomes)
    assert summary.peak_memory_bytes <= LIMITS.memory_bytes
    pack, begun = load_pack(tmp_path / "pack"), time.process_time()
    compile_record_rules(pack).judge({"id": "1", "name": _cell(case), "n": 1, "big": 1}, {})
    assert time.process_time() - begun < RECORD_SECONDS


def _cell(case: Case) -> str:
    cell = case.given.get("cell", {"text": "x", "times": 1})
    return str(cell["text"] * cell["times"])


@pytest.mark.parametrize("case", RUN, ids=str)
def test_it_is_an_error_of_its_own_when_run(case: Case, tmp_path: Path) -> None:
    summary = judge(case, tmp_path)
    outcomes = {one.rule: one for one in summary.outcomes}
    rows, bomb = case.given.get("rows", 3), outcomes[BOMB]
    low = sum(number % 4 <= 1 for number in range(rows))
    assert counts(outcomes["GOOD"]) == (rows - low, low, 0)
    assert counts(outcomes["SUM"]) == (rows - low, low, 0)
    assert re.search(case.given.get("error", ""), bomb.reason)
    assert bool(bomb.reason) == ("error" in case.given)
    if "row_errors" in case.given:
        assert counts(bomb) == (0, 0, rows)
    assert summary.peak_memory_bytes <= LIMITS.memory_bytes + 64 * MIB
    assert summary.seconds["total"] < PATIENT.seconds


def judge(case: Case, folder: Path) -> Summary:
    file = InputFile("rows", case.rows(folder / "rows.csv"), "rows.csv")
    limits = LIMITS if "error" in case.given else PATIENT
    request = RunRequest(case.write(folder / "pack"), (file,), {}, {}, folder / "out", limits)
    return run_in_child(request, on_progress=silent, cancelled=lambda: False)


def counts(outcome: OutcomeSummary) -> tuple[int, int, int]:
    return outcome.passed, outcome.failed, outcome.errored


@pytest.mark.parametrize("case", RUN, ids=str)
def test_a_single_record_is_judged_by_it_in_bounded_time(case: Case, tmp_path: Path) -> None:
    rules, begun = compile_record_rules(load_pack(case.write(tmp_path))), time.process_time()
    rules.judge({"id": "1", "name": _cell(case)[:1_000_000], "n": 1, "big": case.given.get("big", "1")}, {})
    assert time.process_time() - begun < RECORD_SECONDS


def test_there_are_enough_of_them() -> None:
    titles = [case.title for case in LOADED + cases("run")]
    assert len(titles) == len(set(titles)) >= 200
