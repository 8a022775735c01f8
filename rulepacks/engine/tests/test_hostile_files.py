"""Hostile files are refused as a whole, or each of their rows is accepted or rejected with line and reason."""

import json
import re
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rulepacks.engine.formats.reading import InputFile
from rulepacks.engine.limits import MIB, Limits
from rulepacks.engine.progress import silent
from rulepacks.engine.refusals import BadInput, ChildFailed
from rulepacks.engine.request import RunRequest
from rulepacks.engine.runner import run
from rulepacks.engine.sandbox import run_in_child
from rulepacks.engine.summary import Summary
from rulepacks.engine.tests.hostile_files import LAYOUT, PACK, File, binaries, bombs, texts
from rulepacks.engine.tests.packing import write_pack

FILES = [*texts(), *binaries()]
LIMITS = Limits(seconds=120)
BOMB_LIMITS = Limits(seconds=300, rejected_rows=200_000)


def delivered(file: File, folder: Path, limits: Limits = LIMITS) -> RunRequest:
    pack = folder / "pack"
    pack.mkdir()
    text = PACK if file.fixed_width else PACK.replace(", {fixed_width: layout.csv}", "")
    write_pack(pack, text, {"layout.csv": LAYOUT} if file.fixed_width else {})
    (folder / "delivered").write_bytes(file.make())
    form = "fixed_width" if file.fixed_width else None
    given = InputFile("rows", folder / "delivered", file.filename, form, file.encoding)
    return RunRequest(pack, (given,), {}, {}, folder / "out", limits)


def ending(file: File) -> AbstractContextManager[object]:
    """In which the file is refused, if that is what must come of it."""
    if "any" in file.expected:
        return suppress(BadInput)
    if "refused" in file.expected:
        return pytest.raises((BadInput, ChildFailed), match=file.expected["refused"])
    return nullcontext()


def check(file: File, folder: Path, summary: Summary) -> None:
    """Rows in = accepted + rejected, each rejection with its line and reason."""
    expected, read = file.expected, summary.inputs["rows"]
    lines = [json.loads(line) for line in (folder / "out" / "rejected.ndjson").read_text("utf-8").splitlines()]
    assert "refused" not in expected, summary
    assert read.rows_read == read.accepted + read.rejected
    assert len(lines) == read.rejected
    assert all(line["line"] > 0 and line["row_number"] > 0 and line["reason"] for line in lines)
    assert all(len(line["text"]) <= 200 and "\0" not in line["text"] for line in lines)
    numbers = pq.read_table(folder / "out" / "snapshot" / "rows.parquet", columns=["row_number"]).column(0).to_pylist()
    assert sorted([*numbers, *(line["row_number"] for line in lines)]) == list(range(1, read.rows_read + 1))
    if "accepted" in expected:
        rejected = expected.get("rejected", [])
        assert (read.accepted, read.rejected) == (expected["accepted"], expected.get("rejections", len(rejected)))
        for (line, reason), found in zip(rejected, lines, strict=False):
            assert found["line"] == line
            assert re.search(reason, found["reason"])
    if "unreadable" in expected:
        rules = pq.read_table(folder / "out" / "findings.parquet", columns=["rule"]).column(0).to_pylist()
        assert rules.count("parse") == expected["unreadable"]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_hostile_file_ends_as_it_must(file: File, tmp_path: Path) -> None:
    request, began = delivered(file, tmp_path), time.process_time()
    with ending(file):
        check(file, tmp_path, run(request, silent))
    assert time.process_time() - began < 30


@pytest.mark.battery
@pytest.mark.parametrize("file", [*FILES, *bombs()], ids=str)
def test_a_hostile_file_is_read_by_a_child_in_bounded_memory_and_time(file: File, tmp_path: Path) -> None:
    request, began = delivered(file, tmp_path, BOMB_LIMITS), time.monotonic()
    with ending(file):
        summary = run_in_child(request, on_progress=silent, cancelled=lambda: False)
        check(file, tmp_path, summary)
        assert summary.peak_memory_bytes <= BOMB_LIMITS.memory_bytes + 64 * MIB
    assert time.monotonic() - began < BOMB_LIMITS.seconds


def test_there_are_enough_of_them() -> None:
    titles = [file.title for file in [*FILES, *bombs()]]
    assert len(titles) == len(set(titles)) >= 150
