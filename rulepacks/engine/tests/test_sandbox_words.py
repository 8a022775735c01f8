"""What the child and its parent say, word by word, without starting either."""

import os
import re
import signal
from pathlib import Path

import pytest

from rulepacks.engine import sandbox_child, sandbox_parent, wire
from rulepacks.engine.formats.reading import InputFile, InputSummary
from rulepacks.engine.limits import MIB, Limits
from rulepacks.engine.problems import Problem
from rulepacks.engine.progress import Progress
from rulepacks.engine.refusals import InputProblem
from rulepacks.engine.request import RunRequest
from rulepacks.engine.summary import OutcomeSummary, OutputSummary, Summary

TOO_MUCH = "most likely it needed more memory than 1024 MiB (limit memory_bytes)"
REQUEST = RunRequest(
    Path("pack"),
    (InputFile("ledger", Path("a/b.csv"), "b.csv", "csv", "cp1252"),),
    {"accounts": Path("c.parquet")},
    {"period": "9"},
    Path("out"),
    Limits(seconds=1.5, threads=2),
)
READ = InputSummary(3, 2, 1, "ab", "cd", ("a", "b"), "csv", "utf-8", 12)
OUTCOME = OutcomeSummary("V01", "row", "only", "fatal", "", "Title", 1, 2, 3, 4, 5, 0.5, "")
SUMMARY = Summary(
    "1", "p", "1.0.0", "ff", {"unit": "fund"}, {"period": None}, {"ledger": READ}, (OUTCOME,), {"PASSED": 1},
    {"fatal": 2}, 1, {"failed": 1}, (OutputSummary("clean", "clean.csv", 3, "written", ""),), "dd", {"total": 1.25}, 7,
)  # fmt: skip
MESSAGES: list[wire.Message] = [
    wire.Said(Progress("read", "ledger", 1, None, "é")),
    wire.Done(SUMMARY),
    wire.InputRefused((InputProblem("ledger", "no", 3, "amount"), InputProblem(None, "no"))),
    wire.PackRefused((Problem("pack.yaml", 1, 2, "V01", "no"),)),
    wire.Broke("why"),
    wire.Ended("", 5),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_arrives_as_it_was_sent_on_one_line(message: wire.Message) -> None:
    line = wire.line(message)
    assert line.count(b"\n") == 1
    assert wire.message(line) == message


def test_commands_arrive_as_they_were_sent() -> None:
    for command in (wire.Start("module:function", REQUEST), wire.Cancel()):
        assert wire.command(wire.line(command)) == command


def outcome(job: str) -> wire.Message:
    return sandbox_child.outcome(wire.Start(f"rulepacks.engine.tests.misbehaving:{job}", REQUEST))


def test_a_job_that_raises_is_put_into_words(capsys: pytest.CaptureFixture[str]) -> None:
    # Where, but not what it said: that may quote a cell.
    broke = outcome("break_down")
    assert isinstance(broke, wire.Broke)
    assert re.fullmatch(r"it met an unexpected ZeroDivisionError in misbehaving\.py:\d+, \S+", broke.reason)
    assert not capsys.readouterr().err
    assert outcome("fill_disk") == wire.Broke("the disk is full")
    assert outcome("lose_file") == wire.Broke("a file could not be used: No such file or directory")
    assert outcome("run_out_of_memory") == wire.Broke("it needed more memory than 1024 MiB (limit memory_bytes)")
    assert isinstance(outcome("refuse_input"), wire.InputRefused)
    assert isinstance(outcome("refuse_pack"), wire.PackRefused)


@pytest.mark.parametrize(
    ("status", "peak", "words"),
    [
        (0, 0, ""),
        (3 << 8, 0, "it ended with code 3"),
        (signal.SIGSEGV, 512 * MIB, "it crashed (SIGSEGV)"),
        (signal.SIGSEGV, 513 * MIB, f"it broke off (SIGSEGV); {TOO_MUCH}"),
        (signal.SIGKILL, 0, "it was killed"),
        (signal.SIGXCPU, 0, "it took more time of the processor than it may (limit seconds)"),
        (signal.SIGABRT, 0, f"it broke off (SIGABRT); {TOO_MUCH}"),
    ],
)
def test_the_way_a_child_ended_is_put_into_words(status: int, peak: int, words: str) -> None:
    assert sandbox_parent.unexpected(int(status), Limits(), peak) == words


def test_lines_are_put_together_from_what_comes() -> None:
    reader, writer = os.pipe()
    try:
        lines = sandbox_parent.Lines(reader)
        os.write(writer, b"one\ntw")
        assert lines.wait() == b"one"
        assert lines.next() is None
        os.write(writer, b"o\nthree")
        assert lines.wait() == b"two"
    finally:
        os.close(writer)
    assert lines.wait() is None
    assert lines.closed
    os.close(reader)
